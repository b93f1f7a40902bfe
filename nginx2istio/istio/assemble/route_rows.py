"""What a host answers, row by row, and when it is certain that no request has two matches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nginx2istio.base.records import record
from nginx2istio.istio.objects import Object


@record(frozen=True, slots=True)
class Row:
    """A match (without its ports), the ports, and the body of its route.

    ``source`` is the name of the location's routes, "" for the host's. ``variant`` tells a row
    from others of the source. ``known_as`` is the name by which EnvoyFilters ask for the route.
    """

    match: Mapping[str, Any]
    ports: frozenset[int]
    body: Object
    source: str = ""
    variant: str = ""
    known_as: str = ""
    note: str = ""

    @property
    def owner(self) -> str:
        """The Ingress of the source, "" for the host."""
        return self.source.partition(" ")[0]

    def without_path(self) -> tuple[object, ...]:
        """What it answers to which requests, whatever their path."""
        return {k: v for k, v in self.match.items() if k != "uri"}, self.ports, self.body


def matches_apart(
    match: Mapping[str, Any],
    ports: frozenset[int],
    other: Mapping[str, Any],
    other_ports: frozenset[int],
) -> bool:
    """Whether it is certain that no request has both matches."""
    if ports.isdisjoint(other_ports):
        return True
    methods = match.get("method", {}).get("exact"), other.get("method", {}).get("exact")
    if None not in methods and methods[0] != methods[1]:
        return True
    return "uri" in match and "uri" in other and _paths_apart(match["uri"], other["uri"])


def _paths_apart(uri: Mapping[str, str], other: Mapping[str, str]) -> bool:
    exact, begins = uri.get("exact"), uri.get("prefix")
    other_exact, other_begins = other.get("exact"), other.get("prefix")
    if exact is not None and other_exact is not None:
        return exact != other_exact
    if exact is not None and other_begins is not None:
        return not exact.startswith(other_begins)
    if begins is not None and other_exact is not None:
        return not other_exact.startswith(begins)
    if begins is not None and other_begins is not None:
        return not (begins.startswith(other_begins) or other_begins.startswith(begins))
    return False
