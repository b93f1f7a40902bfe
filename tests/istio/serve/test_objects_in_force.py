"""Which objects a gateway is given, and what becomes of several for one host."""

from __future__ import annotations

from typing import Any

import pytest

from nginx2istio.base.outcome import Outcome, Request
from nginx2istio.istio.serve import serve_as_istio
from nginx2istio.istio.serve.gateway_config import gateway_config
from nginx2istio.istio.serve.pilot.scope import GatewayProxies

PODS = GatewayProxies([("edge", {"istio": "ingressgateway"})])
BACKEND = "a.web.svc.cluster.local"
Json = dict[str, Any]


def an_object(kind: str, spec: Json, name: str = "x", namespace: str = "web") -> Json:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def gateway(selector: Json | None = None, number: int = 80, protocol: str = "HTTP") -> Json:
    server = {"port": {"number": number, "name": "p", "protocol": protocol}, "hosts": ["*/shop.io"]}
    selector = {"istio": "ingressgateway"} if selector is None else selector
    return an_object("Gateway", {"selector": selector, "servers": [server]}, "g", "edge")


def service(routes: list[Json], name: str = "shop", **more: Any) -> Json:
    spec = {"hosts": ["shop.io"], "gateways": ["edge/g"], "http": routes, **more}
    return an_object("VirtualService", spec, name)


def served(*objects: Json, **fields: Any) -> Outcome:
    request = Request(**{"host": "shop.io", **fields})
    return serve_as_istio(gateway_config(objects, {}, PODS), request)


def answers(status: int, **match: Any) -> Json:
    return {"directResponse": {"status": status}} | ({"match": [match]} if match else {})


TO_BACKEND = {"route": [{"destination": {"host": BACKEND, "port": {"number": 80}}}]}


@pytest.mark.parametrize(
    ("selector", "status"),
    [
        ({"istio": "ingressgateway"}, 201),
        ({"istio": "other"}, 0),
        ({"istio": "ingressgateway", "app": "edge"}, 201),  # a label that nobody knows
    ],
)
def test_the_pods_that_a_gateway_selects(selector: Json, status: int) -> None:
    outcome = served(gateway(selector), service([answers(201)]))
    assert outcome.status == status
    assert ("routing" in outcome.settings) is ("app" in selector)


@pytest.mark.parametrize(
    ("number", "protocol", "scheme", "status"),
    [
        (80, "HTTP", "http", 201),
        (80, "HTTP2", "http", 201),
        (80, "TCP", "http", 0),
        (443, "HTTP", "https", 0),
    ],
)
def test_the_protocol_of_a_server(number: int, protocol: str, scheme: str, status: int) -> None:
    objects = gateway(None, number, protocol), service([answers(201)])
    assert served(*objects, scheme=scheme, sni="shop.io").status == status


@pytest.mark.parametrize(
    ("to", "status"), [(["*"], 201), (["edge"], 201), (["."], 404), (["elsewhere"], 404)]
)
def test_namespaces_that_a_virtual_service_is_exported_to(to: list[str], status: int) -> None:
    assert served(gateway(), service([answers(201)], exportTo=to)).status == status


@pytest.mark.parametrize(
    ("namespace", "labels", "status"),
    [
        ("edge", {"istio": "ingressgateway"}, 403),
        ("edge", {"istio": "other"}, 201),
        ("istio-system", {}, 403),
        ("web", {}, 201),
    ],
)
def test_where_a_policy_counts(namespace: str, labels: Json, status: int) -> None:
    spec = {"action": "DENY", "rules": [{}], "selector": {"matchLabels": labels}}
    policy = an_object("AuthorizationPolicy", spec, "deny", namespace)
    assert served(gateway(), service([answers(201)]), policy).status == status


@pytest.mark.parametrize(("target", "status"), [("/", 201), ("/b", 202), ("/c", 201)])
def test_virtual_services_of_one_host_are_joined(target: str, status: int) -> None:
    first = service([answers(201)], "a")  # which takes all, so it comes last
    second = service([answers(202, uri={"prefix": "/b"}), answers(203)], "b")
    for objects in ((first, second), (second, first)):
        assert served(gateway(), *objects, target=target).status == status


def test_the_older_virtual_service_comes_first() -> None:
    first, second = service([answers(201)], "b"), service([answers(202)], "a")
    first["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    second["metadata"]["creationTimestamp"] = "2026-01-02T00:00:00Z"
    assert served(gateway(), second, first).status == 201


@pytest.mark.parametrize(("subset", "status"), [("new", None), ("nobody", 503)])
def test_a_subset_that_nobody_has(subset: str, status: int | None) -> None:
    rule = an_object("DestinationRule", {"host": BACKEND, "subsets": [{"name": "new"}]})
    target = {"host": BACKEND, "subset": subset, "port": {"number": 80}}
    outcome = served(gateway(), service([{"route": [{"destination": target}]}]), rule)
    assert outcome.status == status


@pytest.mark.parametrize(
    ("namespace", "host", "to", "counts"),
    [
        ("web", BACKEND, ["*"], True),  # the backend's namespace
        ("web", "a", ["*"], True),
        ("edge", BACKEND, ["."], True),  # the gateway's
        ("web", BACKEND, ["."], False),
        ("elsewhere", BACKEND, ["*"], False),
        ("istio-system", "*.web.svc.cluster.local", ["*"], True),
        ("web", "b", ["*"], False),
    ],
)
def test_the_destination_rule_of_a_host(
    namespace: str, host: str, to: list[str], counts: bool
) -> None:
    policy = {"loadBalancer": {"consistentHash": {"httpCookie": {"name": "c", "ttl": "0s"}}}}
    spec = {"host": host, "trafficPolicy": policy, "exportTo": to}
    rule = an_object("DestinationRule", spec, "r", namespace)
    outcome = served(gateway(), service([TO_BACKEND]), rule)
    assert ("set-cookie" in dict(outcome.response_headers)) is counts


def test_a_service_of_another_domain_is_another() -> None:
    target = {"host": "a.web.svc.cluster.localx", "port": {"number": 80}}
    outcome = served(gateway(), service([{"route": [{"destination": target}]}]))
    assert "web/a:80" not in outcome.backends


@pytest.mark.parametrize(("share", "status"), [(100, 418), (30, None)])
def test_a_fault_that_ends_all_requests(share: int, status: int | None) -> None:
    fault = {"abort": {"httpStatus": 418, "percentage": {"value": share}}}
    assert served(gateway(), service([TO_BACKEND | {"fault": fault}])).status == status


def test_one_of_two_destinations_is_in_a_subset_that_nobody_has() -> None:
    targets = [{"host": BACKEND, "port": {"number": 80}, "subset": s} for s in ("new", "nobody")]
    rule = an_object("DestinationRule", {"host": BACKEND, "subsets": [{"name": "new"}]})
    split = {"route": [{"destination": target, "weight": 50} for target in targets]}
    assert "routing" in served(gateway(), service([split]), rule).unknown


@pytest.mark.parametrize(("preflights", "status"), [("IGNORE", 200), ("FORWARD", None)])
def test_a_preflight_of_an_origin_that_is_not_listed(preflights: str, status: int | None) -> None:
    policy = {"allowOrigins": [{"exact": "https://a.io"}], "unmatchedPreflights": preflights}
    asked = (("origin", "https://b.io"), ("access-control-request-method", "PUT"))
    objects = gateway(), service([TO_BACKEND | {"corsPolicy": policy}])
    assert served(*objects, method="OPTIONS", headers=asked).status == status
    assert served(*objects, method="OPTIONS", headers=asked[1:]).status is None


def test_nobody_is_asked_where_there_is_no_route() -> None:
    rules = [{"to": [{"operation": {"hosts": ["shop.io"]}}]}]
    spec = {"action": "CUSTOM", "provider": {"name": "p"}, "rules": rules}
    policy = an_object("AuthorizationPolicy", spec, "ask", "edge")
    somewhere = service([answers(201, uri={"prefix": "/a"})])
    assert served(gateway(), somewhere, policy, target="/b", auth_status=401).status == 404
