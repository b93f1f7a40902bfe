"""The nodes of a regular expression, out of what Python's parser makes of it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_LAST = 0x110000


class NotRegular(ValueError):
    """A pattern that is no regular expression, such as one with a back reference."""


Edges = tuple[tuple[tuple[int, int], ...], int]
"""Ranges of characters, and the node that they lead to."""


@dataclass
class RegexNodes:
    """The nodes of a regular expression, made once (Thompson's construction)."""

    edges: list[list[Edges]] = field(default_factory=list)
    empty: list[list[int]] = field(default_factory=list)
    at_start: dict[int, int] = field(default_factory=dict)
    at_end: dict[int, int] = field(default_factory=dict)
    first: int = 0
    last: int = 0

    def closure(self, nodes: Iterable[int]) -> frozenset[int]:
        """The nodes and all that they lead to without a character."""
        closed = set(nodes)
        todo = list(closed)
        while todo:
            for other in self.empty[todo.pop()]:
                if other not in closed:
                    closed.add(other)
                    todo.append(other)
        return frozenset(closed)

    def beginning(self) -> frozenset[int]:
        """The nodes before the first character, where ``^`` holds."""
        closed = self.closure({self.first})
        while passed := {self.at_start[n] for n in closed if n in self.at_start} - closed:
            closed = self.closure(closed | passed)
        return closed

    def following(self, nodes: Iterable[int], char: str) -> frozenset[int]:
        """The nodes after one more character."""
        code = ord(char)
        return self.closure(
            to
            for node in nodes
            for ranges, to in self.edges[node]
            if any(low <= code <= high for low, high in ranges)
        )


def regex_nodes(pattern: str, whole: bool, any_case: bool = False) -> RegexNodes:
    """The nodes of a pattern over text of ASCII. Raises NotRegular, re.error."""
    flags = re.IGNORECASE if any_case else 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = parser.parse(pattern, flags)
    nodes = RegexNodes()
    build = _Build(nodes, bool(parsed.state.flags & re.IGNORECASE))
    nodes.first, nodes.last = build.node(), build.node()
    build.sequence(list(parsed), nodes.first, nodes.last)
    if not whole:
        nodes.edges[nodes.last].append((((0, _LAST),), nodes.last))
    return nodes


class _Build:
    """Builds the nodes of one pattern out of what Python's parser makes of it."""

    def __init__(self, nodes: RegexNodes, any_case: bool):
        self.nodes, self.any_case = nodes, any_case

    def node(self) -> int:
        self.nodes.edges.append([])
        self.nodes.empty.append([])
        return len(self.nodes.edges) - 1

    def link(self, a: int, b: int) -> None:
        self.nodes.empty[a].append(b)

    def sequence(self, items: Sequence[Any], first: int, last: int) -> None:
        at = first
        for item in items:
            after = self.node()
            self.item(item, at, after)
            at = after
        self.link(at, last)

    def item(self, item: tuple[Any, Any], first: int, last: int) -> None:
        kind, value = item
        if kind is constants.LITERAL:
            self.edge(first, [(value, value)], last)
        elif kind is constants.NOT_LITERAL:
            self.edge(first, _inverted([(value, value)], self.any_case), last, False)
        elif kind is constants.ANY:
            self.edge(first, [(0, 9), (11, _LAST)], last, False)
        elif kind is constants.IN:
            self.members(value, first, last)
        elif kind is constants.BRANCH:
            for branch in value[1]:
                self.sequence(list(branch), first, last)
        elif kind is constants.SUBPATTERN:
            _, added, removed, inner = value
            outer = self.any_case
            if added & re.IGNORECASE:
                self.any_case = True
            if removed & re.IGNORECASE:
                self.any_case = False
            self.sequence(list(inner), first, last)
            self.any_case = outer
        elif kind in (constants.MAX_REPEAT, constants.MIN_REPEAT):
            self.repeat(value, first, last)
        elif kind is constants.AT:
            self.place(value, first, last)
        else:
            raise NotRegular(str(kind))

    def place(self, where: Any, first: int, last: int) -> None:
        if where in (constants.AT_BEGINNING, constants.AT_BEGINNING_STRING):
            self.nodes.at_start[first] = last
        elif where in (constants.AT_END, constants.AT_END_STRING):
            self.nodes.at_end[first] = last
        else:
            raise NotRegular(str(where))

    def repeat(self, value: tuple[int, Any, Any], first: int, last: int) -> None:
        least, most, inner = value
        at = first
        for _ in range(min(least, 64)):
            after = self.node()
            self.sequence(list(inner), at, after)
            at = after
        if most is constants.MAXREPEAT or most > 64:
            loop, after = self.node(), self.node()
            self.link(at, loop)
            self.sequence(list(inner), loop, after)
            self.link(after, loop)
            self.link(loop, last)
            return
        self.link(at, last)
        for _ in range(most - least):
            after = self.node()
            self.sequence(list(inner), at, after)
            self.link(after, last)
            at = after

    def members(self, members: Sequence[tuple[Any, Any]], first: int, last: int) -> None:
        ranges: list[tuple[int, int]] = []
        negated = False
        for kind, value in members:
            if kind is constants.NEGATE:
                negated = True
            elif kind is constants.LITERAL:
                ranges.append((value, value))
            elif kind is constants.RANGE:
                ranges.append(value)
            elif kind is constants.CATEGORY:
                ranges += _category(value)
            else:
                raise NotRegular(str(kind))
        if negated:
            self.edge(first, _inverted(ranges, self.any_case), last, False)
        else:
            self.edge(first, ranges, last)

    def edge(
        self, first: int, ranges: Sequence[tuple[int, int]], last: int, cases: bool = True
    ) -> None:
        if cases and self.any_case:
            ranges = _both_cases(ranges)
        self.nodes.edges[first].append((tuple(ranges), last))


def _both_cases(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    both = []
    for low, high in ranges:
        both.append((low, high))
        for begin, end, shift in ((65, 90, 32), (97, 122, -32)):
            a, b = max(low, begin), min(high, end)
            if a <= b:
                both.append((a + shift, b + shift))
    return both


def _inverted(ranges: Iterable[tuple[int, int]], any_case: bool) -> list[tuple[int, int]]:
    if any_case:
        ranges = _both_cases(ranges)
    at, rest = 0, []
    for low, high in sorted(ranges):
        if low > at:
            rest.append((at, low - 1))
        at = max(at, high + 1)
    return [*rest, (at, _LAST)]


_WORD = [(48, 57), (65, 90), (95, 95), (97, 122)]
_SPACE = [(9, 13), (32, 32)]
_CATEGORIES: Mapping[Any, list[tuple[int, int]]] = {
    constants.CATEGORY_DIGIT: [(48, 57)],
    constants.CATEGORY_NOT_DIGIT: _inverted([(48, 57)], False),
    constants.CATEGORY_WORD: _WORD,
    constants.CATEGORY_NOT_WORD: _inverted(_WORD, False),
    constants.CATEGORY_SPACE: _SPACE,
    constants.CATEGORY_NOT_SPACE: _inverted(_SPACE, False),
}


def _category(category: Any) -> list[tuple[int, int]]:
    return _CATEGORIES[category]
