"""What is wanted of places on a port, by what the edits are about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nginx2istio.base.records import record
from nginx2istio.istio.assemble.virtual_host import VirtualHost
from nginx2istio.istio.edits import Edit

Spec = Mapping[str, Any]
"""A destination before it is finished: ``upstream``, or ``host`` and ``port``; ``policy`` ..."""
ANSWERS = frozenset({"redirect", "directResponse"})
"""Fields of routes that answer by themselves."""


@record(frozen=True, slots=True)
class EffectiveEdits:
    """The edits of places that hold on a port, in order.

    ``variants`` are in order of precedence, and there is none that is never reached.
    """

    routes: Sequence[Edit]
    variants: Sequence[Edit]
    splits: Sequence[Edit]
    destinations: Sequence[Edit]

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


def wanted(virtual_host: VirtualHost) -> list[tuple[EffectiveEdits, ...]]:
    """What is wanted of each place of a site on each of its ports; what is alike is one value."""
    known: dict[tuple[int, ...], tuple[EffectiveEdits, ...]] = {}
    found = []
    for source in virtual_host.route_sources:
        which = tuple(map(id, source.edits))
        if which not in known:
            known[which] = _by_port(source.edits, virtual_host.ports)
        found.append(known[which])
    return found


def _by_port(edits: Sequence[Edit], ports: Sequence[int]) -> tuple[EffectiveEdits, ...]:
    if all(edit.port == 0 for edit in edits):
        return (_wanted(edits, 0),) * len(ports)
    return tuple(_wanted(edits, port) for port in ports)


def _wanted(edits: Sequence[Edit], port: int) -> EffectiveEdits:
    found: dict[str, list[Edit]] = {}
    for edit in edits:
        if edit.port == 0 or edit.port == port:
            found.setdefault(edit.target, []).append(edit)
    variants = found.get("variant", [])
    if len(variants) > 1:
        variants.sort(key=lambda e: e.phase)
        last = next((i for i, e in enumerate(variants) if not e.match), len(variants))
        del variants[last + 1 :]
    return EffectiveEdits(
        found.get("route", ()), variants, found.get("split", ()), found.get("destination", ())
    )
