"""Results that are worked out once for a configuration or a host, though many locations ask.

They are kept in their owner, so they end with it.
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


class OwnerPlace(Protocol):
    """A place in a configuration that keeps results."""

    @property
    def config(self) -> Owner:
        """The configuration."""


P = ParamSpec("P")
R = TypeVar("R")
OwnerT = TypeVar("OwnerT", bound=Owner)
PlaceT = TypeVar("PlaceT", bound=OwnerPlace)
FEW = 4096
"""How many results of a function are kept: who asks again does so soon, at the same host."""


def _recall(
    owner: Owner,
    function: Callable[..., Any],
    key: tuple[object, ...],
    held: object,
    work_out: Callable[[], R],
) -> R:
    """The result for a key; ``held`` is kept with it, so no other object gets its identity."""
    results = owner.memory.setdefault(function, {})
    known = results.get(key)
    if known is None:
        if len(results) >= FEW:
            results.clear()
        known = results[key] = held, work_out()
    result: R = known[1]
    return result


def memo(function: Callable[Concatenate[OwnerT, P], R]) -> Callable[Concatenate[OwnerT, P], R]:
    """Keeps the last results of a function in its first argument, the owner.

    The other arguments are compared by identity. They are held with the result; the owner is not,
    so it ends when nobody else needs it.
    """

    @wraps(function)
    def wrapped(owner: OwnerT, /, *args: P.args, **kwargs: P.kwargs) -> R:
        key = (*map(id, args), *((name, id(value)) for name, value in kwargs.items()))
        return _recall(
            owner, function, key, (args, kwargs), lambda: function(owner, *args, **kwargs)
        )

    return wrapped


def once_per(
    *names: str,
) -> Callable[[Callable[[PlaceT], Iterable[R]]], Callable[[PlaceT], tuple[R, ...]]]:
    """Keeps what a generator yields of a place while these attributes of it stay the same.

    ``@once_per("options")`` is for what holds in the whole configuration, with ``"server"`` and
    ``"settings"`` for what one Ingress says of a host. The generator may look at nothing else.
    """
    of = [attrgetter(name) for name in names if name != "config"]

    def decorate(function: Callable[[PlaceT], Iterable[R]]) -> Callable[[PlaceT], tuple[R, ...]]:
        @wraps(function)
        def wrapped(place: PlaceT) -> tuple[R, ...]:
            held = [get(place) for get in of]
            key = tuple(map(id, held))
            return _recall(place.config, function, key, held, lambda: tuple(function(place)))

        return wrapped

    return decorate
