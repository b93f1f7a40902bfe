"""Languages of paths as automata: literal paths as one trie, regular expressions one by one.

An automaton has a ``start``, ``step(state, character)``,
``accepted(state)`` (what matches a path that ends here), ``settled(state)`` (whether no further
character changes that) and ``characters(state)``: those that lead elsewhere than all others do.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from nginx2istio.verify.regex_nodes import NotRegular as NotRegular
from nginx2istio.verify.regex_nodes import RegexNodes, regex_nodes

EMPTY: frozenset[int] = frozenset()


class Regex:
    """A regular expression, matched from the first character on.

    Whole: the path has to end where the pattern does; else (nginx's ``~``) any rest will do.
    A state is the number of a set of nodes, made when a text first comes to it; that of none is 0.
    """

    start = 1

    def __init__(self, nodes: RegexNodes, whole: bool):
        self.whole = whole
        self._nodes = nodes
        self._numbers: dict[frozenset[int], int] = {}
        self._states: list[frozenset[int]] = []
        self._steps: list[dict[str, int]] = []
        self._characters: list[frozenset[str] | None] = []
        self._accepted: list[bool] = []
        self._number(EMPTY)
        self._number(nodes.beginning())

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
    return Regex(regex_nodes(pattern, whole, any_case), whole)


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
            # What may stand in a header, and small letters first, as people write them.
            for char in sorted({"a", *machine.characters(state)}, key=_as_written):
                after = machine.step(state, char)
                if after and after not in known:
                    known.add(after)
                    following[after] = text + char
        level = following
    return None


def _as_written(char: str) -> tuple[bool, bool, str]:
    return not char.isprintable(), char.isupper(), char
