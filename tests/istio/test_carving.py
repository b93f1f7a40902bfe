"""A policy carved out of the paths of a host covers all that its routes serve."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nginx2istio.istio.policy.operations import operations
from nginx2istio.istio.policy.path_patterns import (
    PolicyPaths,
    RoutePaths,
    cover,
    literal_start,
)

SEGMENTS = st.sampled_from(["a", "ab", "b", "A", "aB", ""])
PATHS = st.lists(SEGMENTS, max_size=3).map(lambda segments: "/" + "/".join(segments))
ENDS = st.sampled_from(
    ["", "/", "(/|$)(.*)", "/.*", "$", "/[a-z]+", "b?", "(/x|b)?/c", "(.*)", "/?(.*)", "(b|/)?"]
)
GROUPS = st.sampled_from(["", "one", "two"])


def routed(path: str, areas: list[RoutePaths]) -> RoutePaths | None:
    """The area that nginx gives a path to."""
    for area in areas:
        if area.kind == "exact" and path in area.texts:
            return area
    for area in areas:
        text = area.texts[0]
        if area.kind == "prefix" and path.startswith(text):
            return area
        if area.kind == "regex" and re.match(text, path, re.IGNORECASE):
            return area
    return None


def matches(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


def covered(path: str, fits: list[PolicyPaths]) -> bool:
    """What Envoy's RBAC filter makes of a policy with these operations."""
    return any(
        any(matches(p, path) for p in operation.get("paths", ["*"]))
        and not any(matches(p, path) for p in operation.get("notPaths", []))
        for operation in operations(fits)
    )


@st.composite
def plain_areas(draw: st.DrawFn, paths: st.SearchStrategy[str] = PATHS) -> list[RoutePaths]:
    kinds: st.SearchStrategy[Literal["exact", "prefix"]] = st.sampled_from(["exact", "prefix"])
    areas = draw(st.lists(st.tuples(kinds, paths, GROUPS), min_size=1, max_size=5))
    unique = {(kind, path): RoutePaths(kind, (path,), group) for kind, path, group in areas}
    return sorted(unique.values(), key=lambda a: -len(a.texts[0]))


@st.composite
def regex_areas(draw: st.DrawFn) -> list[RoutePaths]:
    areas = draw(st.lists(st.tuples(PATHS, ENDS, GROUPS), min_size=1, max_size=5))
    unique = {path + end: RoutePaths("regex", (path + end,), group) for path, end, group in areas}
    return sorted(unique.values(), key=lambda a: -len(a.texts[0]))


@given(plain_areas(), PATHS)
def test_plain_paths_are_covered_exactly(areas: list[RoutePaths], path: str) -> None:
    fits = cover(areas)
    area = routed(path, areas)
    for group in ("one", "two"):
        mine = [f for f, a in zip(fits, areas, strict=True) if a.group == group]
        if mine and area is not None:
            assert covered(path, mine) == (area.group == group)


@example([RoutePaths("exact", ("/(a|b)/?(.*)",), "one"), RoutePaths("exact", ("/a/",), "")], "/a/")
@given(plain_areas(PATHS | PATHS.map("{}/(a|b)/?(.*)".format)), PATHS)
def test_an_exact_path_keeps_out_of_a_cover_that_is_too_wide(
    areas: list[RoutePaths], path: str
) -> None:
    fits = cover(areas)
    area = routed(path, areas)
    for group in ("one", "two"):
        mine = [f for f, a in zip(fits, areas, strict=True) if a.group == group]
        if mine and area is not None:
            assert covered(path, mine) or area.group != group
            assert not covered(path, mine) or area.kind != "exact" or area.group == group


@given(regex_areas(), PATHS)
def test_a_regex_route_serves_nothing_that_its_policy_leaves_out(
    areas: list[RoutePaths], path: str
) -> None:
    fits = cover(areas)
    area = routed(path, areas)
    if area is None or not area.group:
        return
    fit = fits[areas.index(area)]
    if fit.impossible or (fit.refuse and re.fullmatch(fit.refuse, path)):
        return
    mine = [
        f for f, a in zip(fits, areas, strict=True) if a.group == area.group and not f.impossible
    ]
    assert covered(path, mine)


@given(regex_areas(), PATHS)
def test_what_is_covered_beyond_the_group_is_told(areas: list[RoutePaths], path: str) -> None:
    fits = cover(areas)
    area = routed(path, areas)
    for group in ("one", "two"):
        mine = [
            f for f, a in zip(fits, areas, strict=True) if a.group == group and not f.impossible
        ]
        if area is not None and area.group != group and mine and covered(path, mine):
            index = areas.index(area)
            assert any(index in (*f.wider, *f.cased) or f.loose for f in mine)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"/api/v\.1(/|$)(.*)", ("/api/v.1", "(/|$)(.*)")),
        ("/ab?c", ("/a", "b?c")),
        ("/x", ("/x", "")),
        (r"/a\d", ("/a", r"\d")),
    ],
)
def test_literal_start(pattern: str, expected: tuple[str, str]) -> None:
    assert literal_start(pattern) == expected


def test_one_policy_for_all_paths_names_none() -> None:
    areas = [RoutePaths("regex", ("/a(/|$)(.*)",), "one"), RoutePaths("regex", ("/",), "one")]
    assert operations(cover(areas)) == [{}]


def test_a_pattern_without_beginning_is_impossible() -> None:
    areas = [RoutePaths("regex", ("/(x|y)",), "one"), RoutePaths("regex", ("/",), "")]
    assert [fit.impossible for fit in cover(areas)] == [True, False]
