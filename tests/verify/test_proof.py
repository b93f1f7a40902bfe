"""The proof: what is alike or announced is proved, a change that nothing announces is shown."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nginx2istio import api
from nginx2istio.cli import command_line
from nginx2istio.verify.compared import Proof
from nginx2istio.verify.decisions import host_decisions
from nginx2istio.verify.dimensions.istio_values import values_of_route
from nginx2istio.verify.dimensions.values import Values
from nginx2istio.verify.gateway_view import PORTS, SCHEMES
from nginx2istio.verify.path_classes import PathClass
from nginx2istio.verify.proof import prove
from nginx2istio.verify.sides import sides
from nginx2istio.verify.words import proof_lines

ROOT = Path(__file__).parents[2]
WALKTHROUGH = ROOT / "examples" / "walkthrough" / "all-three-needs.yaml"
SHOP = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  creationTimestamp: "2024-01-01T00:00:00Z"
  annotations:
    nginx.ingress.kubernetes.io/whitelist-source-range: 10.0.0.0/8
    nginx.ingress.kubernetes.io/enable-cors: "true"
    nginx.ingress.kubernetes.io/cors-allow-origin: https://a.example
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.example.com], secretName: shop}]
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /api, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}
      - {path: /docs/, pathType: Prefix, backend: {service: {name: docs, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: open
  namespace: web
  creationTimestamp: "2024-01-02T00:00:00Z"
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /open, pathType: Exact, backend: {service: {name: open, port: {number: 80}}}}
"""
Objects = list[dict[str, Any]]


def proved(text: str, change: Callable[[Objects], object] = lambda objects: None) -> Proof:
    """The proof of a conversion whose objects were changed."""
    conversion = api.convert_text(text)
    objects = copy.deepcopy([dict(o) for o in conversion.objects])
    change(objects)
    return prove(sides(conversion, api.report(conversion)["findings"], objects))


def test_a_redirect_that_keeps_the_clients_host_is_asked_with_a_port() -> None:
    """In objects of the conversion, too, which no finding excuses."""
    conversion = api.convert_text(SHOP)
    for each in conversion.objects:
        for route in each["spec"].get("http", ()):
            route.get("redirect", {}).pop("authority", None)
    proof = prove(sides(conversion, api.report(conversion)["findings"]))
    hosts = {each.request.host for each in proof.unannounced}
    assert hosts == {"shop.example.com:8080"}


@pytest.mark.parametrize("paths", [("/a", "/slow"), ("/a/", "/a/(.*)")], ids=["plain", "regex"])
def test_a_limit_elsewhere_does_not_say_why_a_path_is_closed(paths: tuple[str, str]) -> None:
    ingress = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  namespace: web
  creationTimestamp: "2024-01-01T00:00:00Z"
  annotations:
    nginx.ingress.kubernetes.io/use-regex: "{regex}"
    nginx.ingress.kubernetes.io/{annotation}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - path: {path}
        pathType: {kind}
        backend: {{service: {{name: shop, port: {{number: 80}}}}}}
---"""
    regex = str("(" in paths[1]).lower()
    limited = {"name": "a", "annotation": 'limit-rps: "5"', "kind": "Exact", "path": paths[0]}
    closed = {"name": "b", "annotation": "backend-protocol: FCGI", "path": paths[1]}
    closed["kind"] = "ImplementationSpecific"
    text = "".join(ingress.format(**each, regex=regex) for each in (limited, closed))
    assert proved(text).unannounced == []


def of_kind(objects: Objects, kind: str) -> Objects:
    return [o for o in objects if o["kind"] == kind]


def routes(objects: Objects) -> Objects:
    return [r for o in of_kind(objects, "VirtualService") for r in o["spec"]["http"]]


def forwarding(objects: Objects) -> Objects:
    return [r for r in routes(objects) if "route" in r]


def drop(objects: Objects) -> None:
    service = of_kind(objects, "VirtualService")[0]["spec"]
    service["http"].remove(forwarding(objects)[-1])


def swap(objects: Objects) -> None:
    first, last = forwarding(objects)[0], forwarding(objects)[-1]
    first["route"], last["route"] = last["route"], first["route"]


def widen(objects: Objects) -> None:
    for route in forwarding(objects):
        for match in route.get("match", []):
            if match.get("uri") == {"exact": "/open"}:
                match["uri"] = {"prefix": "/open"}


def policy_path(objects: Objects) -> None:
    for policy in of_kind(objects, "AuthorizationPolicy"):
        for rule in policy["spec"]["rules"]:
            for operation in rule.get("to", []):
                paths = operation["operation"].get("paths")
                if paths:
                    operation["operation"]["paths"] = [p for p in paths if p == "/docs/"]


def policy_address(objects: Objects) -> None:
    for policy in of_kind(objects, "AuthorizationPolicy"):
        for rule in policy["spec"]["rules"]:
            for source in rule.get("from", []):
                if "notRemoteIpBlocks" in source["source"]:
                    source["source"]["notRemoteIpBlocks"] = ["0.0.0.0/0"]


def no_policy(objects: Objects) -> None:
    objects[:] = [o for o in objects if o["kind"] != "AuthorizationPolicy"]


def port(objects: Objects) -> None:
    forwarding(objects)[0]["route"][0]["destination"]["port"]["number"] = 81


def cors_origin(objects: Objects) -> None:
    for route in routes(objects):
        if "corsPolicy" in route:
            route["corsPolicy"]["allowOrigins"] = [{"regex": ".*"}]


MUTATIONS = [
    drop,
    swap,
    widen,
    policy_path,
    policy_address,
    no_policy,
    port,
    cors_origin,
]


def test_the_walkthrough_is_proved() -> None:
    proof = proved(WALKTHROUGH.read_text(encoding="utf-8"))
    assert proof.classes > 100
    assert not proof.unannounced, "\n".join(proof_lines(proof))


def test_the_shop_is_proved() -> None:
    proof = proved(SHOP)
    assert not proof.unannounced, "\n".join(proof_lines(proof))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.__name__)
def test_a_change_that_nothing_announces_is_shown(mutation: Callable[[Objects], None]) -> None:
    proof = proved(SHOP, mutation)
    assert proof.unannounced


def test_the_order_of_objects_changes_nothing() -> None:
    def shuffle(objects: Objects) -> None:
        random.Random("order").shuffle(objects)

    assert not proved(SHOP, shuffle).unannounced


def test_the_command_says_proved(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    result = CliRunner().invoke(command_line, ["verify", "-q", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("proved: ")
    assert "0 unannounced" in result.output


def test_the_command_shows_the_request(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    runner = CliRunner()
    out = tmp_path / "istio"
    converted = runner.invoke(
        command_line, ["convert", "-q", str(tmp_path / "shop.yaml"), "-o", str(out)]
    )
    assert converted.exit_code == 0, converted.output
    for policy in out.rglob("*.yaml"):
        text = policy.read_text(encoding="utf-8")
        if "kind: AuthorizationPolicy" in text:
            documents = text.split("---\n")
            others = [d for d in documents if "kind: AuthorizationPolicy" not in d]
            policy.write_text("---\n".join(others), encoding="utf-8")
    args = ["verify", "-q", str(tmp_path / "shop.yaml"), "--against", str(out)]
    result = runner.invoke(command_line, args)
    assert result.exit_code == 1, result.output
    assert "N2I900 access: curl" in result.output


def test_a_file_of_objects_that_cannot_be_read_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    out = tmp_path / "istio"
    command = ["convert", str(tmp_path / "shop.yaml"), "-q", "-o", str(out)]
    assert CliRunner().invoke(command_line, command).exit_code == 0
    (out / "broken.yaml").write_text("spec: [\n", encoding="utf-8")
    args = ["verify", "-q", str(tmp_path / "shop.yaml"), "--against", str(out)]
    result = CliRunner().invoke(command_line, args)
    assert result.exit_code == 3, result.output
    assert "broken.yaml:1: this YAML cannot be parsed" in result.stderr
    assert "proved" in result.stdout


def test_a_host_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    result = CliRunner().invoke(command_line, ["verify", str(tmp_path), "--host", "nowhere"])
    assert result.exit_code == 2


def test_explain_shows_both_sides(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    url = "http://shop.example.com/api/x"
    result = CliRunner().invoke(command_line, ["explain", str(tmp_path), url])
    assert result.exit_code == 0, result.output
    assert "location: location /api/" in result.output
    assert "308 https://shop.example.com/api/x" in result.output


def test_a_url_is_read_as_the_bytes_that_a_client_sends(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP.replace("/api", "/é"), encoding="utf-8")
    url = "https://shop.example.com/é/x"
    result = CliRunner().invoke(command_line, ["explain", str(tmp_path), url])
    assert result.exit_code == 0, result.output
    assert f"curl {url}" in result.output.replace("'", "")
    assert "location: location /é/" in result.output
    assert "announced by N2I913" in result.output


def test_explain_without_a_url_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(command_line, ["explain", str(tmp_path)])
    assert result.exit_code == 2
    assert "URL" in result.output


def with_snippet(snippet: str) -> str:
    """An Ingress with a snippet, and a controller that takes it."""
    return f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: ingress-nginx-controller, namespace: ingress-nginx}}
data: {{allow-snippet-annotations: "true", annotations-risk-level: Critical}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  annotations:
    nginx.ingress.kubernetes.io/configuration-snippet: "{snippet}"
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {{path: /, pathType: Prefix, backend: {{service: {{name: a, port: {{number: 80}}}}}}}}
"""


def test_a_lost_block_of_a_snippet_is_shown() -> None:
    def lose(objects: Objects) -> None:
        for each in of_kind(objects, "VirtualService"):
            each["spec"]["http"] = [r for r in each["spec"]["http"] if "route" in r]

    text = with_snippet("location ~ ^/(admin|private) { deny all; }")
    assert not proved(text).unannounced
    targets = [each.request.target for each in proved(text, lose).unannounced]
    assert {"/admin", "/private"} & set(targets)


def test_a_method_that_a_snippet_refuses_is_asked_for() -> None:
    text = with_snippet("if ($request_method !~ ^(GET|HEAD|POST)$) { return 405; }")

    def without_refusals(objects: Objects) -> None:
        for each in of_kind(objects, "VirtualService"):
            routes = each["spec"]["http"]
            routes[:] = [r for r in routes if r.get("directResponse") != {"status": 405}]

    assert not proved(text).unannounced
    [first, *_] = proved(text, without_refusals).unannounced
    assert first.request.method == "PUT"


def test_headers_that_others_are_made_of_are_left_out_once() -> None:
    values = Values()
    text = "%CEL(re.extract(request.headers['x-forwarded-for'], 'a', 'b'))% %REQ(X-Real-IP)%"
    values_of_route(values, {"headers": {"request": {"set": {"X-Original-Forwarded-For": text}}}})
    assert values.read == {"x-forwarded-for", "x-real-ip"}


def test_a_route_behind_one_that_takes_all_asks_for_nothing() -> None:
    conversion = api.convert_text(SHOP)
    both = sides(conversion, api.report(conversion)["findings"])
    decisions = host_decisions(both, conversion.config.servers[0], "shop.example.com")
    api_path = PathClass(frozenset(), "/api/")
    view = decisions.gateways[0]
    for scheme in SCHEMES:
        near = [matches for _, matches in view.routes_near(scheme, "/api/")]
        assert near and all(m.get("port") in (None, PORTS[scheme]) for each in near for m in each)
        paths = [m["uri"] for each in near for m in each if "uri" in m]
        assert not any(uri.get("exact") == "/open" for uri in paths)
    assert "source" in decisions.values(api_path).of
    assert "source" not in decisions.values(PathClass(frozenset(), "/open")).of


def test_codes_of_equal_counts_are_in_the_order_of_their_names() -> None:
    for codes in (["N2I2", "N2I1", "N2I3", "N2I3"], ["N2I3", "N2I1", "N2I3", "N2I2"]):
        lines = [*proof_lines(Proof(announced=Counter(codes)))]
        assert lines[lines.index("announced by:") + 1 :][:3] == [
            "  N2I3  2",
            "  N2I1  1",
            "  N2I2  1",
        ]
