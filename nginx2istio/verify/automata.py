"""Languages of paths as automata: literal paths as one trie, regular expressions one by one.

An automaton has a ``start``, ``step(state, character)``,
``accepted(state)`` (what matches a path that ends here), ``settled(state)`` (whether no further
character changes that) and ``characters(state)``: those that lead elsewhere than all others do.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

EMPTY: frozenset[int] = frozenset()
_LAST = 0x110000


class NotRegular(ValueError):
    """A pattern that is no regular expression, such as one with a back reference."""


Edges = tuple[tuple[tuple[int, int], ...], int]
"""Ranges of characters, and the node that they lead to."""


@dataclass
class _Nodes:
    """The nodes of a regular expression, made once (Thompson's construction)."""

    edges: list[list[Edges]] = field(default_factory=list)
    empty: list[list[int]] = field(default_factory=list)
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

    def following(self, nodes: Iterable[int], char: str) -> frozenset[int]:
        """The nodes after one more character."""
        code = ord(char)
        return self.closure(
            to
            for node in nodes
            for ranges, to in self.edges[node]
            if any(low <= code <= high for low, high in ranges)
        )


class Regex:
    """A regular expression, matched from the first character on.

    Whole: the path has to end where the pattern does; else (nginx's ``~``) any rest will do.
    A state is the number of a set of nodes, made when a text first comes to it; that of none is 0.
    """

    start = 1

    def __init__(self, nodes: _Nodes, whole: bool):
        self.whole = whole
        self._nodes = nodes
        self._numbers: dict[frozenset[int], int] = {}
        self._states: list[frozenset[int]] = []
        self._steps: list[dict[str, int]] = []
        self._characters: list[frozenset[str] | None] = []
        self._accepted: list[bool] = []
        self._number(EMPTY)
        self._number(nodes.closure({nodes.first}))

    def _number(self, nodes: frozenset[int]) -> int:
        number = self._numbers.setdefault(nodes, len(self._states))
        if number == len(self._states):
            passed = {self._nodes.at_end[node] for node in nodes & self._nodes.at_end.keys()}
            self._states.append(nodes)
            self._steps.append({})
            self._characters.append(None)
            self._accepted.append(self._nodes.last in nodes | self._nodes.closure(passed))
        return number

    def step(self, state: int, char: str) -> int:
        """The state after one more character."""
        row = self._steps[state]
        known = row.get(char)
        if known is None:
            known = row[char] = self._number(self._nodes.following(self._states[state], char))
        return known

    def accepts(self, state: int) -> bool:
        """Whether a text that ends here matches."""
        return self._accepted[state]

    def settled(self, state: int) -> bool:
        """Whether no further character changes what is accepted."""
        return not state or (not self.whole and self._nodes.last in self._states[state])

    def characters(self, state: int) -> frozenset[str]:
        """The first character of each range, and the one behind it."""
        known = self._characters[state]
        if known is None:
            known = self._characters[state] = frozenset(self._borders(state))
        return known

    def _borders(self, state: int) -> Iterable[str]:
        for node in self._states[state]:
            for ranges, _ in self._nodes.edges[node]:
                for low, high in ranges:
                    yield chr(low)
                    if high + 1 < 0x100:
                        yield chr(high + 1)


class NumberedRegex:
    """One of several patterns. Those of one text share their states."""

    def __init__(self, number: int, regex: Regex):
        self.start = regex.start
        self.step, self.settled, self.characters = regex.step, regex.settled, regex.characters
        self._accepts, self._matching = regex.accepts, frozenset({number})

    def accepted(self, state: int) -> frozenset[int]:
        """The number of the pattern if a path that ends here matches."""
        return self._matching if self._accepts(state) else EMPTY


@lru_cache(maxsize=1024)
def regex_automaton(pattern: str, whole: bool, any_case: bool = False) -> Regex:
    """The automaton of a pattern over text of ASCII. Raises NotRegular, re.error."""
    flags = re.IGNORECASE if any_case else 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = parser.parse(pattern, flags)
    nodes = _Nodes()
    build = _Build(nodes, bool(parsed.state.flags & re.IGNORECASE))
    nodes.first, nodes.last = build.node(), build.node()
    build.sequence(list(parsed), nodes.first, nodes.last)
    if not whole:
        nodes.edges[nodes.last].append((((0, _LAST),), nodes.last))
    return Regex(nodes, whole)


class _Build:
    """Builds the nodes of one pattern out of what Python's parser makes of it."""

    def __init__(self, nodes: _Nodes, any_case: bool):
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
            if first not in self.beginnings():
                raise NotRegular("^ inside a pattern")
            self.link(first, last)
        elif where in (constants.AT_END, constants.AT_END_STRING):
            self.nodes.at_end[first] = last
        else:
            raise NotRegular(str(where))

    def beginnings(self) -> frozenset[int]:
        """The nodes where nothing has been read yet."""
        return self.nodes.closure({0})

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


def example(machine: Regex) -> str | None:
    """The shortest text that matches, the first of them in the order of characters."""
    level = {machine.start: ""}
    known = set(level)
    while level:
        for state, text in level.items():
            if machine.accepts(state):
                return text
        following: dict[int, str] = {}
        for state, text in level.items():
            # Small letters first, as people write them.
            for char in sorted(machine.characters(state), key=lambda c: (c.isupper(), c)):
                after = machine.step(state, char)
                if after and after not in known:
                    known.add(after)
                    following[after] = text + char
        level = following
    return None
