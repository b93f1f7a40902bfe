"""What Istio or Envoy would refuse costs its path, a name, or its host; never a neighbour."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.convert.convert import Conversion
from nginx2istio.convert.refused import Losses, checked
from nginx2istio.istio.assemble.virtual_host import GatewayRef, RouteSource, Service, VirtualHost
from nginx2istio.istio.check.check import faults
from nginx2istio.istio.edits import Edit, ExtraObject, Route
from nginx2istio.istio.envoy.filters import (
    http_filter,
    new_envoy_filter,
    on_host,
    on_manager,
    on_route,
    per_filter,
)
from nginx2istio.istio.objects import Object, identity, new_object

LONG = "x" * 17_000
BIG = "/" + "[a-z]{1000}" * 33
PREFIX = "nginx.ingress.kubernetes.io/"
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: web}
spec: {ports: [{port: 80}]}
"""


def ingress(name: str, host: str, path: str, year: int = 2023, **annotations: str) -> str:
    notes = {PREFIX + key.replace("_", "-"): value for key, value in annotations.items()}
    return f"""
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  namespace: web
  creationTimestamp: "{year}-01-01T00:00:00Z"
  annotations: {notes}
spec:
  ingressClassName: nginx
  rules:
  - host: {host}
    http:
      paths:
      - path: "{path}"
        pathType: ImplementationSpecific
        backend: {{service: {{name: shop, port: {{number: 80}}}}}}
"""


def converted(*ingresses: str, options: Options | None = None) -> Conversion:
    documents = (SERVICE, *ingresses, ingress("plain", "plain.x.io", "/"))
    conversion = api.convert_text("---".join(documents), options)
    assert not list(faults(conversion.objects))
    assert answers(conversion, f"plain.x.io{(options or Options()).host_suffix}") == {"/": "shop"}
    return conversion


def answers(conversion: Conversion, host: str) -> dict[str, Any]:
    """What answers each path of a host: a status, or the name of a Service."""
    paths = {}
    for obj in conversion.objects:
        if obj["kind"] == "VirtualService" and host in obj["spec"]["hosts"]:
            for route in obj["spec"]["http"]:
                to = route.get("route", [{}])[0].get("destination", {}).get("host", "")
                answer = route.get("directResponse", {}).get("status") or to.partition(".")[0]
                for match in route.get("match", [{}]):
                    if "uri" in match and not match.keys() - {"uri", "port"}:
                        paths[next(iter(match["uri"].values()))] = answer
    return paths


def codes(conversion: Conversion) -> list[tuple[str, tuple[str, ...], str]]:
    return [
        (finding.message.code, finding.hosts, finding.path)
        for finding in conversion.findings
        if finding.message.code in ("N2I026", "N2I027", "N2I028")
    ]


@pytest.mark.parametrize("suffix", ["", ".trial.test"])
def test_a_value_costs_its_path(suffix: str) -> None:
    bad = ingress("bad", "a.x.io", "/bad", x_forwarded_prefix=f"/{LONG}", rewrite_target="/bad")
    conversion = converted(
        bad, ingress("good", "a.x.io", "/good"), options=Options(host_suffix=suffix)
    )
    host = f"a.x.io{suffix}"
    answered = answers(conversion, host)
    assert {text: answered[text] for text in ("(?i)/bad.*", "(?i)/good.*")} == {
        "(?i)/bad.*": 503,
        "(?i)/good.*": "shop",
    }
    assert codes(conversion) == [("N2I026", (host,), "/bad")]
    fates = {origin.field: fate for origin, fate in conversion.fates.items()}
    assert fates[f"{PREFIX}x-forwarded-prefix"][::2] == ("unsupported", "N2I026")


def test_several_faults_of_a_path_cost_no_more_than_one() -> None:
    bad = ingress(
        "bad",
        "a.x.io",
        "/bad",
        enable_cors="true",
        cors_allow_headers=LONG,
        cors_expose_headers=LONG,
        permanent_redirect=f"https://x.io/{LONG}",
    )
    conversion = converted(bad, ingress("good", "a.x.io", "/good"))
    assert codes(conversion) == [("N2I026", ("a.x.io",), "/bad")]
    assert answers(conversion, "a.x.io")["/good/"] == "shop"


def test_a_value_of_the_host_costs_the_host() -> None:
    bad = ingress("bad", "a.x.io", "/", app_root=f"/{LONG}", whitelist_source_range="10.0.0.0/8")
    conversion = converted(bad)
    assert codes(conversion) == [("N2I027", ("a.x.io",), "*")]
    assert answers(conversion, "a.x.io") == {"/": 503}


def test_a_name_that_istio_refuses_costs_the_host_or_the_name() -> None:
    conversion = converted(
        ingress("bad", "shop.2024", "/"),
        ingress("other", "a.x.io", "/", server_alias="shop.2025"),
    )
    assert sorted(codes(conversion)) == [
        ("N2I027", ("shop.2024",), "*"),
        ("N2I027", ("shop.2025",), "*"),
    ]
    assert answers(conversion, "a.x.io") == {"/": "shop"}


def test_a_destination_costs_the_paths_that_lead_to_it() -> None:
    far = "http://" + "y" * 300 + ".io"
    conversion = converted(
        ingress("bad", "a.x.io", "/bad", mirror_target=far), ingress("good", "a.x.io", "/good")
    )
    assert ("N2I026", ("a.x.io",), "/bad") in codes(conversion)
    assert answers(conversion, "a.x.io")["/good/"] == "shop"
    kinds = {identity(obj)[0] for obj in conversion.objects}
    assert "ServiceEntry" not in kinds


def test_a_program_that_is_too_large_costs_its_path() -> None:
    conversion = converted(
        ingress("bad", "a.x.io", BIG, use_regex="true"), ingress("good", "a.x.io", "/good")
    )
    assert "N2I012" in {finding.message.code for finding in conversion.findings}
    assert "(?i)/good.*" in answers(conversion, "a.x.io")


def on_hosts(*edits: Edit, once: tuple[Edit, ...] = ()) -> tuple[list[Object], Losses]:
    """Two hosts of two locations each, the first of which has the edits."""
    hosts = []
    for host in ("a.x.io", "b.x.io"):
        sources = [
            RouteSource(f"web/{host} {path}", ({"exact": path},), "shop", ())
            for path in ("/bad", "/good")
        ]
        hosts.append(VirtualHost(host, "web", tuple(sources)))
    bad, good = hosts[0].route_sources
    hosts[0] = replace(hosts[0], route_sources=(replace(bad, edits=edits), good))
    services = {"shop": Service("shop.web.svc.cluster.local", "web", 80)}
    _, objects, losses = checked(hosts, services, TARGET, once, True, list)
    assert not list(faults(objects))
    return objects, losses


TARGET = GatewayRef("istio-system", {"istio": "ingressgateway"})


def patched(name: str, *patches: Object) -> ExtraObject:
    return ExtraObject(new_envoy_filter("mirror", name, patches, TARGET))


def adding(value: str) -> Object:
    return {"request_headers_to_add": [{"header": {"key": "X-A", "value": value}}]}


def test_a_patch_costs_the_path_of_its_route() -> None:
    objects, losses = on_hosts(patched("own", on_route("web/a.x.io /bad", adding(LONG))))
    assert list(losses.locations) == [("a.x.io", "web/a.x.io /bad")]
    assert not losses.hosts
    assert "EnvoyFilter" not in {obj["kind"] for obj in objects}


def test_a_patch_among_others_is_left_out() -> None:
    both = patched(
        "all",
        on_route("web/a.x.io /bad", adding(LONG)),
        on_route("web/b.x.io /bad", adding("a")),
    )
    objects, losses = on_hosts(once=(both,))
    assert list(losses.locations) == [("a.x.io", "web/a.x.io /bad")]
    (obj,) = (obj for obj in objects if obj["kind"] == "EnvoyFilter")
    assert obj["spec"]["configPatches"] == [both.body["spec"]["configPatches"][1]]


def test_a_filter_costs_the_paths_that_configure_it() -> None:
    config = {"@type": "type.googleapis.com/x", "max_request_bytes": 2**33}
    once = (
        patched("filter", http_filter("nginx2istio.own", config)),
        patched(
            "routes",
            on_route("web/a.x.io /bad", per_filter("nginx2istio.own", {})),
            on_route("web/b.x.io /good", per_filter("nginx2istio.own", {})),
        ),
    )
    objects, losses = on_hosts(once=once)
    assert sorted(losses.locations) == [
        ("a.x.io", "web/a.x.io /bad"),
        ("b.x.io", "web/b.x.io /good"),
    ]
    assert "EnvoyFilter" not in {obj["kind"] for obj in objects}


def test_a_patch_of_a_virtual_host_costs_the_host() -> None:
    _, losses = on_hosts(patched("own", on_host("a.x.io", 80, adding(LONG))))
    assert list(losses.hosts) == ["a.x.io"]


def test_a_policy_costs_the_paths_under_it() -> None:
    spec = {"action": "DENY", "rules": [{"to": [{"operation": {"paths": ["/{x}"]}}]}]}
    body = new_object("AuthorizationPolicy", "istio-system", "deny", spec, [])
    objects, losses = on_hosts(ExtraObject(body, "addresses"))
    assert list(losses.locations) == [("a.x.io", "web/a.x.io /bad")]
    assert "AuthorizationPolicy" not in {obj["kind"] for obj in objects}


def test_a_field_that_no_rule_may_write_costs_its_path() -> None:
    _, losses = on_hosts(Route("timeout", 5), Route("retries.retryOn", "never"))
    assert list(losses.locations) == [("a.x.io", "web/a.x.io /bad")]


def test_the_whole_gateway_is_never_closed_for_an_object_of_nobody() -> None:
    body = new_object("AuthorizationPolicy", "istio-system", "deny", {"action": "DENY"}, [])
    objects, losses = on_hosts(once=(ExtraObject(body),))
    assert not losses.locations and not losses.hosts
    assert [key for key, _ in losses.parts] == [("AuthorizationPolicy", "istio-system", "deny")]
    assert len([obj for obj in objects if obj["kind"] == "VirtualService"]) == 2


def test_where_every_host_is_lost_nothing_is_written_for_the_gateway() -> None:
    sources = (RouteSource("web/shop /", ({"prefix": "/"},), "shop", ()),)
    bad = VirtualHost("no host at all", "web", sources)
    others = VirtualHost("*", "web", (), ports=(80, 443), credential="default")
    services = {"shop": Service("shop.web.svc.cluster.local", "web", 80)}
    target = GatewayRef("istio-system", {"istio": "ingressgateway"})
    once = [patched("wide", on_manager({"server_name": "x"}))]
    for hosts in ([], [bad], [bad, others]):
        _, objects, losses = checked(hosts, services, target, once, True, list)
        assert objects == []
        assert set(losses.hosts) == {host.host for host in hosts} - {"*"}


FLAGS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: c, namespace: nginx, labels: {app.kubernetes.io/name: ingress-nginx}}
spec:
  template:
    spec:
      containers:
      - name: controller
        args: [--watch-namespace=other, --default-ssl-certificate=web/default]
---
"""
NO_RULES = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x}\nspec: {}\n"
SHOP = ingress("a", "a.example.com", "/")
NOTHING = {
    "no Ingress": SERVICE,
    "another class": SHOP.replace("ingressClassName: nginx", "ingressClassName: traefik"),
    "no class": SHOP.replace("ingressClassName: nginx", "ingressClassName: null"),
    "a risk": ingress("a", "a.example.com", "/", configuration_snippet="deny all;"),
    "a refused value": ingress("a", "a.example.com", "/", upstream_vhost="a b"),
    "a canary alone": ingress("a", "a.example.com", "/", canary="true"),
    "a host of one label": ingress("a", "intranet", "/"),
    "no rules": NO_RULES,
    "another namespace": FLAGS + SHOP,
}
"""Inputs of which no host can be served, each in another way."""


@pytest.mark.parametrize("case", NOTHING)
def test_nothing_converted_is_no_object_and_nothing_to_do(case: str) -> None:
    trial = "" if case == "a host of one label" else ".try.example.org"
    for options in (
        Options(envoy_filters=True),
        Options(envoy_filters=True, host_suffix=trial),
    ):
        conversion = api.convert_text(NOTHING[case], options)
        assert (conversion.objects, conversion.actions) == ((), ())
