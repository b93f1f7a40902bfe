"""``explain URL``: which rule wrote the fields that decide, and of which annotation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.cli import command_line
from nginx2istio.convert.convert import Conversion, convert
from nginx2istio.inputs.files import read
from nginx2istio.rule.loader import load
from nginx2istio.verify.compared import Compared, Proof
from nginx2istio.verify.explain.edit_fields import route_leaves
from nginx2istio.verify.explain.explained import explained
from nginx2istio.verify.proof import asked_hosts, requests_of
from nginx2istio.verify.sides import Sides, sides

FIXTURES = Path(__file__).parents[2] / "fixtures"


def ingress(case: str) -> Path:
    return FIXTURES / case / "ingress.yaml"


def as_text(case: str, *words: str) -> str:
    ran = CliRunner().invoke(command_line, ["explain", str(ingress(case)), *words])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def as_data(case: str, *words: str) -> Any:
    return json.loads(as_text(case, "--format", "json", *words))


def line_of(case: str, text: str) -> int:
    lines = ingress(case).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def by_rule(data: Any, rule: str) -> list[Any]:
    return [each for each in data["written_by"] if each["rule"] == rule]


def test_a_field_of_the_route_names_its_rule_and_annotation() -> None:
    case = "rewrite/forwarded-prefix"
    (part,) = by_rule(as_data(case, "http://shop.example.com/api/cart"), "rewrite")
    assert part["where"] == 'route "web/shop /api/(.*)" of VirtualService web/shop-example-com'
    assert (part["edit"], part["file"]) == ("Route", "rules/rewrite.py")
    assert "rewrite.uriRegexRewrite.rewrite" in part["fields"]
    origin = part["origins"][0]
    assert origin["field"] == "nginx.ingress.kubernetes.io/rewrite-target"
    assert origin["line"] == line_of(case, "rewrite-target")


def test_a_policy_that_denies_names_the_annotation_as_written() -> None:
    case = "access_list/allow"
    data = as_data(case, "https://shop.example.com/")
    assert data["istio"]["status"] == 403
    (part,) = by_rule(data, "access-list")
    assert part["where"].startswith("AuthorizationPolicy istio-system/nginx2istio-deny-")
    line = line_of(case, "whitelist-source-range")
    assert [(o["field"].rpartition("/")[2], o["line"]) for o in part["origins"]] == [
        ("whitelist-source-range", line)
    ]
    text = as_text(case, "https://shop.example.com/")
    denied = f"(whitelist-source-range, {ingress(case)}:{line})"
    assert f"  access: 192.0.2.1 is not allowed {denied}" in text


def test_a_destination_rule_names_who_wrote_which_policy() -> None:
    """The canary's destination has a policy of its own in place of the location's."""
    data = as_data("canary/sticky", "http://shop.example.com/")
    parts = {
        (each["where"], each["rule"])
        for each in data["written_by"]
        if each["where"].startswith("DestinationRule")
    }
    assert parts == {
        ("DestinationRule for shop.web.svc.cluster.local", "affinity"),
        ("DestinationRule for next.web.svc.cluster.local", "canary"),
    }


def test_an_envoy_filter_names_its_rule() -> None:
    data = as_data(
        "limits/trap-24-limits-are-never-dropped-silently",
        "--envoy-filters",
        "http://shop.example.com/",
    )
    filters = [e for e in data["written_by"] if e["where"].startswith("EnvoyFilter")]
    assert any(e["origins"] and e["file"] == "rules/limits.py" for e in filters)


def test_a_snippet_of_the_host_is_named_for_its_locations() -> None:
    case = "snippet_backends/services-and-files"
    (part,) = by_rule(as_data(case, "http://www.shop.example/docs/x"), "location-blocks")
    assert [(o["field"].rpartition("/")[2], o["line"]) for o in part["origins"]] == [
        ("server-snippet", line_of(case, "server-snippet"))
    ]


def test_nothing_wrote_what_no_request_comes_to() -> None:
    data = as_data("auth_tls/unchanged", "https://shop.example.com/")
    assert data["istio"]["status"] == 0 and data["written_by"] == []


def test_what_no_annotation_asks_for_is_by_default() -> None:
    text = as_text("access_list/allow", "http://shop.example.com/")
    assert "redirect.{authority, redirectCode, scheme}: rule ssl-redirect" in text
    assert "rules/ssl_redirect.py, by default" in text
    assert "(ssl-redirect, by default)" in text


def test_headers_of_both_sides_stand_once() -> None:
    text = as_text("access_list/allow", "--from", "10.1.2.3", "https://shop.example.com/a//b")
    assert text.count("x-real-ip: 10.1.2.3") == 1
    assert "the backend gets GET /a//b from nginx, GET /a/b from Istio" in text


def test_several_backends_stand_with_their_shares() -> None:
    text = as_text("canary/sticky", "http://shop.example.com/")
    assert "nginx: web/shop:80 (80 %) or web/next:80 (20 %)" in text


CASES = (
    "access_list/beside-a-pattern-of-pcre",
    "affinity/attributes-by-port",
    "auth_tls/unchanged",
    "canary/pattern-and-second",
    "cors/listed",
    "external_auth/app-root-inside",
    "mirror/unchanged",
    "redirect/unchanged",
    "server_alias/covered-names",
    "snippet_backends/services-and-files",
    "timeouts/unchanged",
)


@pytest.mark.parametrize("filters", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_no_field_of_a_route_is_without_its_writer(case: str, filters: bool) -> None:
    """Of each route that decides about some class of requests; 503 of closed paths is no rule's."""
    options = Options(envoy_filters=filters)
    conversion = convert(read([str(ingress(case))]), load(), options)
    both = sides(conversion, api.report(conversion, with_plan=False)["findings"])
    routes = [*_decisive_routes(conversion, both)]
    assert routes
    for name, fields, written in routes:
        assert fields <= written, (name, fields - written)


def _decisive_routes(conversion: Conversion, both: Sides) -> Any:
    known = set()
    for server, name in asked_hosts(both):
        for request in requests_of(both, server, name, Proof()):
            explanation = explained(conversion, both, request)
            names = _route_names(explanation.both)
            if not names or (name, request.scheme, names[-1]) in known:
                continue
            known.add((name, request.scheme, names[-1]))
            where = f'route "{names[-1]}" of VirtualService '
            parts = [each for each in explanation.written if each.where.startswith(where)]
            written = {field for each in parts for field in each.fields}
            objects = {each.where.removeprefix(where) for each in parts}
            for obj in conversion.objects:
                meta = obj["metadata"]
                if f"{meta['namespace']}/{meta['name']}" in objects:
                    for route in obj["spec"].get("http", ()):
                        if route.get("name") == names[-1] and "closed" not in names[-1]:
                            yield names[-1], {f for f, _ in route_leaves(route)}, written


def _route_names(both: Compared) -> list[str]:
    return [step.by for step in both.istio.trace if step.phase in ("route", "cors") and step.by]
