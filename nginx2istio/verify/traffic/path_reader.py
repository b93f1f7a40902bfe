"""The class of any path: the automata of a host, walked by one character after the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from nginx2istio.istio.serve.normalize import NotNormalizable, normalized_target
from nginx2istio.nginx.uri import BadTarget, normalized_text
from nginx2istio.verify.judged.declared import readings
from nginx2istio.verify.path_classes import PathPattern, path_machines

Matching = frozenset[int]
"""The numbers of the patterns that match."""
_UNANSWERED: Matching = frozenset({-1})
"""Stands for a path that a side answers with 400."""
_MOST_STATES = 20_000
_ODD = re.compile(r"[^!$&-.0-9:;=@A-Z\[\]_a-z~/]|//|/\.{1,2}(?:/|$)")
"""What one of both sides may normalize."""


class PathMatches(NamedTuple):
    """Which patterns of either side match a path: what makes its class.

    ``written`` are those of nginx that match another reading of it: findings are about these, too.
    """

    nginx: Matching
    istio: Matching
    written: Matching = frozenset()


class PathReader:
    """Tells the class of a path of one host in time that grows with its length only."""

    def __init__(self, patterns: Sequence[PathPattern], normalization: str) -> None:
        nginx, istio, _ = path_machines(patterns)
        self._nginx, self._istio = _Product(nginx), _Product(istio)
        self._normalization = normalization

    def matches(self, path: str) -> PathMatches:
        """The class of a path as a client sent it, without query; its characters are bytes."""
        if not _ODD.search(path) and path.startswith("/"):
            return PathMatches(self._nginx.matching(path), self._istio.matching(path))
        written = frozenset[int]().union(*map(self._nginx.matching, readings(path)))
        return PathMatches(self._of_nginx(path), self._of_istio(path), written)

    def _of_nginx(self, path: str) -> Matching:
        try:
            return self._nginx.matching(normalized_text(path))
        except BadTarget:
            return _UNANSWERED

    def _of_istio(self, path: str) -> Matching:
        try:
            return self._istio.matching(normalized_target(path, self._normalization))
        except NotNormalizable:
            return _UNANSWERED


class _Product:
    """Several automata as one; a state is made when a path first comes to it."""

    def __init__(self, machines: Sequence[Any]) -> None:
        self._machines = machines
        self._start_anew()

    def _start_anew(self) -> None:
        start = tuple(machine.start for machine in self._machines)
        self._numbers: dict[Any, int] = {start: 0}
        self._states: list[Any] = [start]
        self._steps: list[dict[str, int] | None] = [{}]  # None for a state that is settled
        self._matching: list[Matching | None] = [None]

    def matching(self, text: str) -> Matching:
        """The patterns that match a text."""
        steps = self._steps
        state = 0
        for char in text:
            row = steps[state]
            if row is None:
                break
            following = row.get(char)
            state = self._step(state, char) if following is None else following
        known = self._matching[state]
        if known is None:
            known = frozenset[int]().union(
                *(m.accepted(s) for m, s in zip(self._machines, self._states[state], strict=True))
            )
            self._matching[state] = known
        if len(self._states) > _MOST_STATES:
            self._start_anew()
        return known

    def _step(self, state: int, char: str) -> int:
        after = tuple(
            machine.step(inner, char)
            for machine, inner in zip(self._machines, self._states[state], strict=True)
        )
        number = self._numbers.setdefault(after, len(self._states))
        if number == len(self._states):
            self._states.append(after)
            settled = all(m.settled(s) for m, s in zip(self._machines, after, strict=True))
            self._steps.append(None if settled else {})
            self._matching.append(None)
        row = self._steps[state]
        if row is not None:
            row[char] = number
        return number
