"""The cluster around a case: namespaces, Services, endpoints, Pods, Secrets, mesh configuration."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

from .actions import GATEWAY_NAMESPACE, copy_secrets, label_services, mesh_config
from .forge import Forge
from .objects import Object, documents, key, notes_of
from .pods import Given
from .records import Case

SERVICE_PORT = re.compile(r"([^/]+)/(.+):([^:]+)")


def world(case: Case, report: Mapping[str, Any], given: Given, forge: Forge) -> list[Object]:
    """All objects that istiod needs besides the converted ones, the report's actions done."""
    actions = report.get("actions") or []
    objects = documents(case["objects"])
    services = _services(objects, given)
    label_services(actions, services)
    out = _endpoints(services, given)
    secrets = _secrets(case, objects, forge)
    copy_secrets(actions, secrets)
    mesh = mesh_config(actions)
    if mesh:
        out.append(mesh_object(mesh))
    out += [*services.values(), *secrets.values()]
    spaces = {key(obj)[1] for obj in out} - {GATEWAY_NAMESPACE, "default"}  # the oracle has these
    return out + [_namespace(name) for name in sorted(spaces)]


def mesh_object(mesh: Mapping[str, Any]) -> Object:
    """The ConfigMap that a mesh configuration is in."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "istio", "namespace": GATEWAY_NAMESPACE},
        "data": {"mesh": json.dumps(mesh)},
    }


def _namespace(name: str) -> Object:
    metadata = {"name": name, "labels": {"istio-injection": "disabled"}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _services(objects: list[Object], given: Given) -> dict[tuple[str, str], Object]:
    """The case's Services, and those that only its pods tell of."""
    services = {key(obj)[1:]: copy.deepcopy(obj) for obj in objects if obj.get("kind") == "Service"}
    for service in given:
        namespace, name, port = _split(service)
        number = int(port) if port.isdigit() else 80
        services.setdefault(
            (namespace, name),
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"ports": [{"name": "http", "port": number}]},
            },
        )
    return services


def _endpoints(services: dict[tuple[str, str], Object], given: Given) -> list[Object]:
    """A Pod and an EndpointSlice for each pod; a Service gets the port that it lacks."""
    out: list[Object] = []
    number = 1
    for service, pods in given.items():
        namespace, name, port = _split(service)
        spec = services[namespace, name].setdefault("spec", {})
        if spec.get("type") == "ExternalName":
            # No DNS here: what it names answers as if it were a Service of the cluster.
            spec.pop("externalName", None)
            spec["type"] = "ClusterIP"
        ports = spec.setdefault("ports", [])
        entry = next((p for p in ports if port in (str(p.get("port")), p.get("name"))), None)
        if entry is None:
            entry = {"name": f"p{port}", "port": int(port)}
            ports.append(entry)
        labels = dict(spec.get("selector") or {"app": name})
        for pod, at in pods:
            number += 1
            # istiod takes two endpoints of a Service at one address for one: each has its own.
            address = f"127.0.{number // 250}.{number % 250 + 1}"
            metadata = {"name": f"{pod}-{number}", "namespace": namespace}
            out.append(_pod(metadata | {"labels": labels}, address))
            out.append(_slice(metadata, name, number, address, entry.get("name", ""), at))
    return out


def _pod(metadata: Object, address: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [{"name": "app", "image": "app"}]},
        "status": {
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def _slice(
    pod: Object, service: str, number: int, address: str, port_name: str, port: int
) -> Object:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "addressType": "IPv4",
        "metadata": {
            "name": f"{service}-{number}"[-63:].lstrip("-"),
            "namespace": pod["namespace"],
            "labels": {"kubernetes.io/service-name": service},
        },
        "endpoints": [
            {
                "addresses": [address],
                "conditions": {"ready": True},
                "targetRef": {"kind": "Pod", **pod},
            }
        ],
        "ports": [{"name": port_name, "port": port, "protocol": "TCP"}],
    }


def _secrets(case: Case, objects: list[Object], forge: Forge) -> dict[tuple[str, str], Object]:
    maps = {
        notes["auth-secret"].split("/")[-1]
        for notes in map(notes_of, objects)
        if notes.get("auth-secret-type") == "auth-map" and "auth-secret" in notes
    }
    return {
        (wish.get("namespace") or "default", wish["name"]): forge.secret(wish, wish["name"] in maps)
        for wish in case.get("secrets") or []
    }


def _split(service: str) -> tuple[str, str, str]:
    """A service port ``namespace/name:port`` in its parts."""
    match = SERVICE_PORT.fullmatch(service)
    if match is None:
        raise ValueError(f"{service} is no service port")
    return match[1], match[2], match[3]
