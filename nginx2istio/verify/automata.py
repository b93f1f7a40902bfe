"""Languages of paths as automata: literal paths as one trie, regular expressions one by one.

An automaton has a ``start``, ``step(state, character)`` (None once nothing can match any more),
``accepted(state)`` (what matches a path that ends here), ``settled(state)`` (whether no further
character changes that) and ``characters(state)``: those that lead elsewhere than all others do.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
class Regex:
    """A regular expression, matched from the first character on.

    Whole: the path has to end where the pattern does; else (nginx's ``~``) any rest will do.
    A state is the set of nodes; nodes are made once (Thompson's construction).
    """

    number: int
    nodes: list[list[Edges]] = field(default_factory=list)
    empty: list[list[int]] = field(default_factory=list)
    ends: frozenset[int] = EMPTY
    at_end: dict[int, int] = field(default_factory=dict)
    whole: bool = True
    start: frozenset[int] = EMPTY
    memory: dict[tuple[frozenset[int], str], frozenset[int]] = field(default_factory=dict)

    def step(self, state: frozenset[int], char: str) -> frozenset[int]:
        """The state after one more character."""
        known = self.memory.get((state, char))
        if known is None:
            code = ord(char)
            reached = {
                to
                for node in state
                for ranges, to in self.nodes[node]
                if any(low <= code <= high for low, high in ranges)
            }
            known = self.memory[state, char] = self.closure(reached)
        return known

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

    def accepted(self, state: frozenset[int]) -> frozenset[int]:
        """The number of the pattern if a path that ends here matches."""
        if state & self.ends:
            return frozenset({self.number})
        passed = {self.at_end[node] for node in state if node in self.at_end}
        if passed and self.closure(passed) & self.ends:
            return frozenset({self.number})
        return EMPTY

    def settled(self, state: frozenset[int]) -> bool:
        """Whether no further character changes what is accepted."""
        return not state or (not self.whole and bool(state & self.ends))

    def characters(self, state: frozenset[int]) -> Iterable[str]:
        """The first character of each range, and the one behind it."""
        for node in state:
            for ranges, _ in self.nodes[node]:
                for low, high in ranges:
                    yield chr(low)
                    if high + 1 < 0x100:
                        yield chr(high + 1)


def regex_automaton(number: int, pattern: str, whole: bool, any_case: bool = False) -> Regex:
    """The automaton of a pattern over text of ASCII. Raises NotRegular, re.error."""
    flags = re.IGNORECASE if any_case else 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = parser.parse(pattern, flags)
    build = _Build(Regex(number), bool(parsed.state.flags & re.IGNORECASE))
    first, last = build.node(), build.node()
    build.sequence(list(parsed), first, last)
    machine = build.machine
    if not whole:
        machine.nodes[last].append((((0, _LAST),), last))
    machine.ends = frozenset({last})
    machine.whole = whole
    machine.start = machine.closure({first})
    return machine


class _Build:
    """Builds the nodes of one pattern out of what Python's parser makes of it."""

    def __init__(self, machine: Regex, any_case: bool):
        self.machine, self.any_case = machine, any_case

    def node(self) -> int:
        self.machine.nodes.append([])
        self.machine.empty.append([])
        return len(self.machine.nodes) - 1

    def link(self, a: int, b: int) -> None:
        self.machine.empty[a].append(b)

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
            self.machine.at_end[first] = last
        else:
            raise NotRegular(str(where))

    def beginnings(self) -> frozenset[int]:
        """The nodes where nothing has been read yet."""
        return self.machine.closure({0})

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
        self.machine.nodes[first].append((tuple(ranges), last))


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
    level: dict[Hashable, str] = {machine.start: ""}
    known = set(level)
    while level:
        for state, text in level.items():
            if machine.accepted(state):  # type: ignore[arg-type]
                return text
        following: dict[Hashable, str] = {}
        for state, text in level.items():
            # What may stand in a header, and small letters first, as people write them.
            chars = sorted({"a", *machine.characters(state)}, key=_as_written)  # type: ignore[arg-type]
            for char in chars:
                after = machine.step(state, char)  # type: ignore[arg-type]
                if after and after not in known:
                    known.add(after)
                    following[after] = text + char
        level = following
    return None


def _as_written(char: str) -> tuple[bool, bool, str]:
    return not char.isprintable(), char.isupper(), char
