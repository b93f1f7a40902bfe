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
from typing import Any, Literal

from nginx2istio.base.records import record
from nginx2istio.istio import re2


@record(frozen=True, slots=True)
class RoutePaths:
    """The paths of one route. ``texts`` are its spellings; a regex has one and matches beginnings.

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
SPECIAL = re.compile(r"[*{}]")


def cover(areas: Sequence[RoutePaths]) -> list[PolicyPaths]:
    """How to say each area that is under a policy; areas are in the order of the routes."""
    groups = {area.group for area in areas}
    if len(groups) == 1:
        return [PolicyPaths() for _ in areas]
    shapes = [_shape(area) for area in areas]
    fits = [_fit(i, areas, shapes) if area.group else PolicyPaths() for i, area in enumerate(areas)]
    for i, area in enumerate(areas):
        same = [f for j, f in enumerate(fits) if j != i and areas[j].group == area.group]
        roots = [f for f in same if "/*" in f.paths] if area.group else []
        if fits[i].impossible and any(not f.but for f in roots):
            fits[i] = next(f for f in roots if not f.but)
        elif fits[i].refuse and any(_any_case_in(fits[i].paths, f) for f in roots):
            fits[i] = replace(fits[i], refuse="")
    return fits


def _any_case_in(paths: Sequence[str], root: PolicyPaths) -> bool:
    """Whether an area of the same group that covers all else takes these in any letter case."""
    return not _hits(_lower(root.but), _lower(paths))


def _lower(patterns: Sequence[str]) -> list[str]:
    return [pattern.lower() for pattern in patterns]


def operations(fits: Sequence[PolicyPaths]) -> list[dict[str, Any]]:
    """The ``paths`` and ``notPaths`` of an AuthorizationPolicy for some areas of one group."""
    operations: list[tuple[list[str], list[str]]] = []
    for fit in fits:
        if not fit.paths:
            return [{}]
        for paths, but in operations:
            if not _hits(but, fit.paths) and not _hits(fit.but, paths):
                paths += [p for p in fit.paths if p not in paths]
                but += [p for p in fit.but if p not in but]
                break
        else:
            operations.append((list(fit.paths), list(fit.but)))
    return [{"paths": paths} | ({"notPaths": but} if but else {}) for paths, but in operations]


def _hits(patterns: Sequence[str], others: Sequence[str]) -> bool:
    return any(_overlap(a, b) for a in patterns for b in others)


def _overlap(a: str, b: str) -> bool:
    """Whether two path patterns have a path in common."""
    if a.endswith("*") and b.endswith("*"):
        return a[:-1].startswith(b[:-1]) or b[:-1].startswith(a[:-1])
    if a.endswith("*"):
        return b.startswith(a[:-1])
    return a.startswith(b[:-1]) if b.endswith("*") else a == b


def _fit(index: int, areas: Sequence[RoutePaths], shapes: Sequence[_Shape]) -> PolicyPaths:
    area, shape = areas[index], shapes[index]
    if not shape.cover or shape.unsayable:
        return PolicyPaths(impossible=True)
    but: list[str] = []
    wider: list[int] = []
    cased: list[int] = []
    loose = False
    for other, (its, its_shape) in enumerate(zip(areas, shapes, strict=True)):
        if its.group == area.group:
            continue
        before = _before(other, index, areas)
        if before:
            but += [p for p in its_shape.inner if p not in but and _hits([p], shape.cover)]
        if its_shape.cover and not _hits(_lower(its_shape.cover), _lower(shape.cover)):
            continue
        if before and its_shape.tight and its_shape.inner:
            if its_shape.letters:
                cased.append(other)
        elif before:
            wider.append(other)
        loose = loose or not (before or shape.tight)
    return PolicyPaths(shape.cover, tuple(but), shape.refuse, tuple(wider), tuple(cased), loose)


def _before(other: int, index: int, areas: Sequence[RoutePaths]) -> bool:
    """Whether a route gets the paths that it has in common with another."""
    if (areas[other].kind == "exact") != (areas[index].kind == "exact"):
        return areas[other].kind == "exact"
    return other < index


def _shape(area: RoutePaths) -> _Shape:
    if area.kind == "regex":
        return _regex_shape(area.texts[0])
    star = "*" if area.kind == "prefix" else ""
    cover, inner = [], []
    for text in area.texts:
        special = SPECIAL.search(text)
        if special:
            cover.append(text[: special.start()] + "*")
        else:
            cover.append(text + star)
            inner.append(text + star)
    return _Shape(tuple(cover), tuple(inner), tight=len(cover) == len(inner))


@lru_cache(maxsize=4096)
def _regex_shape(pattern: str) -> _Shape:
    start, rest = literal_start(pattern)
    end = rest.replace("(?:", "(")
    if re2.alternatives(pattern) or SPECIAL.search(start) or not start.startswith("/"):
        return _Shape((), (), tight=False)
    open_end = end in ANY_REST or _matches_nothing(end)
    if start == "/" and not open_end:
        return _Shape((), (), tight=False)
    letters = any(c.isascii() and c.isalpha() for c in start)
    if open_end:
        paths: tuple[str, ...] = (start + "*",)
    elif end in SEGMENT:
        paths = (start, start + "/*")
    elif end == "$":
        paths = (start,)
    else:
        paths = (start + "*",)
    tight = open_end or end in SEGMENT or end == "$"
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
    tail = f"(?i:{rest})" if rest else ""
    return f"(?:{'|'.join(spellings)}){tail}" + ("" if rest.endswith((".*", "(.*)")) else ".*")


def _any_case(text: str) -> str:
    plain = re.sub(r"([^\w/-])", r"\\\1", text)
    return f"(?i:{plain})" if re.search("[A-Za-z]", text) else plain


def literal_beginning(pattern: str) -> str:
    """What every path that a location's pattern matches begins with, in any letter case."""
    return "" if re2.alternatives(pattern) else literal_start(pattern)[0]


def covering_regex(pattern: str) -> str:
    """A regular expression for RE2 that matches whatever the pattern of a location matches."""
    start = re.sub(r"([^\w/-])", r"\\\1", literal_beginning(pattern))
    return f"(?i){start}.*"


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
