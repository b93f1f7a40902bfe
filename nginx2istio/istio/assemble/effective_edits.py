"""The edits in force at a route source on a port, by their kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nginx2istio.base.records import record
from nginx2istio.istio.assemble.virtual_host import VirtualHost
from nginx2istio.istio.edits import Destination, Edit, PerRequest, Route, RouteBefore

Spec = Mapping[str, Any]
"""A destination before it is finished: ``upstream``, or ``host`` and ``port``; ``policy`` ..."""
ANSWERS = frozenset({"redirect", "directResponse"})
"""Fields of routes that answer by themselves."""


@record(frozen=True, slots=True)
class EffectiveEdits:
    """The edits in force on a port, in order.

    ``before`` are in order of precedence, without those that are never reached.
    """

    routes: list[Route]
    before: list[RouteBefore]
    per_request: list[PerRequest]
    destinations: list[Destination]

    def reached(self, service: str) -> Iterator[Spec]:
        """The upstreams and hosts that requests may reach, mirrors included."""
        base: list[Spec] = [{"upstream": service}] if service else []
        mirrors: list[Spec] = []
        for edit in self.routes:
            if edit.field == "route":
                base = list(edit.value)
            elif edit.field == "mirrors":
                mirrors += edit.value
            elif edit.field.split(".")[0] in ANSWERS:
                base = []
        ends = False
        specs: list[Spec] = []
        for before in self.before:
            if ANSWERS.isdisjoint(before.fields):
                specs += before.fields.get("route", base)
                specs += before.fields.get("mirrors", mirrors) or ()
            ends = not before.match
        if not ends and base:
            specs += [*base, *mirrors]
        yield from (s for s in specs if "upstream" in s or "host" in s)


def effective_edits(virtual_host: VirtualHost) -> list[tuple[EffectiveEdits, ...]]:
    """For each route source, the edits on each port of the host; equal ones are one value."""
    by_edits: dict[tuple[int, ...], tuple[EffectiveEdits, ...]] = {}
    result = []
    for source in virtual_host.route_sources:
        which = tuple(map(id, source.edits))
        if which not in by_edits:
            by_edits[which] = _by_port(source.edits, virtual_host.ports)
        result.append(by_edits[which])
    return result


PER_PORT = (Route, RouteBefore, PerRequest, Destination)


def _by_port(edits: Sequence[Edit], ports: Sequence[int]) -> tuple[EffectiveEdits, ...]:
    if not any(isinstance(edit, PER_PORT) and edit.port for edit in edits):
        return (_on_port(edits, 0),) * len(ports)
    return tuple(_on_port(edits, port) for port in ports)


def _on_port(edits: Sequence[Edit], port: int) -> EffectiveEdits:
    effective = EffectiveEdits([], [], [], [])
    kinds: dict[type, list[Any]] = {
        Route: effective.routes,
        RouteBefore: effective.before,
        PerRequest: effective.per_request,
        Destination: effective.destinations,
    }
    for edit in edits:
        if isinstance(edit, PER_PORT) and edit.port in (0, port):
            kinds[type(edit)].append(edit)
    if len(effective.before) > 1:
        effective.before.sort(key=lambda edit: edit.phase)
        ends = [i for i, edit in enumerate(effective.before) if not edit.match]
        if ends:
            del effective.before[ends[0] + 1 :]
    return effective
