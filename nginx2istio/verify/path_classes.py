"""The paths of a host, split into classes on which all its patterns decide alike.

Both sides read a normalized path, each in its own spelling: nginx the decoded bytes, Envoy the text
in which some bytes may be escaped. So a path is a sequence of units, each a byte as nginx has it
and a text as Envoy has it. The patterns of both sides are walked side by side, breadth first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from nginx2istio.istio.path_spellings import ESCAPED, RAW
from nginx2istio.verify.automata import EMPTY, NotRegular, NumberedRegex, regex_automaton
from nginx2istio.verify.literals import Literals

Side = Literal["nginx", "istio"]
ORDINARY = "zqxjkvw"
"""Characters that stand for all that no pattern has."""
MOST_STATES = 20000
MOST_MEMBERS = 6
"""So many paths of a class are kept, the shortest ones."""


class PathPattern(NamedTuple):
    """A path that one side compares: ``kind`` "exact", "prefix" or "regex" (``whole`` or not)."""

    side: Side
    kind: Literal["exact", "prefix", "regex"]
    text: str
    whole: bool = True
    any_case: bool = False


@dataclass(frozen=True, slots=True)
class PathClass:
    """Paths that the same patterns match: their numbers, and the shortest such path.

    ``target`` is as a client sends it. ``others`` are longer ones at which the patterns stand
    elsewhere.
    """

    matching: frozenset[int]
    target: str
    others: tuple[str, ...] = ()

    @property
    def further(self) -> tuple[str, ...]:
        """Of equal decisions, but perhaps with other parts of the path in an answer."""
        return *self.others, f"{self.target}?a=b"


@dataclass(frozen=True, slots=True)
class PathClasses:
    """``complete`` is whether all classes were reached; ``skipped`` are patterns left out."""

    classes: tuple[PathClass, ...]
    complete: bool
    skipped: tuple[str, ...]


def path_classes(patterns: Sequence[PathPattern]) -> PathClasses:
    """The classes of all normalized paths, in the order of their shortest members."""
    return _classes(tuple(patterns))


@lru_cache(maxsize=2048)
def _classes(patterns: tuple[PathPattern, ...]) -> PathClasses:
    nginx, istio, skipped = path_machines(patterns)
    walked = _walked(nginx, istio, skipped)
    return replace(walked, classes=(*walked.classes, *_with_empty_segments(patterns)))


def _with_empty_segments(patterns: Sequence[PathPattern]) -> Iterator[PathClass]:
    """The paths that Istio's patterns write with two slashes, which a gateway may not merge."""
    texts: dict[str, list[int]] = {}
    for number, pattern in enumerate(patterns):
        if pattern.side == "istio" and pattern.kind != "regex" and "//" in pattern.text:
            texts.setdefault(pattern.text, []).append(number)
    for text, numbers in texts.items():
        yield PathClass(frozenset(numbers), text)


def path_machines(
    patterns: Sequence[PathPattern],
) -> tuple[Sequence[Any], Sequence[Any], tuple[str, ...]]:
    """The automata of nginx's and of Istio's patterns, and the patterns that have none."""
    machines: dict[Side, list[Any]] = {"nginx": [], "istio": []}
    skipped = []
    literals: dict[tuple[Side, bool], Literals] = {}
    for number, pattern in enumerate(patterns):
        if pattern.kind == "regex":
            try:
                regex = regex_automaton(pattern.text, pattern.whole, pattern.any_case)
            except (NotRegular, ValueError, re.error):
                skipped.append(pattern.text)
                continue
            machines[pattern.side].append(NumberedRegex(number, regex))
        else:
            text = (
                pattern.text.encode().decode("latin-1") if pattern.side == "nginx" else pattern.text
            )
            where = pattern.side, pattern.any_case
            trie = literals.setdefault(where, Literals(any_case=pattern.any_case))
            trie.add(number, text, pattern.kind == "prefix")
    for (side, _), trie in literals.items():
        trie.finish()
        machines[side].insert(0, trie)
    return machines["nginx"], machines["istio"], tuple(skipped)


def _units(char: str) -> Iterator[tuple[str, str]]:
    """A byte as nginx has it, with each text in which Envoy may have it."""
    byte = ord(char)
    if byte >= 256:
        return
    if byte not in ESCAPED:
        yield char, "/" if char == "\\" else char
        return
    if byte in RAW:
        yield char, char
    yield char, f"%{byte:02X}"
    if f"%{byte:02x}" != f"%{byte:02X}":
        yield char, f"%{byte:02x}"


def _walked(nginx: Sequence[Any], istio: Sequence[Any], skipped: tuple[str, ...]) -> PathClasses:
    """Breadth first over units, from the path ``/`` on.

    Besides the machines' states it counts whether the path ends in a slash or a segment of dots.
    """
    machines, count = (*nginx, *istio), len(nginx)
    of_nginx, of_istio = [m.step for m in nginx], [m.step for m in istio]
    first = (tuple([m.step(m.start, "/") for m in machines]), "/")
    level: dict[tuple[tuple[Any, ...], str], str] = {first: "/"}
    known = set(level)
    classes: dict[frozenset[int], list[str]] = {}
    while level and len(known) < MOST_STATES:
        following: dict[tuple[tuple[Any, ...], str], str] = {}
        for (states, end), target in level.items():
            if end not in (".", ".."):  # which is resolved on both sides
                accepted = [m.accepted(s) for m, s in zip(machines, states, strict=True)]
                members = classes.setdefault(EMPTY.union(*accepted), [])
                if len(members) < MOST_MEMBERS:
                    members.append(target)
            before = states[:count], states[count:]
            for char, text in _next_units(machines, states, end):
                after = [step(s, char) for step, s in zip(of_nginx, before[0], strict=True)]
                for step, state in zip(of_istio, before[1], strict=True):
                    for each in text:
                        state = step(state, each)
                    after.append(state)
                key = tuple(after), _end(end, char)
                if key not in known:
                    known.add(key)
                    following[key] = target + text
        level = following
    ordered = tuple(PathClass(m, first, tuple(rest)) for m, (first, *rest) in classes.items())
    return PathClasses(ordered, not level, skipped)


_DOTS = {"/": ".", ".": ".."}


def _end(before: str, char: str) -> str:
    """The end of a path after one more byte: a slash, one or two dots after it, or neither."""
    if char == ".":
        return _DOTS.get(before, "")
    return "/" if char == "/" else ""


def _next_units(
    machines: Sequence[Any], states: Sequence[Any], end: str
) -> Sequence[tuple[str, str]]:
    """The units that lead to different states, and one for all others."""
    chars = [m.characters(s) for m, s in zip(machines, states, strict=True)]
    return _units_of(frozenset[str]().union(*chars), bool(end))


@lru_cache(maxsize=4096)
def _units_of(chars: frozenset[str], in_end: bool) -> Sequence[tuple[str, str]]:
    other = next(({c} for c in ORDINARY if c not in chars), set())
    # Of equally short paths people expect the one in small letters.
    ordered = sorted(
        {c for c in chars | other if 0 < ord(c) < 0x100}, key=lambda c: (c.isupper(), c)
    )
    # A slash is merged or resolved on both sides.
    return [unit for c in ordered if c != "/" or not in_end for unit in _units(c)]
