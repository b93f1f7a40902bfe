"""Results that are worked out once for a configuration or a host, though many locations ask.

``memo`` keeps results in their owner, so they end with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from operator import attrgetter
from typing import Any, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar

Memory: TypeAlias = dict[Callable[..., Any], dict[tuple[object, ...], tuple[object, Any]]]
"""Results by function, then by the identity of the arguments (the model has no hashes)."""


class Owner(Protocol):
    """What keeps the results about itself."""

    @property
    def memory(self) -> Memory:
        """The results so far."""


P = ParamSpec("P")
R = TypeVar("R")
OwnerT = TypeVar("OwnerT", bound=Owner)
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


def memo(function: Callable[Concatenate[OwnerT, P], R]) -> Callable[Concatenate[OwnerT, P], R]:
    """Keeps the last results of a function in its first argument, the owner.

    The other arguments are compared by identity. They are held with the result, so no other object
    gets their identity; the owner is not, so it ends when nobody else needs it.
    """

    @wraps(function)
    def wrapped(owner: OwnerT, /, *args: P.args, **kwargs: P.kwargs) -> R:
        results = owner.memory.setdefault(function, {})
        key = (*map(id, args), *((name, id(value)) for name, value in kwargs.items()))
        known = results.get(key)
        if known is None:
            if len(results) >= FEW:
                results.clear()
            known = results[key] = (args, kwargs), function(owner, *args, **kwargs)
        result: R = known[1]
        return result

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
