"""The operations of an AuthorizationPolicy: paths, and the paths that are left out of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nginx2istio.istio.policy.path_patterns import PolicyPaths
from nginx2istio.istio.policy.pattern_index import PatternIndex


class _Operation:
    """The paths of one operation, and those that are left out of them."""

    def __init__(self) -> None:
        self.paths: dict[str, None] = {}
        self.but: dict[str, None] = {}
        self.of_paths, self.of_but = PatternIndex(), PatternIndex()

    def takes(self, fit: PolicyPaths) -> bool:
        """Whether neither leaves out what the other is about."""
        return not self.of_but.overlaps(fit.paths) and not self.of_paths.overlaps(fit.but)

    def add(self, fit: PolicyPaths) -> None:
        for pattern in fit.paths:
            if pattern not in self.paths:
                self.paths[pattern] = None
                self.of_paths.add(pattern)
        for pattern in fit.but:
            if pattern not in self.but:
                self.but[pattern] = None
                self.of_but.add(pattern)


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
    return [
        {"paths": list(each.paths)} | ({"notPaths": list(each.but)} if each.but else {})
        for each in whole
    ]
