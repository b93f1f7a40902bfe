"""The objects of an auth service on a real API server, in a namespace of restricted pods."""

from __future__ import annotations

import copy
import urllib.error
from typing import Any

import pytest

from nginx2istio.cluster.kubeconfig import connect
from nginx2istio.cluster.live import dry_run

from ..golden import ROOT
from .api_server import ApiServer
from .cluster import documents, namespace

CASES = ("basic-auth", "a-key-a-user", "sign-in", "several-namespaces", "limits")
RESTRICTED = {
    f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")
}


def objects_of(case: str) -> list[dict[str, Any]]:
    """The auth service's objects of a fixture."""
    objects = documents((ROOT / "auth_service" / case / "istio.yaml").read_text())
    return [o for o in objects if "istio.io" not in o["apiVersion"]]


def restricted(kube: ApiServer, name: str) -> str:
    body = {"apiVersion": "v1", "kind": "Namespace"}
    metadata = {"name": name, "labels": RESTRICTED}
    kube.request("POST", "/api/v1/namespaces", {**body, "metadata": metadata})
    return name


def pod(deployment: dict[str, Any], space: str) -> dict[str, Any]:
    """A pod as the Deployment's controller makes it."""
    template = copy.deepcopy(deployment["spec"]["template"])
    metadata = {**template["metadata"], "name": "auth-0", "namespace": space}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


@pytest.mark.parametrize("case", CASES)
def test_the_api_server_takes_the_objects(kube: ApiServer, case: str) -> None:
    objects = objects_of(case)
    for obj in objects:
        namespace(kube, obj["metadata"]["namespace"])
    cluster = connect(str(kube.kubeconfig("admin")))
    assert {o["kind"] for o in objects} >= {"ConfigMap", "Deployment", "NetworkPolicy", "Service"}
    assert not [(v.object, v.reasons) for v in dry_run(cluster, objects) if v.says != "accepted"]


@pytest.mark.parametrize("case", CASES)
def test_restricted_pod_security_takes_the_pods(kube: ApiServer, case: str) -> None:
    space = restricted(kube, f"restricted-{case}")
    for deployment in (o for o in objects_of(case) if o["kind"] == "Deployment"):
        kube.request("POST", f"/api/v1/namespaces/{space}/pods?dryRun=All", pod(deployment, space))


def test_restricted_pod_security_refuses_a_pod_with_privileges(kube: ApiServer) -> None:
    space = restricted(kube, "restricted-refusing")
    deployment = next(o for o in objects_of("basic-auth") if o["kind"] == "Deployment")
    body = pod(deployment, space)
    del body["spec"]["containers"][0]["securityContext"]["capabilities"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        kube.request("POST", f"/api/v1/namespaces/{space}/pods?dryRun=All", body)
    assert b"violates PodSecurity" in refused.value.read()
