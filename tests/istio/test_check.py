"""What of our own output Istio's webhook or Envoy would refuse."""

from __future__ import annotations

from typing import Any

import pytest

from nginx2istio.istio import re2
from nginx2istio.istio.assemble.virtual_host import GatewayRef
from nginx2istio.istio.check import values
from nginx2istio.istio.check.check import faults
from nginx2istio.istio.check.schema import misfits, spec_schema
from nginx2istio.istio.envoy.filters import http_filter, new_envoy_filter, on_route, per_filter
from nginx2istio.istio.objects import Object, new_object

TO_SHOP = {"route": [{"destination": {"host": "shop.web.svc.cluster.local"}}]}
CONFIG = {"@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"}


def virtual_service(*routes: Any, hosts: tuple[str, ...] = ("shop.example.com",)) -> Object:
    spec = {"hosts": list(hosts), "gateways": ["istio-system/web"], "http": list(routes)}
    return new_object("VirtualService", "web", "shop", spec, [])


def envoy_filter(*patches: Object, name: str = "own") -> Object:
    return new_envoy_filter(
        "mirror", name, patches, GatewayRef("istio-system", {"istio": "ingressgateway"})
    )


def reasons(*objects: Object) -> list[str]:
    return [fault.reason for fault in faults(objects)]


def with_header(name: str, value: str) -> Object:
    return virtual_service({**TO_SHOP, "headers": {"response": {"set": {name: value}}}})


def matching(**match: Any) -> Object:
    return virtual_service({"match": [match], **TO_SHOP})


@pytest.mark.parametrize(
    "obj",
    [
        virtual_service(TO_SHOP),
        with_header("X-A", "100%% of %REQ(:PATH)%%REQ(X-B)%"),
        with_header("X-A", "x" * values.LONGEST_HEADER),
        matching(uri={"prefix": ""}),
        matching(uri={"regex": "[0-9]{1000}"}, method={"exact": "GET"}),
        virtual_service({"match": [{"uri": {"exact": "/"}}], "directResponse": {"status": 503}}),
        virtual_service({**TO_SHOP, "timeout": "1h1.5s"}),
        virtual_service(TO_SHOP, hosts=("*.example.com", "example.com")),
    ],
)
def test_what_is_taken(obj: Object) -> None:
    assert reasons(obj) == []


@pytest.mark.parametrize(
    ("obj", "reason"),
    [
        (with_header("X-A", "x" * 16_385), "a header value of 16385 bytes, Envoy takes 16384"),
        (with_header("X-A", "a\nb"), "a control character in the header value a⟨U+000A⟩b"),
        (with_header("X-A", "5%"), "a percent sign begins no operator of Envoy"),
        (with_header("X-A", "%NOPE%"), "Envoy has no operator NOPE"),
        (with_header("X-A", "%REQ(a b)%"), "REQ takes no (a b)"),
        (with_header("X-A", "%REQ(a?b?c)%"), "REQ takes no (a?b?c)"),
        (with_header("X-A", "%REQ%"), "REQ takes no "),
        (with_header("X-A", "%PROTOCOL(a)%"), "PROTOCOL takes no (a)"),
        (with_header("X A", "a"), "X A is no name of a header to change"),
        (with_header("Host", "a"), "Host is no name of a header to change"),
        (with_header("a" * 2000, "a"), "a name of 2000 bytes, YAML takes 1000"),
        (matching(uri={"regex": "[a-z]{1000}" * 33}), "its program has"),
        (matching(uri={"regex": "é" * 513}), "it is longer than 1024 bytes"),
        (matching(uri={"regex": r"a\C"}), "Istio does not know"),
        (matching(uri={"regex": "("}), "the regular expression (:"),
        (matching(method={"exact": ""}), "an empty exact match of the method"),
        (matching(uri={"exact": "/", "prefix": "/"}), "more than one of exact, prefix, regex"),
        (matching(port=65_536), "65536 is no port"),
        (virtual_service({}), "a route with no answer, or with several"),
        (
            virtual_service({**TO_SHOP, "directResponse": {"status": 503}}),
            "a route with no answer, or with several",
        ),
        (virtual_service({"directResponse": {"status": 199}}), "the status 199"),
        (virtual_service({"redirect": {"uri": "/", "redirectCode": 304}}), "redirect code 304"),
        (virtual_service({**TO_SHOP, "timeout": 5}), "timeout is 5, which is no duration"),
        (virtual_service({**TO_SHOP, "timeout": "0s"}), "0s is no time that Envoy can hold"),
        (virtual_service({**TO_SHOP, "retries": {"attempts": 2**31}}), "retries.attempts is 2147"),
        (virtual_service({**TO_SHOP, "header": {}}), "Istio has no field header"),
        (virtual_service(TO_SHOP, hosts=("shop.2024",)), "shop.2024 ends in a number"),
        (virtual_service(TO_SHOP, hosts=("a.x.io", "*.x.io")), "*.x.io beside a.x.io"),
        (virtual_service(*[TO_SHOP] * 40_000), "an object of"),
    ],
)
def test_what_is_refused(obj: Object, reason: str) -> None:
    actual = reasons(obj)
    assert any(reason in each for each in actual), actual


def test_a_patch_meets_routes_with_its_action() -> None:
    patch = on_route("web/shop /", {"route": {"timeout": "1s"}})
    assert reasons(envoy_filter(patch)) == []
    del patch["match"]["routeConfiguration"]["vhost"]["route"]["action"]
    (fault,) = faults([envoy_filter(patch)])
    assert (fault.reason, fault.route, fault.patch) == (
        "it merges route into routes that have another action",
        "web/shop /",
        0,
    )


def test_a_configuration_meets_its_filter_once() -> None:
    here = envoy_filter(on_route("web/shop /", per_filter("nginx2istio.own", CONFIG)), name="here")
    own = http_filter("nginx2istio.own", CONFIG)
    assert reasons(here) == ["0 filters with the name nginx2istio.own"]
    assert reasons(here, envoy_filter(own)) == []
    assert reasons(here, envoy_filter(own, own)) == ["2 filters with the name nginx2istio.own"]


def test_values_within_a_patch() -> None:
    value = {"append": {"header": {"key": "X-A", "value": "x" * 20_000}}}
    (fault,) = faults([envoy_filter(on_route("a", {"mutations": [value]}))])
    assert fault.reason == "a header value of 20000 bytes, Envoy takes 16384"
    nested = "%CEL('x' in request.headers ? string(1) : '')%"
    assert not values.header_value(nested, webhook=False)
    assert values.header_value(nested)


def test_an_object_of_any_shape_is_a_fault() -> None:
    broken = virtual_service(TO_SHOP)
    broken["spec"] = {"hosts": 5}
    assert "can't read" in reasons(broken)[0]


def test_the_program_is_counted_as_envoy_counts() -> None:
    assert re2.compiled("[0-9]{1000}" * 32)
    with pytest.raises(re2.Untranslatable, match="Envoy takes 32768"):
        re2.compiled("[0-9]{1000}" * 33)


@pytest.mark.parametrize("text", ["", "5", "1d", "0.0001s", "9" * 20 + "s", "1s "])
def test_no_times(text: str) -> None:
    assert values.duration(text)


def test_the_schema_knows_all_kinds_that_we_write() -> None:
    selector = {"workloadSelector": {"labels": {"a": "x" * 64}}}
    assert list(misfits(spec_schema("EnvoyFilter"), selector)) == [
        f"workloadSelector.labels.a is {'x' * 40}..., Istio takes 63 bytes"
    ]


def test_a_list_and_a_name_that_may_not_be_empty() -> None:
    entry = new_object("ServiceEntry", "web", "out", {"hosts": []}, [])
    assert reasons(entry) == ["hosts has 0 entries, Istio takes 1 or more"]
    policy = {"targetRef": {"kind": "Gateway", "name": ""}}
    of_policy = list(misfits(spec_schema("AuthorizationPolicy"), policy))
    assert of_policy == ["targetRef.name is empty"]
