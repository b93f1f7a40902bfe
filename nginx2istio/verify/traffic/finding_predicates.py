"""What findings ask of a request: requests of one class have to get the same answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import re2  # type: ignore[import-untyped]

from nginx2istio.verify.judged.exchange import FindingData
from nginx2istio.verify.judged.predicates import predicates


class FindingPredicates:
    """The patterns of targets and hosts, and the names of headers, that some finding asks for.

    ``headers`` are in lower case; ``of_target`` and ``of_host`` give the numbers of the patterns
    that a path, as it was sent, or a Host header has.
    """

    def __init__(self, findings: Iterable[FindingData]) -> None:
        asked: dict[str, dict[str, None]] = {"target": {}, "host": {}, "header": {}}
        for finding in findings:
            for predicate in predicates(finding):
                for name in asked.keys() & predicate.keys():
                    asked[name][str(predicate[name])] = None
        self.headers = frozenset(name.lower() for name in asked["header"])
        self.of_target = _Patterns(asked["target"]).holding
        self.of_host = lru_cache(maxsize=1 << 16)(_Patterns(asked["host"]).holding)


class _Patterns:
    """Regular expressions that are searched at once, but for those with look-around."""

    def __init__(self, patterns: Iterable[str]) -> None:
        options = re2.Options()
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        self._regular: list[int] = []
        self._others: list[tuple[int, re.Pattern[str]]] = []
        for number, text in enumerate(patterns):
            try:
                self._set.Add(text)
                self._regular.append(number)
            except re2.error:
                self._others.append((number, re.compile(text)))
        if self._regular:
            self._set.Compile()

    def holding(self, text: str) -> tuple[int, ...]:
        """The numbers of the patterns that a text has."""
        numbers = [self._regular[n] for n in self._set.Match(text) or ()] if self._regular else []
        numbers += [number for number, each in self._others if each.search(text)]
        return tuple(sorted(numbers))
