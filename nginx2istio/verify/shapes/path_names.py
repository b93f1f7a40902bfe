"""The names in the paths of a class, replaced by numbers where nothing looks into a path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.nginx.model import Location
from nginx2istio.verify.path_classes import PathClass

_PLAIN = re.compile(r"/(?:(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]+(?:/|$))*")
"""A path that both sides take as it is written."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_FIRST_SEGMENT = re.compile(r"/[A-Za-z0-9._-]+")
_LONGEST = 200
"""Longer paths bear on limits of sizes."""
_READS_PATHS = re.compile(r"\$|:PATH|%PATH")
"""What puts a path, or a part of it, into a text."""


class PathNames:
    """The names in the paths of a class: all literal paths that match are their beginnings.

    A name ends where one of these does.
    """

    def __init__(
        self, location: Location, path: PathClass, routes: Iterable[tuple[Json, Sequence[Json]]]
    ):
        self.targets = (path.target, *path.further)
        self._numbers: dict[str, int] = {}
        literals = [location.path, location.declared]
        regular = location.match != "regex" and "rewrite-target" not in location.settings
        for route, matches in routes:
            regular = regular and not _looks_into_path(route, matches)
            literals += (text for match in matches for text in match.get("uri", {}).values())
        self.replaced = (
            regular
            and all(len(t) <= _LONGEST and _PLAIN.fullmatch(t.split("?")[0]) for t in self.targets)
            and all(path.target.startswith(text) for text in literals)
        )
        self._paths = (*self.targets, location.path, location.declared)
        self._ends = sorted({len(text) for text in literals})

    def stay(self, constants: Iterable[str]) -> bool:
        """Whether the paths have to stay as they are: something else has such a name, or reads it.

        A text that is made of a path has the first name in it, behind a slash.
        """
        if not self.replaced:
            return True
        segments = {m[0] for path in self._paths if (m := _FIRST_SEGMENT.match(path))}
        either = "|".join(map(re.escape, sorted(segments)))
        other = re.compile(rf"(?:{either})(?![A-Za-z0-9._-])")
        return any(
            _READS_PATHS.search(text) or (segments and other.search(text)) for text in constants
        )

    def text(self, target: str) -> str:
        """A target with numbers in place of the names of its path."""
        path, question, query = target.partition("?")
        parts = [0, *(end for end in self._ends if end < len(path)), len(path)]
        cut = (path[a:b] for a, b in pairwise(parts))
        return "|".join(_NAME.sub(self._number, part) for part in cut) + question + query

    def _number(self, name: re.Match[str]) -> str:
        return f"\0{self._numbers.setdefault(name[0], len(self._numbers))}\0"


def _looks_into_path(route: Json, matches: Iterable[Json]) -> bool:
    """Whether a route takes a path apart, or compares it in another way than as a beginning."""
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
