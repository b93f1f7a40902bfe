"""A host's whole table: which requests go where on both sides, and what no request reaches."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from nginx2istio.base.outcome import Outcome
from nginx2istio.base.printable import printable
from nginx2istio.istio.serve.gateway_config import most_specific
from nginx2istio.nginx.model import Location, Server
from nginx2istio.nginx.serve import location_text
from nginx2istio.nginx.serve.choose import choose_location
from nginx2istio.verify.compared import Compared, Proof, compared
from nginx2istio.verify.explain.explained import answer_text
from nginx2istio.verify.proof import asked_names, host_names, requests_of
from nginx2istio.verify.sides import Sides
from nginx2istio.verify.words import request_text


@dataclass(slots=True)
class TableRow:
    """Classes of requests that both sides answer for the same reasons.

    ``example`` is the first, which is the shortest, ``classes`` how many there are. ``verdict``
    is "alike", the codes that announce the difference, "N2I900" where nothing does, or what is not
    known.
    """

    location: str
    route: str
    nginx: str
    istio: str
    verdict: str
    example: str
    classes: int = 0


@dataclass(slots=True)
class HostTable:
    """The rows of a host, by location and route, and the locations and routes without requests.

    ``same`` are hosts that are configured alike but for their names, ``more`` counts the rows
    beyond the first ``MOST_ROWS``.
    """

    host: str
    rows: list[TableRow] = field(default_factory=list)
    idle_locations: list[str] = field(default_factory=list)
    idle_routes: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    more: int = 0


class _Rows:
    """The rows of one host while its requests are compared."""

    def __init__(self) -> None:
        self.rows: dict[tuple[Hashable, ...], TableRow] = {}
        self.locations: set[str] = set()
        self.routes: set[str] = set()

    def add(self, both: Compared) -> None:
        """Counts a class of requests."""
        location, route = _location(both.nginx), _route(both.istio)
        self.locations.update(s.text for s in both.nginx.trace if s.phase == "location")
        self.routes.update(step.by for step in both.istio.trace)
        scheme, verdict = both.request.scheme, _verdict(both)
        key = (location, route, scheme, _kind(both.nginx), _kind(both.istio), verdict)
        row = self.rows.get(key)
        if row is None:
            answers = answer_text(both.nginx), answer_text(both.istio)
            example = request_text(both.request)
            row = self.rows[key] = TableRow(location, route, *answers, verdict, example)
        row.classes += 1

    def table(self, sides: Sides, server: Server, skipped: Iterable[str]) -> HostTable:
        """All of them, and what none of the requests reached."""
        rows = sorted(self.rows.values(), key=lambda row: (row.location, row.route))
        return HostTable(
            server.host,
            rows,
            [
                f"{location_text(each)}{_taken_by(server, each)}"
                for each in server.locations
                if location_text(each) not in self.locations
            ],
            [name for name in _route_names(sides, server) if name not in self.routes],
            list(dict.fromkeys(skipped)),
        )


MOST_ROWS, MOST_TABLES = 200, 1000
"""So many rows of a host, and hosts of different shape, a report has."""


class HostTables:
    """The tables of a report, made while the requests are proved."""

    def __init__(self, sides: Sides) -> None:
        self.sides = sides
        self.tables: dict[str, HostTable] = {}
        self._rows = _Rows()

    def begin(self) -> Callable[[Compared], None] | None:
        """What takes the classes of a host; None where there are enough tables."""
        self._rows = _Rows()
        return self._rows.add if len(self.tables) < MOST_TABLES else None

    def end(self, server: Server, skipped: Iterable[str]) -> None:
        """Keeps the table of the host that was begun."""
        table = self._rows.table(self.sides, server, skipped)
        table.more = max(0, len(table.rows) - MOST_ROWS)
        del table.rows[MOST_ROWS:]
        self.tables[server.host] = table

    def share(self, host: str, first: str) -> None:
        """Notes that a host is configured as one before, but for its names."""
        if first in self.tables:
            self.tables[first].same.append(host)

    def data(self) -> list[dict[str, Any]]:
        """The tables as JSON has them."""
        return [asdict(table) for table in self.tables.values()]


def host_table(sides: Sides, server: Server) -> HostTable:
    """The table of a host with all its names."""
    proof, rows = Proof(), _Rows()
    for asked, name in asked_names(sides, server):
        for request in requests_of(sides, asked, name, proof):
            rows.add(compared(sides, request))
    return rows.table(sides, server, proof.skipped)


def _taken_by(server: Server, idle: Location) -> str:
    """Which location shadows one, as far as the path that is written there shows it."""
    try:
        other = choose_location(server, idle.path)
    except re.error:  # a pattern that only PCRE reads
        return ""
    return f" ({location_text(other)} takes its path)" if other not in (None, idle) else ""


def _location(outcome: Outcome) -> str:
    """The location that takes a request; what decided where none was chosen."""
    step = next((s for s in outcome.trace if s.phase == "location"), None) or outcome.trace[-1]
    return f"{step.text} {step.by}" if step.by else step.text


def _route(outcome: Outcome) -> str:
    """The name of the route or the policy that decides; in words where it has none."""
    step = outcome.trace[-1]
    return step.by or step.text


def _kind(outcome: Outcome) -> Hashable:
    """An answer without what only the path of the example makes."""
    if outcome.status is None:
        backends = outcome.backends
        return tuple(backends.items()) if len(backends) > 1 else next(iter(backends), "")
    return outcome.status, outcome.trace[-1].by if outcome.trace else ""


def _verdict(both: Compared) -> str:
    if not (both.differences or both.unknown):
        return "alike"
    codes = {finding["code"] for _, findings in both.differences for finding in findings}
    if any(not findings for _, findings in both.differences):
        codes.add("N2I900")
    unknown = f"not known: {', '.join(sorted(both.unknown))}" if both.unknown else ""
    return "; ".join(filter(None, (", ".join(sorted(codes)), unknown)))


def _route_names(sides: Sides, server: Server) -> Iterator[str]:
    hosts = sides.gateway.all_hosts
    for domain in dict.fromkeys(most_specific(hosts, name) for name in host_names(server)):
        if domain is not None:
            yield from (str(route.get("name", "")) for route in hosts[domain].routes)


def table_lines(table: HostTable) -> Iterator[str]:
    """The table in words: a block for each location, and in it each kind of answer."""
    classes = sum(row.classes for row in table.rows)
    yield printable(f"{table.host}: {classes:,} classes of requests")
    location = ""
    for row in table.rows:
        if row.location != location:
            location = row.location
            yield ""
            yield printable(f"nginx: {location}")
        many = f" and {row.classes - 1:,} like it" if row.classes > 1 else ""
        yield printable(f"  {row.example}{many}")
        same = row.nginx == row.istio
        yield printable(f"    nginx: {row.nginx}{'' if same else f'. Istio: {row.istio}'}")
        yield printable(f"    by {row.route}: {row.verdict}")
    for title, idle in (("locations", table.idle_locations), ("routes", table.idle_routes)):
        if idle:
            yield ""
            yield printable(f"{title} that no request reaches: {'; '.join(idle)}")
    if table.skipped:
        yield ""
        yield printable(f"patterns that were left out: {'; '.join(table.skipped)}")


def table_data(table: HostTable) -> dict[str, Any]:
    """The table of one host as JSON has it."""
    return {k: v for k, v in asdict(table).items() if k not in ("same", "more")}
