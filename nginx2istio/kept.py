"""Results that are worked out once for a host or a configuration, though many locations ask."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def kept(function: Callable[P, R]) -> Callable[P, R]:
    """Remembers the last result; arguments are compared by identity (the model has no hashes)."""
    last: list[tuple[tuple[object, ...], R]] = []

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        given = (*args, *kwargs.values())
        known = last[0] if last else None
        if known and list(map(id, known[0])) == list(map(id, given)):
            return known[1]
        result = function(*args, **kwargs)
        last[:] = [(given, result)]
        return result

    return wrapped
