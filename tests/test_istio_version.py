"""The release of Istio in a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from nginx2istio.base.options import Options
from nginx2istio.convert.istio_version import istio_version_of
from nginx2istio.inputs.redact import redact
from nginx2istio.inputs.resource import Node, Resource

GATEWAY = {"istio": "ingressgateway"}
ISTIOD = {"app": "istiod"}


def pods(
    image: str, labels: dict[str, str], namespace: str = "istio-system", kind: str = "Deployment"
) -> Resource:
    metadata = {"name": "x", "namespace": namespace, "labels": labels}
    spec: dict[str, Any] = {"containers": [{"name": "c", "image": image}]}
    if kind != "Pod":
        spec = {"template": {"metadata": {"labels": labels}, "spec": spec}}
    body = {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}
    return Resource(redact(Node(body)))


@pytest.mark.parametrize(
    ("image", "release"),
    [
        ("docker.io/istio/pilot:1.29.2", (1, 29)),
        ("localhost:5000/mirror/pilot:1.30.0-distroless", (1, 30)),
        ("istio/pilot:v1.28", (1, 28)),
        ("gcr.io/istio/pilot:1.27.3-tetrate-v0@sha256:0a1b", (1, 27)),
        ("example.com/istiod-pilot:1.27.3", None),
        ("istio/pilot@sha256:0a1b", None),
        ("istio/pilot:latest", None),
        ("registry.example.com/1.9/pilot", None),
    ],
)
def test_the_tag_of_istiod_s_image(image: str, release: tuple[int, int] | None) -> None:
    assert istio_version_of([pods(image, ISTIOD)], Options()) == release


def test_a_digest_has_its_version_in_a_label() -> None:
    labels = {**ISTIOD, "app.kubernetes.io/version": "1.29.0"}
    assert istio_version_of([pods("istio/pilot@sha256:0a", labels)], Options()) == (1, 29)


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet", "Pod"])
def test_the_older_one_counts(kind: str) -> None:
    gateway = pods("istio/proxyv2:1.28.4", {**GATEWAY, "more": "x"}, kind=kind)
    for others in ([], [pods("istio/pilot:1.29.0", ISTIOD)]):
        assert istio_version_of([*others, gateway], Options()) == (1, 28)


def test_an_image_that_injection_fills_in_tells_nothing() -> None:
    declared, running = pods("auto", GATEWAY), pods("istio/proxyv2:1.29.1", GATEWAY, kind="Pod")
    assert istio_version_of([declared], Options()) is None
    assert istio_version_of([declared, running], Options()) == (1, 29)


def test_other_pods_do_not_count() -> None:
    others = [
        pods("istio/proxyv2:1.20.0", {"istio": "egressgateway"}),
        pods("istio/proxyv2:1.20.0", GATEWAY, "web"),
        pods("istio/pilot:1.20.0", ISTIOD, "web"),
        pods("istio/pilot:1.20.0", {"app": "other"}),
    ]
    assert istio_version_of(others, Options()) is None
    elsewhere = Options(gateway_namespace="edge", gateway_selector={"app": "edge"})
    edge = pods("istio/proxyv2:1.30.0", {"app": "edge"}, "edge")
    assert istio_version_of([*others, edge, pods("istio/pilot:1.31.0", ISTIOD)], elsewhere) == (
        1,
        30,
    )
