"""Joined routes answer each request as the rows do, first match first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nginx2istio.istio.assemble.merge_routes import merge_routes
from nginx2istio.istio.assemble.route_names import RouteNames
from nginx2istio.istio.assemble.route_rows import Row
from nginx2istio.istio.assemble.written_routes import written
from nginx2istio.istio.objects import Object

PORTS = (80, 443)
PATHS = ("/", "/a", "/a/", "/a/b", "/ab", "/b/c")
METHODS = ("GET", "OPTIONS")
TO_HTTPS: Object = {"redirect": {"scheme": "https", "redirectCode": 308}}
BODIES: tuple[Object, ...] = (
    TO_HTTPS,
    {"route": [{"destination": {"host": "one"}}]},
    {"route": [{"destination": {"host": "two"}}]},
    {"directResponse": {"status": 403}},
)
URIS: tuple[Object, ...] = (
    *({"exact": path} for path in PATHS),
    *({"prefix": path} for path in ("/", "/a", "/a/", "/b")),
    {"regex": "(?i)/a.*"},
)
CONDITIONS: tuple[Object, ...] = (
    {},
    {},
    {"method": {"exact": "OPTIONS"}},
    {"headers": {"x": {"exact": "1"}}},
)
SOURCES = ("web/shop /", "web/shop /a", "web/other /a/b")


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Rows as a host's: a few shared answers before each path's own, or any at all."""
    drawn = []
    shared = draw(st.lists(st.tuples(st.sampled_from(CONDITIONS), PORT_SETS), max_size=2))
    for uri in draw(st.lists(st.sampled_from(URIS), max_size=6)):
        source = draw(st.sampled_from(SOURCES))
        for conditions, ports in shared:
            drawn.append(Row({**conditions, "uri": uri}, ports, TO_HTTPS, source, "https"))
        for _ in range(draw(st.integers(1, 2))):
            match = {**draw(st.sampled_from(CONDITIONS)), "uri": uri}
            body = draw(st.sampled_from(BODIES))
            drawn.append(Row(match, draw(PORT_SETS), body, source))
    return drawn


PORT_SETS = st.sampled_from([frozenset({80}), frozenset({443}), frozenset(PORTS)])


def takes(match: Mapping[str, Any], port: int, path: str, method: str, header: str) -> bool:
    """Whether an HTTPMatchRequest takes a request."""
    if match.get("port", port) != port:
        return False
    if match.get("method", {}).get("exact", method) != method:
        return False
    if match.get("headers", {}).get("x", {}).get("exact", header) != header:
        return False
    for kind, text in match.get("uri", {}).items():
        if kind == "exact" and path != text:
            return False
        if kind == "prefix" and not path.startswith(text):
            return False
        if kind == "regex" and not re.fullmatch(text, path):
            return False
    return True


def requests() -> Iterable[tuple[int, str, str, str]]:
    """Requests that tell all of the matches apart."""
    return product(PORTS, (*PATHS, "/abc", "/A", "/a/b/c", "/b"), METHODS, ("", "1"))


@given(rows())
def test_each_request_is_answered_as_by_the_rows(rows: list[Row]) -> None:
    routes = list(written(merge_routes(rows, PORTS, {}), PORTS, (), RouteNames(()).of_host()))
    for request in requests():
        by_rows = next(
            (r.body for r in rows if request[0] in r.ports and takes(r.match, *request)), None
        )
        by_routes = next(
            (r for r in routes if any(takes(m, *request) for m in r.get("match", [{}]))), {}
        )
        assert {k: v for k, v in by_routes.items() if k not in ("name", "match")} == (
            by_rows or {}
        ), request


@given(rows())
def test_names_are_given_once(rows: list[Row]) -> None:
    routes = list(written(merge_routes(rows, PORTS, {}), PORTS, (), RouteNames(()).of_host()))
    names = [route["name"] for route in routes]
    assert len(names) == len(set(names))


def paths(host: Iterable[tuple[str, Object]]) -> list[Row]:
    return [
        Row({"uri": {kind: path}}, frozenset(PORTS), body, f"web/shop {path.rstrip('/')}")
        for path, body in host
        for kind in (("exact", "prefix") if path != "/" else ("prefix",))
    ]


def test_paths_of_an_ingress_with_one_action_are_one_route() -> None:
    rows = paths([("/a", BODIES[1]), ("/b", BODIES[1]), ("/", BODIES[2])])
    (route, rest) = written(merge_routes(rows, PORTS, {}), PORTS, (), RouteNames(()).of_host())
    assert route["name"] == "web/shop /a, /b"
    assert [m["uri"] for m in route["match"]] == [r.match["uri"] for r in rows[:4]]
    assert rest["match"] == [{"uri": {"prefix": "/"}}]


def test_the_redirect_to_https_stands_once_and_first() -> None:
    rows = []
    for row in paths([("/a", BODIES[1]), ("/", BODIES[2])]):
        rows.append(Row(row.match, frozenset({80}), TO_HTTPS, row.source, "https"))
        rows.append(Row(row.match, frozenset({443}), row.body, row.source))
    routes = list(written(merge_routes(rows, PORTS, {}), PORTS, (), RouteNames(()).of_host()))
    assert routes[0] == {"name": "redirect to https", "match": [{"port": 80}], **TO_HTTPS}
    assert not any("port" in match for route in routes[1:] for match in route["match"])


def test_paths_that_envoy_filters_treat_apart_stay_apart() -> None:
    rows = [
        Row(r.match, r.ports, r.body, r.source, known_as=r.source)
        for r in paths([("/a", BODIES[1]), ("/b", BODIES[1])])
    ]
    assert len(merge_routes(rows, PORTS, {})) == 1
    assert len(merge_routes(rows, PORTS, {"web/shop /a": "limited"})) == 2
    same = {"web/shop /a": "limited", "web/shop /b": "limited"}
    assert len(merge_routes(rows, PORTS, same)) == 1


def test_a_patch_reaches_all_routes_of_its_location() -> None:
    def patch(name: str) -> Object:
        vhost = {"route": {"name": name}}
        return {"match": {"routeConfiguration": {"vhost": vhost}}, "patch": {"value": {}}}

    body = {
        "kind": "EnvoyFilter",
        "metadata": {"name": "f", "namespace": "n"},
        "spec": {"configPatches": [patch("web/shop /a"), patch("web/shop /b"), patch("other")]},
    }
    names = RouteNames([body])
    rows = []
    for path in ("/a", "/b"):
        uri, source = {"uri": {"exact": path}}, f"web/shop {path}"
        denied = {**uri, "headers": {"x": {}}}
        rows.append(Row(denied, frozenset(PORTS), BODIES[3], source, "403", source))
        rows.append(Row(uri, frozenset(PORTS), BODIES[1], source, "", source))
    list(written(merge_routes(rows, PORTS, names.patches), PORTS, (), names.of_host()))
    patches = names.addressed(body)["spec"]["configPatches"]
    assert [p["match"]["routeConfiguration"]["vhost"]["route"]["name"] for p in patches] == [
        "web/shop /a, /b 403",
        "web/shop /a, /b",
        "other",
    ]
    assert names.sources["web/shop /a, /b"] == ("web/shop /a", "web/shop /b")
