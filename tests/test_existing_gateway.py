"""Gateways that are there already: their servers are checked, and their pods are recognized."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from nginx2istio import api
from nginx2istio.base.options import ControllerOptions, Options
from nginx2istio.cli import command_line
from nginx2istio.cli.exits import USAGE
from nginx2istio.convert.convert import Conversion
from nginx2istio.istio.check.existing_gateway import ServerNeed, lack, shadowed
from tests.test_several_controllers import codes, ingress, note

SIMPLE: dict[str, Any] = {"mode": "SIMPLE", "credentialName": "web--cert"}
AUTHORITY = "caCertCredentialName"
MUTUAL: dict[str, Any] = {**SIMPLE, "mode": "OPTIONAL_MUTUAL", AUTHORITY: "web--ca-cacert"}


def server(*hosts: str, port: int = 443, **tls: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"port": {"number": port}, "hosts": list(hosts)}
    return {**body, "tls": tls} if tls else body


def need(port: int = 443, *, name: str = "a.x.io", **tls: Any) -> ServerNeed:
    return ServerNeed(name, name, "web", port, tls)


@pytest.mark.parametrize(
    ("hosts", "serves"),
    [
        ("a.x.io", True),
        ("*/a.x.io", True),
        ("web/a.x.io", True),
        ("web/A.x.io", True),
        ("./a.x.io", False),
        ("ops/a.x.io", False),
        ("*/*.x.io", True),
        ("*/*.io", True),
        ("*", True),
        ("*/b.x.io", False),
        ("*/*.a.x.io", False),
    ],
)
def test_a_server_serves_the_hosts_that_it_lists(hosts: str, serves: bool) -> None:
    assert (lack(need(80), [server(hosts, port=80)], "edge") == "") is serves
    assert lack(need(80), [server(hosts, port=8080)], "edge")
    assert (lack(need(80), [server(hosts, port=80)], "web") == "") is (serves or hosts[0] == ".")


@pytest.mark.parametrize(
    ("needed", "given", "why"),
    [
        (SIMPLE, {"mode": "SIMPLE", "credentialName": "other"}, ""),
        (SIMPLE, {"mode": "MUTUAL", "credentialName": "c"}, "TLS mode MUTUAL, not SIMPLE"),
        (SIMPLE, {"mode": "PASSTHROUGH"}, "TLS mode PASSTHROUGH, not SIMPLE"),
        (SIMPLE, {"credentialName": "other"}, "TLS mode PASSTHROUGH, not SIMPLE"),
        (SIMPLE, {}, "TLS mode PASSTHROUGH, not SIMPLE"),
        ({"mode": "PASSTHROUGH"}, {"minProtocolVersion": "TLSV1_2"}, ""),
        ({"mode": "PASSTHROUGH"}, SIMPLE, "TLS mode SIMPLE, not PASSTHROUGH"),
        ({"mode": "PASSTHROUGH"}, {"mode": "PASSTHROUGH"}, ""),
        (MUTUAL, SIMPLE, "asks no client certificates"),
        (MUTUAL, {"mode": "ISTIO_MUTUAL"}, "asks no client certificates"),
        (MUTUAL, {**MUTUAL, AUTHORITY: "other"}, "trusts other authorities"),
        (MUTUAL, {**MUTUAL, "mode": "MUTUAL"}, ""),
    ],
)
def test_a_server_has_the_tls_that_a_host_needs(
    needed: dict[str, Any], given: dict[str, Any], why: str
) -> None:
    text = lack(need(**needed), [server("*/a.x.io", **given)], "edge")
    assert why in text and bool(text) is bool(why)


def test_a_server_that_redirects_serves_no_plain_http() -> None:
    redirecting = server("*", port=80, httpsRedirect=True)
    assert "redirects all requests" in lack(need(80), [redirecting], "edge")


def test_the_server_with_the_longest_name_counts() -> None:
    servers = [server("*", **SIMPLE), server("*/a.x.io", **MUTUAL)]
    assert lack(need(**MUTUAL), servers, "edge") == ""
    assert lack(need(name="b.x.io", **MUTUAL), servers, "edge")


def test_a_listed_host_below_a_wildcard_with_routes() -> None:
    every = ["a.x.io", "*.x.io"]
    assert list(shadowed(["a.x.io"], every, [server("*/*.x.io", "web/a.x.io")])) == ["a.x.io"]
    assert list(shadowed(["a.x.io"], every, [server("*/*.x.io")])) == []
    assert list(shadowed(["a.x.io"], ["a.x.io"], [server("*/*.x.io", "web/a.x.io")])) == []


# Pods of gateways.

PODS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: istio-{name}, namespace: {space}}}
spec:
  template:
    metadata: {{labels: {{istio: {name}, app: istio-{name}}}}}
    spec: {{containers: [{{name: {container}, image: auto}}]}}
---
"""
GATEWAY = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shared, namespace: edge}
spec:
  selector: {app: istio-public}
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}
---
"""


def pods(name: str, space: str = "istio-ingress", container: str = "istio-proxy") -> str:
    return PODS.format(name=name, space=space, container=container)


def converted(text: str, options: Options | None = None) -> Conversion:
    return api.convert_text(text, options)


def target(conversion: Conversion) -> tuple[str, dict[str, str]]:
    options = conversion.options
    return options.gateway_namespace, dict(options.gateway_selector)


HERE = ("istio-ingress", {"istio": "ingress"})
USUAL = ("istio-system", {"istio": "ingressgateway"})


@pytest.mark.parametrize(
    ("others", "options", "gateway"),
    [
        ("", Options(), HERE),
        (pods("egressgateway", "istio-system"), Options(), HERE),
        (pods("pilot", "istio-system", "discovery"), Options(), HERE),
        (pods("shop", "web", "shop"), Options(), HERE),
        (pods("ingressgateway", "istio-system"), Options(), USUAL),
        (pods("public"), Options(), USUAL),
        ("", Options(gateway_namespace="mine"), ("mine", {"istio": "ingressgateway"})),
        ("", Options(others=(ControllerOptions("inside"),)), USUAL),
    ],
)
def test_the_one_gateway_that_is_there_is_meant(
    others: str, options: Options, gateway: tuple[str, dict[str, str]]
) -> None:
    conversion = converted(pods("ingress") + others + ingress("a", "a.test"), options)
    assert target(conversion) == gateway
    assert ("N2I099" in codes(conversion)) is (gateway != HERE and "ingressgateway" not in others)


def test_an_existing_gateway_tells_its_pods() -> None:
    text = GATEWAY + pods("public") + pods("inside") + ingress("a", "a.test")
    conversion = converted(text, Options(gateway="edge/shared"))
    assert target(conversion) == ("istio-ingress", {"app": "istio-public"})
    assert not {"N2I096", "N2I097", "N2I099"} & codes(conversion)
    assert {o["kind"] for o in conversion.objects} == {"VirtualService"}
    (service,) = conversion.objects
    assert service["spec"]["gateways"] == ["edge/shared"]


def test_a_trial_at_an_existing_gateway_keeps_its_name() -> None:
    text = GATEWAY + ingress("a", "a.test")
    options = Options(gateway="edge/shared", host_suffix=".trial.test")
    (service,) = converted(text, options).objects
    assert service["spec"]["gateways"] == ["edge/shared"]


TLS = ingress("a", "a.test", notes=note("auth-tls-secret", "web/ca")).replace(
    "  rules:", "  tls: [{hosts: [a.test], secretName: cert}]\n  rules:"
)


@pytest.mark.parametrize("served", [False, True])
def test_a_host_whose_certificates_nothing_checks_is_closed(served: bool) -> None:
    options = Options(gateway="edge/shared", allow_unprotected=served)
    for text in (GATEWAY + TLS, TLS):
        conversion = converted(text, options)
        (service,) = (o for o in conversion.objects if o["kind"] == "VirtualService")
        answers = [r.get("directResponse") for r in service["spec"]["http"] if "match" not in r]
        closed = {"status": 503} in answers
        assert closed is not served
        assert "N2I096" in codes(conversion)


def test_each_class_has_its_gateway_on_the_command_line() -> None:
    text = GATEWAY + ingress("a", "a.test") + ingress("b", "b.test", "inside")
    classes = ("--ingress-class", "nginx", "--ingress-class", "inside=inside/inside")
    arguments = ["convert", "-", "-q", "--format", "json", *classes]
    run = CliRunner().invoke
    result = run(command_line, [*arguments, "--gateway", "nginx=edge/shared"], input=text)
    objects = json.loads(result.stdout)["items"]
    gateways = {
        o["spec"]["hosts"][0]: o["spec"]["gateways"][0].partition("/")[0]
        for o in objects
        if o["kind"] == "VirtualService"
    }
    assert gateways == {"a.test": "edge", "b.test": "inside"}
    assert run(command_line, [*arguments, "--gateway", "edge/x"], input=text).exit_code == USAGE
    assert run(command_line, ["convert", "-", "--gateway", "edge"], input=text).exit_code == USAGE
