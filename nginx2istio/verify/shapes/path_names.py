"""The names in the paths of a class, left out where nothing looks into a path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.nginx.model import Location

_PLAIN = re.compile(r"/(?:(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]+(?:/|$))*")
"""A path that both sides take as it is written."""
_SEGMENT = re.compile(r"/[A-Za-z0-9._-]+")
_NAME = re.compile(r"%[0-9A-Fa-f]{2}|[A-Za-z0-9_-]+")
_LONGEST = 200
"""Longer paths bear on limits of sizes."""
_READS_PATHS = re.compile(r"\$|:path|%path|request\.(?:url_)?path|request\.query", re.IGNORECASE)
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
    """Whether the names in the paths of a class matter.

    ``targets`` are those that are asked for, ``uris`` what routes compare; ``looked`` is whether
    something looks into the paths.
    ``copied``: all that is done with them is that they go whole into a redirect; ``passed``:
    that they go whole to the backend.
    """

    def __init__(
        self,
        location: Location,
        targets: Sequence[str],
        uris: Iterable[str],
        looked: bool,
        copied: bool = False,
        passed: bool = False,
    ):
        self.targets = (*targets,)
        self.literals = (location.path, location.declared)
        self.copied, self.passed = copied, passed
        plain = copied or (
            all(_PLAIN.fullmatch(target.split("?")[0]) for target in self.targets)
            and all(targets[0].startswith(text) for text in (*self.literals, *uris))
        )
        self.replaced = not looked and plain and all(len(t) <= _LONGEST for t in self.targets)
        paths = (*self.targets, *self.literals)
        self._first_segments = {m[0] for path in paths if (m := _SEGMENT.match(path))}

    def stay(self, constants: Iterable[PathsIn]) -> bool:
        """Whether the paths have to stay as they are: something else has such a name, or reads it.

        A text that is made of a path has the first name in it, behind a slash.
        """
        return not self.replaced or any(
            each.read or not self._first_segments.isdisjoint(each.segments) for each in constants
        )

    def without_names(self) -> object:
        """What answers depend on where no name matters: roots, and slashes at the end.

        A redirect to https drops such a slash; that of nginx itself adds one to the location's.
        """
        if self.copied:
            first, *others = map(_copied, self.targets)
            return first, *sorted(others)
        if self.passed:
            return len(self.targets)
        own, declared = self.literals
        targets = [(t in (own, "/"), t.endswith("/"), "?" in t) for t in self.targets]
        return own == "/", declared == "/", own == declared, targets[0], sorted(targets[1:])


def _copied(target: str) -> str:
    """A target without names, a plain path of some segments as one of one segment."""
    path, question, query = target.partition("?")
    if _PLAIN.fullmatch(path):
        path = "/" if path == "/" else "/a/" if path.endswith("/") else "/a"
    return _NAME.sub(_without_letters, path + question + query)


def _without_letters(name: re.Match[str]) -> str:
    """An escaped byte as it is, "a" for a name."""
    return name[0] if name[0].startswith("%") else "a"


def looks_into_path(location: Location, routes: Iterable[tuple[Json, Sequence[Json]]]) -> bool:
    """Whether a path is taken apart, or compared in another way than as a beginning."""
    if location.match == "regex" or "rewrite-target" in location.settings:
        return True
    return any(rewrites(route) or _looks_into_path(matches) for route, matches in routes)


def rewrites(route: Json) -> bool:
    """Whether a route puts something in place of a path."""
    rewritten = {"uri", "uriRegexRewrite"} & route.get("rewrite", {}).keys()
    return bool(rewritten) or "uri" in route.get("redirect", {})


def _looks_into_path(matches: Iterable[Json]) -> bool:
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
