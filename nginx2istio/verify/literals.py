"""Literal paths as one automaton: a trie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from nginx2istio.verify.automata import EMPTY


@dataclass
class Literals:
    """Exact paths and prefixes, by number. A state is (node, node of the longest prefix).

    ``any_case``: upper and lower case are the same.
    """

    any_case: bool = False

    children: list[dict[str, int]] = field(default_factory=lambda: [{}])
    exact: dict[int, frozenset[int]] = field(default_factory=dict)
    prefixes: dict[int, frozenset[int]] = field(default_factory=lambda: {0: EMPTY})

    start = (0, 0)

    def add(self, number: int, text: str, prefix: bool) -> None:
        """Adds a path, or all paths that begin with it."""
        node = 0
        for char in text.lower() if self.any_case else text:
            node = self.children[node].setdefault(char, len(self.children))
            if node == len(self.children):
                self.children.append({})
        marks = self.prefixes if prefix else self.exact
        marks[node] = marks.get(node, EMPTY) | {number}

    def finish(self) -> None:
        """Gives each node the prefixes that lead to it."""
        todo = [(0, self.prefixes.get(0, EMPTY))]
        while todo:
            node, above = todo.pop()
            own = self.prefixes.get(node)
            if own is not None:
                above = above | own
                self.prefixes[node] = above
            todo += [(child, above) for child in self.children[node].values()]

    def step(self, state: tuple[int, int], char: str) -> tuple[int, int]:
        """The state after one more character."""
        node, longest = state
        char = char.lower() if self.any_case else char
        child = self.children[node].get(char, -1) if node >= 0 else -1
        if child >= 0 and child in self.prefixes:
            longest = child
        return child, longest

    def accepted(self, state: tuple[int, int]) -> frozenset[int]:
        """The numbers of what matches a path that ends here."""
        node, longest = state
        return self.exact.get(node, EMPTY) | self.prefixes.get(longest, EMPTY)

    def settled(self, state: tuple[int, int]) -> bool:
        """Whether no further character changes what is accepted."""
        return state[0] < 0

    def characters(self, state: tuple[int, int]) -> Iterable[str]:
        """The characters with which some literal goes on."""
        chars = self.children[state[0]] if state[0] >= 0 else ()
        return {case for c in chars for case in (c, c.upper())} if self.any_case else chars
