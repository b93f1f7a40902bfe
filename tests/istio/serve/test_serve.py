"""What a gateway does with a request, mechanism by mechanism, as pilot and Envoy do it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from nginx2istio.base.outcome import Outcome, Request, World
from nginx2istio.istio.serve import serve_as_istio
from nginx2istio.istio.serve.gateway_config import gateway_config

GATEWAY = {
    "kind": "Gateway",
    "metadata": {"name": "g", "namespace": "istio-system"},
    "spec": {
        "servers": [
            {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*/shop.io"]}
        ]
    },
}


def destination(name: str, weight: int | None = None, **more: Any) -> dict[str, Any]:
    target = {"host": f"{name}.web.svc.cluster.local", "port": {"number": 80}}
    return {"destination": target} | ({"weight": weight} if weight is not None else {}) | more


def served(
    routes: list[dict[str, Any]],
    *others: dict[str, Any],
    world: World | None = None,
    **fields: Any,
) -> Outcome:
    """The outcome of a request to shop.io, with these routes and other objects."""
    service = {
        "kind": "VirtualService",
        "metadata": {"name": "shop", "namespace": "web"},
        "spec": {"hosts": ["shop.io"], "gateways": ["istio-system/g"], "http": routes},
    }
    request = dataclasses.replace(Request(host="shop.io"), **fields)
    config = gateway_config([GATEWAY, service, *others], {})
    return serve_as_istio(config, request, world or World())


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("shop.io:", 200),
        ("shop.io:8080", 200),
        ("shop.io:abc", 200),  # what follows the last colon need not be a port
        ("shop.io:80:90", 404),
        ("shop.io.", 404),
        ("u@shop.io", 404),
        ("shop io", 400),
        ("shop.io/", 400),
        ('"shop.io"', 400),
    ],
)
def test_the_host_that_picks_a_virtual_host(host: str, status: int) -> None:
    assert served([{"directResponse": {"status": 200}}], host=host).status == status


@pytest.mark.parametrize(("mode", "status"), [("SIMPLE", 200), ("PASSTHROUGH", 0), ("", 0)])
def test_a_server_without_a_tls_mode_opens_no_connection(mode: str, status: int) -> None:
    tls = {"credentialName": "cert"} | ({"mode": mode} if mode else {})
    port = {"number": 443, "name": "https", "protocol": "HTTPS"}
    gateway = {
        "kind": "Gateway",
        "metadata": {"name": "secure", "namespace": "istio-system"},
        "spec": {"servers": [{"port": port, "hosts": ["*/shop.io"], "tls": tls}]},
    }
    service = {
        "kind": "VirtualService",
        "metadata": {"name": "secure", "namespace": "web"},
        "spec": {
            "hosts": ["shop.io"],
            "gateways": ["istio-system/secure"],
            "http": [{"directResponse": {"status": 200}}],
        },
    }
    request = Request(scheme="https", host="shop.io", sni="shop.io")
    assert serve_as_istio(gateway_config([gateway, service], {}), request).status == status


@pytest.mark.parametrize(
    ("named", "status"),
    [
        ("close, keep-alive", 200),
        ("X-Token", 200),
        ("X-Forwarded-For", 400),
        ("close, x-forwarded-proto", 400),
        (", ".join(f"x-{n}" for n in range(9)), 200),
        (", ".join(f"x-{n}" for n in range(10)), 400),
    ],
)
def test_what_connection_may_name(named: str, status: int) -> None:
    headers = (("Connection", named),)
    routes = [{"directResponse": {"status": 200}}]
    assert served(routes, headers=headers).status == status
    assert served(routes, headers=headers, http="2").status == 200


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("x-preview", "b", True),  # each value by itself, since Envoy 1.39
        ("x-preview", "a,b", False),
        ("cookie", "b", True),
        ("user-agent", "b", False),  # of which the codec makes one value
        ("user-agent", "a,b", True),
        ("authorization", "a,b", True),
    ],
)
def test_a_header_that_is_sent_twice(name: str, value: str, fits: bool) -> None:
    sent = ((name, "a"), (name, "b"))
    routes: list[dict[str, Any]] = [
        {"match": [{"headers": {name: {"exact": value}}}], "directResponse": {"status": 201}},
        {"directResponse": {"status": 202}},
    ]
    assert served(routes, headers=sent).status == (201 if fits else 202)
    routes[0]["match"] = [{"withoutHeaders": {name: {"exact": value}}}]
    assert served(routes, headers=sent).status == (202 if fits else 201)


@pytest.mark.parametrize(
    ("condition", "values", "denied"),
    [
        ({"values": ["b"]}, "ab", True),
        ({"values": ["b"]}, "", False),
        ({"notValues": ["b"]}, "ab", False),
        ({"notValues": ["b"]}, "ac", True),
        ({"notValues": ["b"]}, "", True),
    ],
)
def test_a_policy_looks_at_each_value(condition: Any, values: str, denied: bool) -> None:
    policy = {
        "kind": "AuthorizationPolicy",
        "metadata": {"name": "p", "namespace": "istio-system"},
        "spec": {
            "action": "DENY",
            "rules": [{"when": [{"key": "request.headers[x-r]", **condition}]}],
        },
    }
    sent = tuple(("X-R", value) for value in values)
    outcome = served([{"directResponse": {"status": 200}}], policy, headers=sent)
    assert outcome.status == (403 if denied else 200)


COOKIE = {"response": {"add": {"Set-Cookie": "seen=1"}}}


def test_headers_of_a_destination_that_chance_chooses_are_not_told() -> None:
    split = served([{"route": [destination("a", 50, headers=COOKIE), destination("b", 50)]}])
    assert split.unknown == {"cookies"}
    never = served([{"route": [destination("a", 0, headers=COOKIE), destination("b", 100)]}])
    assert never.unknown == frozenset() and not never.response_headers
    only = served([{"route": [destination("a", headers=COOKIE)]}])
    assert only.unknown == frozenset() and only.response_headers == (("set-cookie", "seen=1"),)


@pytest.mark.parametrize(("weights", "value"), [((None,), "destination"), ((50, 50), "route")])
def test_a_route_has_the_last_word_over_several_destinations(
    weights: tuple[int | None, ...], value: str
) -> None:
    edits = {"request": {"set": {"X-Who": "destination"}}}
    route = [destination("a", weight, headers=edits) for weight in weights]
    outcome = served([{"route": route, "headers": {"request": {"set": {"X-Who": "route"}}}}])
    assert dict(outcome.request_headers)["x-who"] == value


def test_a_hashed_destination_asks_the_policies_of_all() -> None:
    rules = [
        {
            "kind": "DestinationRule",
            "metadata": {"name": name, "namespace": "web"},
            "spec": {
                "host": f"{name}.web.svc.cluster.local",
                "trafficPolicy": {
                    "loadBalancer": {"consistentHash": {"httpCookie": {"name": name, "ttl": "0s"}}}
                },
            },
        }
        for name in ("a", "b")
    ]
    both = served([{"route": [destination("a", 50), destination("b", 50)]}], *rules)
    assert [v.partition("=")[0] for _, v in both.response_headers] == ["a", "b"]
    assert both.unknown == frozenset()


def test_whether_anybody_answers_is_chance_where_one_of_two_has_pods() -> None:
    split = [{"route": [destination("a", 50), destination("b", 50)]}]
    assert "routing" in served(split, world=World({"web/a:80": "none"})).unknown
    assert served(split, world=World({"web/a:80": "none", "web/b:80": "none"})).status == 503


@pytest.mark.parametrize(("skips", "status"), [(True, None), (False, 503)])
def test_a_backend_whose_certificate_nobody_signed(skips: bool, status: int | None) -> None:
    rule = {
        "kind": "DestinationRule",
        "metadata": {"name": "a", "namespace": "web"},
        "spec": {
            "host": "a.web.svc.cluster.local",
            "trafficPolicy": {"tls": {"mode": "SIMPLE", "insecureSkipVerify": skips}},
        },
    }
    world = World(untrusted=frozenset({"web/a:80"}))
    assert served([{"route": [destination("a")]}], rule, world=world).status == status
