"""What a scan has to live through: many objects, an expired list, a busy or broken connection."""

from __future__ import annotations

import json
import tracemalloc
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nginx2istio.base.options import Options
from nginx2istio.cluster.kinds import INGRESS
from nginx2istio.cluster.kubeconfig import connect
from nginx2istio.cluster.limits import Limits
from nginx2istio.cluster.listing import list_objects
from nginx2istio.cluster.scan import ScanScope, scan
from nginx2istio.inputs.resource import Inputs

from .api_server import ApiServer
from .cluster import namespace
from .faults import Proxy

MANY = 10_000


def ingress(space: str, number: int) -> dict[str, Any]:
    """As the API server stores it, with what kubectl and itself note down."""
    host = f"h{number}.example.com"
    service = {"name": f"web-{number}", "port": {"number": 80}}
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": service}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": f"app-{number:05d}",
            "namespace": space,
            "uid": str(uuid.UUID(int=number)),
            "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {
                "nginx.ingress.kubernetes.io/proxy-read-timeout": "120",
                "kubectl.kubernetes.io/last-applied-configuration": "x" * 800,
            },
            "managedFields": [
                {
                    "manager": "kubectl",
                    "operation": "Update",
                    "apiVersion": "networking.k8s.io/v1",
                    "fieldsType": "FieldsV1",
                    "fieldsV1": {"f:spec": {f"f:{n}": {} for n in range(40)}},
                }
            ],
        },
        "spec": {"ingressClassName": "nginx", "rules": [{"host": host, "http": {"paths": [path]}}]},
        "status": {"loadBalancer": {}},
    }


@pytest.fixture(scope="module")
def crowd(kube: ApiServer) -> Iterator[str]:
    """A namespace with very many Ingresses; they are gone afterwards."""
    space = namespace(kube, "crowd")
    ingresses = (ingress(space, number) for number in range(MANY))
    kube.seed((f"/registry/ingress/{space}/{o['metadata']['name']}", o) for o in ingresses)
    yield space
    kube.uproot(f"/registry/ingress/{space}/")


def names(inputs: Inputs) -> list[str]:
    return [r.name for r in inputs.resources if r.kind == "Ingress"]


def everyone() -> list[str]:
    return [f"app-{number:05d}" for number in range(MANY)]


def test_ten_thousand_ingresses_come_in_chunks(kube: ApiServer, crowd: str) -> None:
    cluster = connect(str(kube.kubeconfig("admin", crowd)))
    before = len(kube.requests("admin"))
    inputs = scan(cluster, ScanScope((crowd,)))
    assert names(inputs) == everyone()
    asked = [u for _, u in kube.requests("admin")[before:] if "/ingresses?" in u]
    assert len(asked) == MANY // 500
    assert all("limit=500" in u for u in asked)
    assert '"managedFields"' not in json.dumps([r.body for r in inputs.resources[:50]])


def test_what_is_not_kept_is_not_held(kube: ApiServer, crowd: str) -> None:
    """While pages are read there are never two of them, nor what the objects lost."""
    cluster = connect(str(kube.kubeconfig("admin", crowd)))
    list_objects(cluster, INGRESS, crowd)  # what is made once, is made
    tracemalloc.start()
    try:
        whole = list_objects(cluster, INGRESS, crowd)
        all_of_it, _ = tracemalloc.get_traced_memory()
        whole.clear()
        tracemalloc.clear_traces()
        inputs = scan(cluster, ScanScope((crowd,)))
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(names(inputs)) == MANY
    assert held < all_of_it / 2
    assert peak - held < all_of_it / 10, "no more than a page beside what is kept"


def test_an_expired_list_begins_again_and_loses_nothing(kube: ApiServer, crowd: str) -> None:
    asked: list[str] = []

    def fault(path: str) -> str:
        if "/ingresses?" in path:
            asked.append(path)
            if len(asked) == 3:
                name = f"more-{uuid.uuid4()}"
                kube.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
                kube.compact()
        return ""

    with Proxy(kube, fault) as proxy:
        cluster = connect(str(kube.kubeconfig("admin", crowd, proxy.url)))
        inputs = scan(cluster, ScanScope((crowd,)))
    assert names(inputs) == everyone()
    begun = [path for path in asked if "continue=" not in path]
    assert len(begun) == 2, "the list was begun again"
    assert len(asked) == MANY // 500 + 3


@pytest.mark.parametrize("how", ["busy", "broken", "cut"])
def test_a_failure_in_between_is_survived(kube: ApiServer, crowd: str, how: str) -> None:
    asked: list[str] = []

    def fault(path: str) -> str:
        asked.append(path)
        return how if "/ingresses?" in path and len(asked) % 9 == 0 else ""

    with Proxy(kube, fault) as proxy:
        cluster = connect(str(kube.kubeconfig("admin", crowd, proxy.url)))
        inputs = scan(cluster, ScanScope((crowd,)), Options())
    assert names(inputs) == everyone()
    assert proxy.spoiled.count(how) >= 2


def test_a_kind_that_fails_for_good_is_a_finding(kube: ApiServer) -> None:
    space = namespace(kube, "failing")
    with Proxy(kube, lambda path: "broken" if "/services" in path else "") as proxy:
        config = str(kube.kubeconfig("admin", space, proxy.url))
        inputs = scan(connect(config, limits=Limits(tries=2)), ScanScope((space,)))
    unseen = inputs.resources[0].body["unseen"]
    assert {"Service"} == {u["kind"] for u in unseen if u["why"] == "failed"}
    assert Path(kube.folder).exists()
