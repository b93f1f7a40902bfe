"""The parts of the live mode that need no gateway."""

from __future__ import annotations

from fractions import Fraction

import pytest

from nginx2istio import api
from nginx2istio.base.outcome import Outcome, Request
from nginx2istio.verify.judged.declared import bare_host
from nginx2istio.verify.live.address import BadAddress, GatewayAddress, gateway_address
from nginx2istio.verify.live.client import GatewayAnswer
from nginx2istio.verify.live.observed import live_differences
from nginx2istio.verify.live.trial import SAFE_METHODS, why_not_sent
from nginx2istio.verify.live.witnesses import witnesses
from nginx2istio.verify.sides import sides

WILDCARD = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: web}
spec:
  ingressClassName: nginx
  rules:
  - &rule
    host: "*.example.com"
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
  - <<: *rule
    host: example.org
"""
BY_BACKEND = (Outcome(backends={"web/a:80": Fraction(1)}, target="/"),) * 2


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.5", GatewayAddress("10.0.0.5")),
        ("lb.example.com:8080,8443", GatewayAddress("lb.example.com", 8080, 8443)),
        ("lb.example.com:8080", GatewayAddress("lb.example.com", 8080, None)),
        ("lb.example.com:,8443", GatewayAddress("lb.example.com", None, 8443)),
        ("[2001:db8::1]:80,443", GatewayAddress("2001:db8::1", 80, 443)),
    ],
)
def test_addresses(text: str, address: GatewayAddress) -> None:
    assert gateway_address(text) == address
    assert gateway_address(str(address)) == address


@pytest.mark.parametrize(
    "text", ["", "http://a", "a:b", "a:0,1", "a:", "a:99999", "a b", "2001::1"]
)
def test_no_addresses(text: str) -> None:
    with pytest.raises(BadAddress):
        gateway_address(text)


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (Request(), ""),
        (Request(method="POST"), "method POST"),
        (Request(method="OPTIONS", headers=(("origin", "https://a"),)), ""),
        (Request(source="10.0.0.1"), "another client address"),
        (Request(credentials="valid"), "valid credentials"),
        (Request(auth_status=401), "another answer of the authentication service"),
        (Request(certificate="other"), "a client certificate"),
    ],
)
def test_what_is_sent(request_: Request, why: str) -> None:
    assert why_not_sent(request_, SAFE_METHODS) == why


def what_differs(
    old: GatewayAnswer, new: GatewayAnswer, outcomes: tuple[Outcome, ...] = BY_BACKEND
) -> list[str]:
    request = Request(host="a.example")
    return [d.what for d in live_differences(request, old, new, outcomes, frozenset())]


def test_bodies() -> None:
    assert what_differs(GatewayAnswer(200, body=b"a"), GatewayAnswer(200, body=b"a")) == []
    assert what_differs(GatewayAnswer(200, body=b"a"), GatewayAnswer(200, body=b"b")) == ["body"]
    assert (
        what_differs(GatewayAnswer(200, body=b"a"), GatewayAnswer(200, body=b"b", whole=False))
        == []
    )
    split = (
        Outcome(backends=dict.fromkeys(("web/a:80", "web/b:80"), Fraction(1, 2)), target="/"),
    ) * 2
    assert what_differs(GatewayAnswer(200, body=b"a"), GatewayAnswer(200, body=b"b"), split) == []


def test_who_answers() -> None:
    page = b"<html><body><hr><center>nginx</center>\r\n</body></html>"
    envoy = (("server", "istio-envoy"),)
    passed_on = (*envoy, ("x-envoy-upstream-service-time", "3"))
    own = GatewayAnswer(404, body=page)
    assert what_differs(own, GatewayAnswer(404, envoy)) == []
    assert what_differs(own, GatewayAnswer(404, passed_on, b"no such page")) == ["answer"]
    assert what_differs(GatewayAnswer(200, body=b"a"), GatewayAnswer(404, envoy)) == ["answer"]
    assert what_differs(GatewayAnswer(404, body=b"x"), GatewayAnswer(404, passed_on, b"x")) == []


def test_what_varies_in_a_header_and_a_cookie() -> None:
    old = GatewayAnswer(
        200, (("X-A", "1"), ("Set-Cookie", "s=abc; Path=/; HttpOnly"), ("Date", "x"))
    )
    new = GatewayAnswer(
        200, (("x-a", "2"), ("set-cookie", "s=xyz; Path=/app; HttpOnly"), ("date", "y"))
    )
    assert what_differs(old, new) == ["x-a", "set-cookie s"]


def test_a_wildcard_is_asked_for_deeper_names_too() -> None:
    """nginx's star is one label, Istio's any number: what answers the rest is seen, too."""
    conversion = api.convert_text(WILDCARD)
    both = sides(conversion, api.report(conversion, with_plan=False)["findings"])
    expected = {"any.example.com", "any.any.example.com"}
    assert {bare_host(request.host) for request in witnesses(both)} >= expected
    chosen = {bare_host(request.host) for request in witnesses(both, {"*.example.com"})}
    assert expected <= chosen and not any("example.org" in name for name in chosen)
