"""EnvoyFilters in the proof: ours are followed, those of others make unknown what they touch."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.istio.envoy.auth_lua import auth_filter
from nginx2istio.istio.envoy.error_pages import error_page_filter
from nginx2istio.istio.serve.filters.shapes import http_filter_kind
from nginx2istio.verify.compared import Proof
from nginx2istio.verify.proof import prove
from nginx2istio.verify.sides import sides
from nginx2istio.verify.words import proof_data, proof_lines

Objects = list[dict[str, Any]]
ESTATE = """
apiVersion: v1
kind: Service
metadata: {name: auth, namespace: web}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  creationTimestamp: "2024-01-01T00:00:00Z"
  annotations:
    nginx.ingress.kubernetes.io/auth-url: http://auth.web.svc.cluster.local/check
    nginx.ingress.kubernetes.io/auth-signin: https://login.example.com/?rd=$escaped_request_uri
    nginx.ingress.kubernetes.io/proxy-body-size: 1k
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.example.com], secretName: shop}]
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /api, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: cookies
  namespace: web
  creationTimestamp: "2024-01-02T00:00:00Z"
  annotations:
    nginx.ingress.kubernetes.io/affinity: cookie
    nginx.ingress.kubernetes.io/affinity-mode: persistent
    nginx.ingress.kubernetes.io/session-cookie-expires: "3600"
    nginx.ingress.kubernetes.io/custom-http-errors: "503"
spec:
  ingressClassName: nginx
  rules:
  - host: cookies.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
"""
FOREIGN: dict[str, Any] = {
    "apiVersion": "networking.istio.io/v1alpha3",
    "kind": "EnvoyFilter",
    "metadata": {"name": "theirs", "namespace": "istio-system"},
}
NO_CONNECTION = 7
"""Classes of requests by https for a host without a certificate."""
PATCH = {"operation": "MERGE", "value": {"route": {"timeout": "1s"}}}
CONVERSION = api.convert_text(ESTATE, Options(envoy_filters=True))
FINDINGS = api.report(CONVERSION, with_plan=False)["findings"]


def proved(change: Callable[[Objects], object] = lambda objects: None) -> Proof:
    """The proof of the estate, whose objects were changed."""
    objects = copy.deepcopy([dict(o) for o in CONVERSION.objects])
    change(objects)
    return prove(sides(CONVERSION, FINDINGS, objects))


def foreign(**patch: Any) -> Callable[[Objects], object]:
    """Adds an EnvoyFilter of somebody else."""
    return lambda objects: objects.append({**FOREIGN, "spec": {"configPatches": [patch]}})


def verdict(proof: Proof) -> str:
    return next(iter(proof_lines(proof)))


def changed(kind: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Objects], object]:
    """Changes the values of the patches of one kind."""

    def run(objects: Objects) -> None:
        for each in objects:
            if each["metadata"].get("labels", {}).get("nginx2istio/filter") == kind:
                for patch in each["spec"]["configPatches"]:
                    change(patch["patch"]["value"])

    return run


def without(*kinds: str) -> Callable[[Objects], object]:
    """Leaves out the EnvoyFilters of some kinds."""

    def run(objects: Objects) -> None:
        objects[:] = [
            o
            for o in objects
            if o["metadata"].get("labels", {}).get("nginx2istio/filter") not in kinds
        ]

    return run


def test_the_estate_is_proved_with_its_filters() -> None:
    proof = proved()
    assert verdict(proof).startswith("proved: "), "\n".join(proof_lines(proof))
    assert not proof.unfollowed


def test_the_scripts_are_those_that_are_written() -> None:
    patch = error_page_filter()["patch"]["value"]
    assert http_filter_kind(patch["typed_config"]) == "error-pages"
    assert http_filter_kind(auth_filter()) == "auth"


def other_cookie(value: dict[str, Any]) -> None:
    for config in value.get("typed_per_filter_config", {}).values():
        state = config.get("stateful_session", {}).get("session_state", {})
        if state:
            state["typed_config"]["cookie"]["path"] = "/elsewhere"


def other_signin(value: dict[str, Any]) -> None:
    for metadata in value.get("metadata", {}).get("filter_metadata", {}).values():
        metadata["nginx2istio.auth"]["signin"] = "https://elsewhere.example.com/"


@pytest.mark.parametrize(
    "change",
    [
        without("external-auth"),
        without("session-cookies"),
        changed("external-auth", other_signin),
        changed("session-cookies", other_cookie),
    ],
    ids=["no auth", "no cookies", "other sign-in", "other cookie"],
)
def test_a_change_of_a_filter_is_shown(change: Callable[[Objects], None]) -> None:
    proof = proved(change)
    assert proof.unannounced
    assert verdict(proof).startswith("not proved: ")


def test_a_script_of_ours_that_was_changed_is_not_followed() -> None:
    def edit(value: dict[str, Any]) -> None:
        source = value.get("typed_config", {}).get("default_source_code")
        if source:
            source["inline_string"] += "-- mine\n"

    proof = proved(changed("external-auth", edit))
    assert proof.unfollowed
    assert verdict(proof).startswith("proved but for EnvoyFilter istio-system/nginx2istio-who-may")
    assert proof_data(proof)["proved"] is False


@pytest.mark.parametrize(
    "patch",
    [
        {"applyTo": "LISTENER", "match": {"context": "GATEWAY"}},
        {"applyTo": "HTTP_FILTER", "match": {"context": "GATEWAY"}},
        {"applyTo": "NETWORK_FILTER", "match": {}},
        {"applyTo": "ROUTE_CONFIGURATION", "match": {"context": "GATEWAY"}},
        {"applyTo": "CLUSTER", "match": {"context": "GATEWAY"}},
        {
            "applyTo": "VIRTUAL_HOST",
            "match": {"routeConfiguration": {"vhost": {"name": "shop.example.com:443"}}},
        },
        {
            "applyTo": "HTTP_ROUTE",
            "match": {"routeConfiguration": {"vhost": {"route": {"name": "web/shop /api"}}}},
        },
    ],
    ids=lambda patch: patch["applyTo"],
)
def test_what_a_filter_of_others_touches_is_unknown(patch: dict[str, Any]) -> None:
    proof = proved(foreign(**patch, patch=PATCH))
    assert proof.unfollowed.total()
    assert "EnvoyFilter istio-system/theirs" in verdict(proof)
    assert "EnvoyFilter istio-system/theirs" in list(proof_lines(proof))[-1]
    all_requests = patch["applyTo"] in ("HTTP_FILTER", "NETWORK_FILTER", "ROUTE_CONFIGURATION")
    assert (proof.unfollowed.total() == proof.classes - NO_CONNECTION) == all_requests
    assert (proof.unfollowed.total() == proof.classes) == (patch["applyTo"] == "LISTENER")


@pytest.mark.parametrize(
    "patch",
    [
        {"applyTo": "HTTP_FILTER", "match": {"context": "SIDECAR_INBOUND"}},
        {
            "applyTo": "HTTP_ROUTE",
            "match": {"routeConfiguration": {"vhost": {"route": {"name": "another"}}}},
        },
        {"applyTo": "LISTENER", "match": {"context": "GATEWAY", "listener": {"portNumber": 8080}}},
        {"applyTo": "CLUSTER", "match": {"cluster": {"service": "other.web.svc.cluster.local"}}},
    ],
    ids=lambda patch: patch["applyTo"],
)
def test_a_filter_that_touches_nothing_leaves_the_proof_whole(patch: dict[str, Any]) -> None:
    proof = proved(foreign(**patch, patch=PATCH))
    assert verdict(proof).startswith("proved: ")


def test_a_filter_of_other_pods_leaves_the_proof_whole() -> None:
    def add(objects: Objects) -> None:
        patches = [{"applyTo": "HTTP_FILTER", "match": {}, "patch": PATCH}]
        selector = {"workloadSelector": {"labels": {"istio": "egressgateway"}}}
        objects.append({**FOREIGN, "spec": {**selector, "configPatches": patches}})

    assert verdict(proved(add)).startswith("proved: ")


def test_a_filter_among_the_input_counts() -> None:
    text = ESTATE + (
        "---\napiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\n"
        "metadata: {name: theirs, namespace: istio-system}\n"
        "spec: {configPatches: [{applyTo: HTTP_FILTER, match: {context: GATEWAY},"
        " patch: {operation: INSERT_FIRST, value: {name: x}}}]}\n"
    )
    conversion = api.convert_text(text)
    findings = api.report(conversion, with_plan=False)["findings"]
    assert "theirs" in verdict(prove(sides(conversion, findings)))
