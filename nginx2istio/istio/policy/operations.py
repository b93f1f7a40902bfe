"""The operations of an AuthorizationPolicy: paths, and the paths that are left out of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nginx2istio.istio.policy.path_patterns import PolicyPaths
from nginx2istio.istio.policy.pattern_index import PatternIndex


class _Operation:
    """The paths of one operation, and those that are left out of them."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.but: list[str] = []
        self.of_paths, self.of_but = PatternIndex(), PatternIndex()

    def takes(self, fit: PolicyPaths) -> bool:
        """Whether neither leaves out what the other is about."""
        return not self.of_but.overlaps(fit.paths) and not self.of_paths.overlaps(fit.but)

    def add(self, fit: PolicyPaths) -> None:
        """Adds an area's patterns, without those that are there."""
        for patterns, index, new in (
            (self.paths, self.of_paths, [p for p in fit.paths if p not in self.of_paths]),
            (self.but, self.of_but, [p for p in fit.but if p not in self.of_but]),
        ):
            patterns += new
            for pattern in new:
                index.add(pattern)


def operations(fits: Sequence[PolicyPaths]) -> list[dict[str, Any]]:
    """The ``paths`` and ``notPaths`` of an AuthorizationPolicy for some areas of one group."""
    whole: list[_Operation] = []
    for fit in fits:
        if not fit.paths:
            return [{}]
        operation = next((operation for operation in whole if operation.takes(fit)), None)
        if operation is None:
            operation = _Operation()
            whole.append(operation)
        operation.add(fit)
    return [{"paths": each.paths} | ({"notPaths": each.but} if each.but else {}) for each in whole]
