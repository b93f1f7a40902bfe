"""Results that are worked out once for a host or a configuration, though many locations ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from operator import attrgetter
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
H = TypeVar("H")
FEW = 4096
"""How many results are remembered: who asks again does so soon, at the same host."""


class _Memory(dict[tuple[int, ...], tuple[object, R]]):
    """Results by the identity of what they were made of (the model has no hashes)."""

    def keep(self, key: tuple[int, ...], given: object, result: R) -> R:
        """Remembers a result; ``given`` is held, so that nothing else gets its identity."""
        if len(self) >= FEW:
            self.clear()
        self[key] = given, result
        return result


def kept(function: Callable[P, R]) -> Callable[P, R]:
    """Remembers the last results; arguments are compared by identity."""
    memory: _Memory[R] = _Memory()

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        given = (*args, *kwargs.values()) if kwargs else args
        key = tuple(map(id, given))
        known = memory.get(key)
        return known[1] if known else memory.keep(key, given, function(*args, **kwargs))

    return wrapped


def once_per(
    *names: str,
) -> Callable[[Callable[[H], Iterable[R]]], Callable[[H], tuple[R, ...]]]:
    """Remembers what a generator yields of a place while these attributes of it stay the same.

    ``@once_per("config", "options")`` is for what holds everywhere, with ``"server"`` and
    ``"settings"`` for what one Ingress says of a host. The generator may look at nothing else.
    """
    of = [attrgetter(name) for name in names]

    def decorate(function: Callable[[H], Iterable[R]]) -> Callable[[H], tuple[R, ...]]:
        memory: _Memory[tuple[R, ...]] = _Memory()

        @wraps(function)
        def wrapped(here: H) -> tuple[R, ...]:
            given = [get(here) for get in of]
            key = tuple(map(id, given))
            known = memory.get(key)
            return known[1] if known else memory.keep(key, given, tuple(function(here)))

        return wrapped

    return decorate
