"""Which path patterns of an AuthorizationPolicy have a path in common, without comparing all pairs.

A pattern is an exact path, or the beginning of paths with a star behind it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from itertools import islice

MAX_INSERTS = 16
"""So many new texts are put into their places one by one; more are sorted with all others."""


class PatternIndex:
    """Patterns, each with the numbers of those who have it."""

    __slots__ = ("added", "beginnings", "exact", "lengths", "texts")

    def __init__(self, patterns: Iterable[str] = ()):
        self.beginnings: dict[str, list[int]] = {}
        self.exact: dict[str, list[int]] = {}
        self.lengths: dict[int, None] = {}
        """The lengths of the beginnings."""
        self.texts: list[str] = []
        """Both kinds in order, without stars; a text of both kinds stands there twice."""
        self.added: list[str] = []
        """Texts that are not in their places yet."""
        for pattern in patterns:
            self.add(pattern)

    def add(self, pattern: str, number: int = 0) -> None:
        """Adds a pattern of ``number``."""
        if pattern.endswith("*"):
            text, numbers = pattern[:-1], self.beginnings
            self.lengths[len(text)] = None
        else:
            text, numbers = pattern, self.exact
        if text not in numbers:
            numbers[text] = []
            self.added.append(text)
        numbers[text].append(number)

    def __contains__(self, pattern: str) -> bool:
        if pattern.endswith("*"):
            return pattern[:-1] in self.beginnings
        return pattern in self.exact

    def overlapping(self, pattern: str) -> Iterator[int]:
        """The numbers whose patterns have a path in common with this one; some come twice."""
        if not pattern.endswith("*"):
            yield from self.exact.get(pattern, ())
            for text in self._around(pattern):
                yield from self.beginnings[text]
            return
        start = pattern[:-1]
        for text in self._around(start):
            yield from self.beginnings[text]
        last = None
        for text in self._from(start):
            if text != last and text != start:
                yield from self.beginnings.get(text, ())
            if text != last:
                yield from self.exact.get(text, ())
            last = text

    def overlaps(self, patterns: Iterable[str]) -> bool:
        """Whether any of the patterns has a path in common with one of these."""
        return any(True for pattern in patterns for _ in self.overlapping(pattern))

    def _around(self, path: str) -> Iterator[str]:
        """The beginnings that a path, or all paths that begin with it, have."""
        for length in self.lengths:
            if length <= len(path) and path[:length] in self.beginnings:
                yield path[:length]

    def _from(self, start: str) -> Iterator[str]:
        """The texts that begin with another, in order."""
        if len(self.added) > MAX_INSERTS:
            self.texts += self.added
            self.texts.sort()
        else:
            for text in self.added:
                insort(self.texts, text)
        self.added.clear()
        for text in islice(self.texts, bisect_left(self.texts, start), None):
            if not text.startswith(start):
                return
            yield text
