"""Objects in the tests' API server, and exports of them as kubectl makes them."""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Iterable, Mapping
from typing import Any

from ruamel.yaml import YAML

from nginx2istio.cluster import kinds
from nginx2istio.cluster.kinds import Kind

from .api_server import ApiServer

CRDS = "customresourcedefinitions"
RBAC = "rbac.authorization.k8s.io"
KINDS = {
    kind.name: kind
    for kind in (
        kinds.INGRESS,
        kinds.INGRESS_CLASS,
        kinds.SERVICE,
        kinds.ENDPOINT_SLICE,
        kinds.CONFIG_MAP,
        kinds.SECRET,
        kinds.NAMESPACE,
        kinds.DEPLOYMENT,
        kinds.DAEMON_SET,
        kinds.STATEFUL_SET,
        kinds.POD,
        *kinds.NEIGHBOURS,
        *kinds.WORKLOAD,
        kinds.CLUSTER_ISSUER,
        *kinds.ISTIO,
        Kind("CustomResourceDefinition", "apiextensions.k8s.io", "v1", CRDS, False),
        Kind("ServiceAccount", "", "v1", "serviceaccounts"),
        Kind("Job", "batch", "v1", "jobs"),
        Kind("Role", RBAC, "v1", "roles"),
        Kind("RoleBinding", RBAC, "v1", "rolebindings"),
        Kind("ClusterRole", RBAC, "v1", "clusterroles", False),
        Kind("ClusterRoleBinding", RBAC, "v1", "clusterrolebindings", False),
    )
}


def namespace(kube: ApiServer, name: str) -> str:
    """Makes a namespace, if it is not there."""
    create(kube, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}])
    return name


def documents(text: str) -> list[dict[str, Any]]:
    return [d for d in YAML(typ="safe").load_all(text) if d]


def create(kube: ApiServer, objects: Iterable[Mapping[str, Any]]) -> None:
    """Makes objects; what is there already stays as it is."""
    for obj in objects:
        kind = KINDS[obj["kind"]]
        try:
            kube.request("POST", kind.path(obj["metadata"].get("namespace", "")), obj)
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise AssertionError(error.read()) from error


def export(kube: ApiServer, *kinds: str, namespace: str = "") -> str:
    """What `kubectl get KIND,... -o json` prints."""
    items = []
    for name in kinds:
        kind = KINDS[name]
        objects = json.loads(kube.request("GET", kind.path(namespace)))["items"]
        items += [{"apiVersion": kind.api_version, "kind": kind.name, **item} for item in objects]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=4)


def allow(kube: ApiServer, user: str, manifest: str) -> None:
    """Gives a user the roles of a manifest, and no others of their names."""
    for role in documents(manifest):
        space = role["metadata"].get("namespace", "")
        if space:
            namespace(kube, space)
        name = f"{role['metadata']['name']}-{user}"
        role["metadata"]["name"] = name
        binding: dict[str, Any] = {
            "apiVersion": f"{RBAC}/v1",
            "kind": f"{role['kind']}Binding",
            "metadata": {"name": name, **({"namespace": space} if space else {})},
            "roleRef": {"apiGroup": RBAC, "kind": role["kind"], "name": name},
            "subjects": [{"kind": "User", "name": user, "apiGroup": RBAC}],
        }
        for obj in (role, binding):
            kind = KINDS[obj["kind"]]
            try:
                kube.request("DELETE", kind.path(space, name))
            except urllib.error.HTTPError as error:
                assert error.code == 404
            create(kube, [obj])


def forbid(kube: ApiServer, user: str) -> None:
    """Takes all roles from a user."""
    for name in ("ClusterRoleBinding", "RoleBinding"):
        kind = KINDS[name]
        for item in json.loads(kube.request("GET", kind.path()))["items"]:
            if any(s["name"] == user for s in item.get("subjects") or ()):
                metadata = item["metadata"]
                path = kind.path(metadata.get("namespace", ""), metadata["name"])
                kube.request("DELETE", path)


def definition(kind: Kind) -> dict[str, Any]:
    """A definition of a kind that takes any fields."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": kind.version, "served": True, "storage": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}"},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "names": {"kind": kind.name, "plural": kind.plural},
            "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
        },
    }
