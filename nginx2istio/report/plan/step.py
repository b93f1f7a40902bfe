"""A step of the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Remade:
    """Entries of the report that are made each time somebody goes through them: they are many."""

    make: Callable[[], Iterable[Mapping[str, Any]]]

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.make())


@dataclass(frozen=True, slots=True)
class Step:
    """What to do and why: lines for a POSIX shell, YAML to write, requests to try.

    ``hosts`` and ``ingresses`` are those that the step is for; empty where it is for all. Each
    command is one line.
    """

    id: str
    title: str
    why: str
    commands: tuple[str, ...] = ()
    yaml: str = ""
    hosts: tuple[str, ...] = ()
    ingresses: tuple[str, ...] = ()
    tests: Remade | None = None
