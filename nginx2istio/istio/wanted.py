"""What is wanted of places on a port, by what the edits are about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from nginx2istio.edit import Edit
from nginx2istio.record import record

Spec = Mapping[str, Any]
"""A destination before it is finished: ``upstream``, or ``host`` and ``port``; ``policy`` ..."""
ANSWERS = frozenset({"redirect", "directResponse"})
"""Fields of routes that answer by themselves."""


@record(frozen=True, slots=True)
class Wanted:
    """The edits of places that hold on a port, in order.

    ``variants`` are in order of precedence, and there is none that is never reached.
    """

    routes: list[Edit] = field(default_factory=list)
    variants: list[Edit] = field(default_factory=list)
    splits: list[Edit] = field(default_factory=list)
    destinations: list[Edit] = field(default_factory=list)

    def reached(self, service: str) -> Iterator[Spec]:
        """The upstreams and hosts that requests may reach, mirrors included."""
        base: list[Spec] = [{"upstream": service}] if service else []
        mirrors: list[Spec] = []
        for edit in self.routes:
            if edit.path == "route":
                base = list(edit.value)
            elif edit.path == "mirrors":
                mirrors += edit.value
            elif edit.path.split(".")[0] in ANSWERS:
                base = []
        ends = False
        found: list[Spec] = []
        for edit in self.variants:
            if ANSWERS.isdisjoint(edit.value):
                found += edit.value.get("route", base)
                found += edit.value.get("mirrors", mirrors) or ()
            ends = not edit.match
        if not ends and base:
            found += [*base, *mirrors]
        yield from (s for s in found if "upstream" in s or "host" in s)


def wanted(edits: Sequence[Edit], port: int) -> Wanted:
    """What edits of a place want on a port."""
    found = Wanted()
    kinds = {
        "route": found.routes,
        "variant": found.variants,
        "split": found.splits,
        "destination": found.destinations,
    }
    for edit in edits:
        kind = kinds.get(edit.target)
        if kind is not None and edit.port in (0, port):
            kind.append(edit)
    found.variants.sort(key=lambda e: e.phase)
    last = next((i for i, e in enumerate(found.variants) if not e.match), len(found.variants))
    del found.variants[last + 1 :]
    return found
