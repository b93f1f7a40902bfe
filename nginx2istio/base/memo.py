"""Results that are worked out once for a configuration or a host, though many locations ask.

They are kept in their owner, so they end with it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
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
MAX_RESULTS = 4096
"""How many results of a function are kept: a second call comes soon, at the same host."""


def memo(function: Callable[Concatenate[OwnerT, P], R]) -> Callable[Concatenate[OwnerT, P], R]:
    """Keeps the last results of a function in its first argument, the owner.

    The other arguments are compared by identity. They are held with the result; the owner is not,
    so it ends when nobody else needs it.
    """

    @wraps(function)
    def wrapped(owner: OwnerT, /, *args: P.args, **kwargs: P.kwargs) -> R:
        key: tuple[object, ...] = tuple(map(id, args))
        if kwargs:
            key += tuple((name, id(value)) for name, value in kwargs.items())
        results = owner.memory.setdefault(function, {})
        known = results.get(key)
        if known is None:
            if len(results) >= MAX_RESULTS:
                results.clear()
            # The arguments are held with the result, so no other object gets their identity.
            known = results[key] = (args, kwargs), function(owner, *args, **kwargs)
        result: R = known[1]
        return result

    return wrapped
