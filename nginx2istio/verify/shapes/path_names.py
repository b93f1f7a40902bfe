"""The names in the paths of a class, replaced by numbers where nothing looks into a path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.nginx.model import Location
from nginx2istio.verify.path_classes import PathClass

_PLAIN = re.compile(r"/(?:(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]+(?:/|$))*")
"""A path that both sides take as it is written."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_SEGMENT = re.compile(r"/[A-Za-z0-9._-]+")
_LONGEST = 200
"""Longer paths bear on limits of sizes."""
_READS_PATHS = re.compile(r"\$|:PATH|%PATH")
"""What puts a path, or a part of it, into a text."""


@dataclass(frozen=True, slots=True)
class PathsIn:
    """What a text has to do with paths: whether one is put in, and its names behind slashes."""

    read: bool = False
    segments: frozenset[str] = frozenset()

    @classmethod
    def of(cls, text: str) -> PathsIn:
        """Of a text that is part of a shape."""
        return cls(_READS_PATHS.search(text) is not None, frozenset(_SEGMENT.findall(text)))

    def joined(self, others: Iterable[PathsIn]) -> PathsIn:
        """Of a text with others in it."""
        every = (self, *others)
        segments = frozenset[str]().union(*(each.segments for each in every))
        return PathsIn(any(each.read for each in every), segments)


class PathNames:
    """The names in the paths of a class: all literal paths that match are their beginnings.

    A name ends where one of these does. ``uris`` are what routes compare, by kind; ``looked`` is
    whether something looks into the paths.
    """

    def __init__(
        self, location: Location, path: PathClass, uris: Iterable[tuple[str, str]], looked: bool
    ):
        self.targets = (path.target, *path.further)
        self._numbers: dict[str, int] = {}
        literals = [location.path, location.declared, *(text for _, text in uris)]
        self.replaced = (
            not looked
            and all(len(t) <= _LONGEST and _PLAIN.fullmatch(t.split("?")[0]) for t in self.targets)
            and all(path.target.startswith(text) for text in literals)
        )
        paths = (*self.targets, location.path, location.declared)
        self._first_segments = {m[0] for path in paths if (m := _SEGMENT.match(path))}
        self._ends = sorted({len(text) for text in literals})

    def stay(self, constants: Iterable[PathsIn]) -> bool:
        """Whether the paths have to stay as they are: something else has such a name, or reads it.

        A text that is made of a path has the first name in it, behind a slash.
        """
        return not self.replaced or any(
            each.read or not self._first_segments.isdisjoint(each.segments) for each in constants
        )

    def text(self, target: str) -> str:
        """A target with numbers in place of the names of its path."""
        path, question, query = target.partition("?")
        parts = [0, *(end for end in self._ends if end < len(path)), len(path)]
        cut = (path[a:b] for a, b in pairwise(parts))
        return "|".join(_NAME.sub(self._number, part) for part in cut) + question + query

    def _number(self, name: re.Match[str]) -> str:
        return f"\0{self._numbers.setdefault(name[0], len(self._numbers))}\0"


def looks_into_path(location: Location, routes: Iterable[tuple[Json, Sequence[Json]]]) -> bool:
    """Whether a path is taken apart, or compared in another way than as a beginning."""
    if location.match == "regex" or "rewrite-target" in location.settings:
        return True
    return any(_looks_into_path(route, matches) for route, matches in routes)


def _looks_into_path(route: Json, matches: Iterable[Json]) -> bool:
    if {"uri", "uriRegexRewrite"} & route.get("rewrite", {}).keys():
        return True
    if "uri" in route.get("redirect", {}):
        return True
    return any(
        match.get("uri", {}).keys() - {"exact", "prefix"}
        or match.get("ignoreUriCase")
        or any(
            name.startswith(":")
            for side in ("headers", "withoutHeaders")
            for name in match.get(side, ())
        )
        for match in matches
    )
