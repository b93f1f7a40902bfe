"""The paths of a route as an AuthorizationPolicy can say them.

A policy knows exact paths and beginnings of paths, in one letter case, and no order among them;
routes know regular expressions and take the first that matches. What a policy for some routes of a
host must cover is worked out here: it never covers less than those routes take.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from nginx2istio.base.records import record
from nginx2istio.istio import re2
from nginx2istio.istio.path_spellings import path_spellings, plain_beginning, spellings_regex
from nginx2istio.istio.policy.pattern_index import PatternIndex
from nginx2istio.istio.spelled_patterns import spelled


@record(frozen=True, slots=True)
class RoutePaths:
    """The paths of one route, decoded. ``texts`` are several for one path with several lengths.

    A regex has one text and matches beginnings.

    Areas with one ``group`` (not "") are under the same policy.
    """

    kind: Literal["exact", "prefix", "regex"]
    texts: tuple[str, ...]
    group: str


@record(frozen=True, slots=True)
class PolicyPaths:
    """How a policy says an area. No ``paths`` means all paths of the host.

    ``refuse`` is a regular expression for paths that the route takes and the policy does not (in
    another letter case): the route must not serve them. ``wider`` are the areas outside of the
    group that the policy covers as well, or may cover; ``cased`` those of which it covers other
    letter cases only. ``loose``: paths that begin like the area's, and are of later routes, are
    covered as well. ``impossible``: nothing short of the whole host would cover the area.
    """

    paths: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    refuse: str = ""
    wider: tuple[int, ...] = ()
    cased: tuple[int, ...] = ()
    loose: bool = False
    impossible: bool = False


@record(frozen=True, slots=True)
class _Shape:
    """Patterns that cover the area, patterns that are surely inside it."""

    cover: tuple[str, ...]
    inner: tuple[str, ...]
    refuse: str = ""
    letters: bool = False
    tight: bool = True
    unsayable: bool = False
    """Whether no regular expression tells the other letter cases, which the route must refuse."""


ANY_REST = (".*$", "(.*)$")
SEGMENT = ("(/|$)(.*)", "(/|$)", "(/|$).*", "(/|$)(.*)$", "(/.*)?$", "(/(.*))?$", "(/.*|$)")


def cover(areas: Sequence[RoutePaths]) -> list[PolicyPaths]:
    """How to say each area that is under a policy; areas are in the order of the routes."""
    groups = {area.group for area in areas}
    if len(groups) == 1:
        return [PolicyPaths() for _ in areas]
    shapes = [_shape(area) for area in areas]
    covers, anywhere = PatternIndex(), []
    for i, shape in enumerate(shapes):
        for pattern in _lower(shape.cover):
            covers.add(pattern, i)
        if not shape.cover:
            anywhere.append(i)
    fits = []
    for i, area in enumerate(areas):
        fit = PolicyPaths()
        if area.group:
            near = {j for p in _lower(shapes[i].cover) for j in covers.overlapping(p)}
            fit = _fit(i, sorted(near.union(anywhere)), areas, shapes)
        fits.append(fit)
    return _under_roots(areas, fits)


class _Root:
    """An area of a group that covers all but what ``but`` says; ``areas`` count those with it."""

    def __init__(self, fit: PolicyPaths):
        self.fit, self.areas = fit, 1
        self.but = PatternIndex(_lower(fit.but))

    def any_case(self, paths: Sequence[str]) -> bool:
        """Whether it takes these paths in any letter case."""
        return not self.but.overlaps(_lower(paths))


def _under_roots(areas: Sequence[RoutePaths], fits: list[PolicyPaths]) -> list[PolicyPaths]:
    """The areas, those left to the policy of a root in their group that has nothing to leave out.

    An area that no pattern covers is said as such a root is; one that a root takes in every letter
    case has nothing to refuse.
    """
    roots: dict[str, dict[int, _Root]] = {}
    for area, fit in zip(areas, fits, strict=True):
        if area.group and "/*" in fit.paths:
            roots.setdefault(area.group, {})[id(fit)] = _Root(fit)
    for i, (area, fit) in enumerate(zip(areas, fits, strict=True)):
        if not fit.impossible and not fit.refuse:
            continue
        of_group = roots.get(area.group, {})
        others = [root for root in of_group.values() if root.areas > 1 or root.fit is not fit]
        if fit.impossible:
            whole = next((root for root in others if not root.fit.but), None)
            if whole:
                fits[i] = whole.fit
                whole.areas += 1
        elif any(root.any_case(fit.paths) for root in others):
            fits[i] = replace(fit, refuse="")
            if id(fit) in of_group:
                of_group[id(fits[i])] = _Root(fits[i])
                del of_group[id(fit)]
    return fits


def _lower(patterns: Sequence[str]) -> list[str]:
    return [pattern.lower() for pattern in patterns]


def _fit(
    index: int, near: Sequence[int], areas: Sequence[RoutePaths], shapes: Sequence[_Shape]
) -> PolicyPaths:
    """How to say an area; ``near`` are, in order, those with paths in common in any letter case."""
    area, shape = areas[index], shapes[index]
    if not shape.cover or shape.unsayable:
        return PolicyPaths(impossible=True)
    covered = PatternIndex(shape.cover)
    but: list[str] = []
    listed: set[str] = set()
    wider: list[int] = []
    cased: list[int] = []
    loose = False
    for other in near:
        if areas[other].group == area.group:
            continue
        its_shape, before = shapes[other], _before(other, index, areas)
        if before:
            but += [p for p in its_shape.inner if p not in listed and covered.overlaps([p])]
            listed.update(its_shape.inner)
        if before and its_shape.tight and its_shape.inner:
            if its_shape.letters:
                cased.append(other)
        elif before:
            wider.append(other)
        loose = loose or not (before or shape.tight)
    return PolicyPaths(shape.cover, tuple(but), shape.refuse, tuple(wider), tuple(cased), loose)


def _before(other: int, index: int, areas: Sequence[RoutePaths]) -> bool:
    """Whether a route gets the paths that it has in common with another."""
    # Two exact ones have no path in common: what a cover has of the other one's is the other one's.
    return areas[other].kind == "exact" or (areas[index].kind != "exact" and other < index)


def _shape(area: RoutePaths) -> _Shape:
    if area.kind == "regex":
        return _regex_shape(area.texts[0])
    star = "*" if area.kind == "prefix" else ""
    cover, inner = [], []
    for text in area.texts:
        spellings = path_spellings(text)
        if not spellings:
            cover.append(plain_beginning(text) + "*")
        for spelling in spellings:
            cover.append(spelling + star)
            # A policy takes a star at the end for any rest.
            if star or not spelling.endswith("*"):
                inner.append(spelling + star)
    return _Shape(tuple(cover), tuple(inner), tight=len(cover) == len(inner))


@lru_cache(maxsize=4096)
def _regex_shape(pattern: str) -> _Shape:
    start, rest = literal_start(pattern)
    end = rest.replace("(?:", "(")
    starts = path_spellings(start)
    listed = bool(starts)
    starts = starts or (plain_beginning(start),)
    anything = starts == ("/",) != (start,)
    if re2.alternatives(pattern) or anything or not start.startswith("/"):
        return _Shape((), (), tight=False)
    open_end = end in ANY_REST or _matches_nothing(end)
    if start == "/" and not open_end:
        return _Shape((), (), tight=False)
    letters = any(c.isascii() and c.isalpha() for c in start)
    if open_end or not listed:
        ends: tuple[str, ...] = ("*",)
    elif end in SEGMENT:
        ends = ("", "/*")
    elif end == "$":
        ends = ("",)
    else:
        ends = ("*",)
    paths = tuple(each + end for each in starts for end in ends)
    tight = listed and (open_end or end in SEGMENT or end == "$")
    if "" in ends and any(each.endswith("*") for each in starts):
        tight = False  # a policy takes the star for any rest
    refuse = ""
    if letters:
        try:
            refuse = re2.compiled(_other_case(start, rest))
        except re2.Untranslatable:
            return _Shape(paths, (), letters=letters, tight=False, unsayable=True)
    return _Shape(paths, paths if tight else (), refuse, letters, tight)


def _matches_nothing(end: str) -> bool:
    """Whether the end of a pattern is found in front of anything.

    It is where it may be nothing, unless it has to be at an end. An end that RE2 can't read counts
    as one that is not: the pattern may match less than all that begins like it.
    """
    try:
        return not {"$", "\\"} & set(end) and re2.takes_nothing(end)
    except re2.Untranslatable:
        return False


def _other_case(start: str, rest: str) -> str:
    """A regular expression for what ``(?i)`` of a pattern matches beyond its own letter case."""
    spellings = []
    for i, char in enumerate(start):
        if char.isascii() and char.isalpha():
            ahead, behind = (_any_case(part) for part in (start[:i], start[i + 1 :]))
            spellings.append(f"{ahead}{char.swapcase()}{behind}")
    tail = f"(?i:{spelled(rest)})" if rest else ""
    return f"(?:{'|'.join(spellings)}){tail}" + ("" if rest.endswith((".*", "(.*)")) else ".*")


def _any_case(text: str) -> str:
    plain = spellings_regex(text)
    return f"(?i:{plain})" if re.search("[A-Za-z]", text) else plain


def literal_beginning(pattern: str) -> str:
    """What every path that a location's pattern matches begins with, in any letter case."""
    return "" if re2.alternatives(pattern) else literal_start(pattern)[0]


def covering_regex(pattern: str) -> str:
    """A regular expression for RE2 that matches whatever the pattern of a location matches."""
    return f"(?i){spellings_regex(literal_beginning(pattern))}.*"


def literal_start(pattern: str) -> tuple[str, str]:
    """What everything that a regular expression matches begins with, and the rest of it.

    ``/api/v1(/|$)`` is ``/api/v1`` and ``(/|$)``; ``/ab?c`` is ``/a`` and ``b?c``.
    """
    start, i = "", 0
    while i < len(pattern):
        char, width = pattern[i], 1
        if char == "\\" and i + 1 < len(pattern) and not pattern[i + 1].isalnum():
            char, width = pattern[i + 1], 2
        elif char in "\\.^$*+?()[]{}|":
            break
        if pattern[i + width : i + width + 1] in ("*", "+", "?", "{"):
            break
        start, i = start + char, i + width
    return start, pattern[i:]
