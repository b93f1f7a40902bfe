"""Parts of shapes as numbers, so that shapes are small and quickly compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from nginx2istio.verify.shapes.path_names import PathsIn

T = TypeVar("T")
R = TypeVar("R")


class NumberedParts:
    """The parts of shapes, each different one with a number.

    ``paths`` is what the text of each has to do with paths, by its number.
    """

    def __init__(self) -> None:
        self.paths: list[PathsIn] = []
        self._numbers: dict[tuple[str, tuple[int, ...]], int] = {}
        self._shared: dict[tuple[object, int], tuple[object, Any]] = {}

    def __len__(self) -> int:
        return len(self.paths)

    def number(self, value: object, *inner: int) -> int:
        """The number of a part that has others in it: one if the texts are the same."""
        key = repr(value), inner
        number = self._numbers.setdefault(key, len(self.paths))
        if number == len(self.paths):
            own = PathsIn.of(key[0])
            of_others = [self.paths[other] for other in inner]
            self.paths.append(own.joined(of_others) if of_others else own)
        return number

    def shared(self, make: Callable[[T], R], value: T) -> R:
        """What is made of a value that is shared by many, and so known by its identity."""
        key = make, id(value)
        known = self._shared.get(key)
        if known is None:
            # The value is held, so no other object gets its identity.
            known = self._shared[key] = value, make(value)
        result: R = known[1]
        return result


@dataclass(frozen=True, slots=True)
class ShapePart:
    """A part of a shape, and the numbers of the parts in it."""

    value: object
    inner: tuple[int, ...] = ()
