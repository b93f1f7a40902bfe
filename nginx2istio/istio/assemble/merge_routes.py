"""Rows to HTTPRoutes: what has one action is one route, without changing what answers a request.

Envoy takes the first route that matches. So a row passes another only where no request matches
both, and is left out only where an earlier one takes all of its requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nginx2istio.istio.assemble.route_rows import Row, matches_apart
from nginx2istio.istio.assemble.whole_host_redirects import whole_host_redirects

MOST_PASSED = 64
"""So many matches a row goes past to a route that has its action."""


@dataclass(slots=True, eq=False)
class JoinedRoute:
    """Rows of one action: their matches, all distinct, each with its ports."""

    first: Row
    matches: list[tuple[Mapping[str, Any], frozenset[int]]] = field(default_factory=list)
    sources: dict[str, None] = field(default_factory=dict)
    known_as: dict[str, None] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Takes a row in."""
        self.sources[row.source] = None
        self.known_as[row.known_as] = None
        for i, (match, ports) in enumerate(self.matches):
            if match == row.match:
                self.matches[i] = match, ports | row.ports
                return
        self.matches.append((row.match, row.ports))


def merge_routes(
    rows: Sequence[Row], ports: Iterable[int], patches: Mapping[str, object]
) -> list[JoinedRoute]:
    """The routes that answer as the rows do, in order, each with all its matches.

    ``ports`` are the host's. Rows with equal bodies join if they are of one source, or of sources
    of one Ingress to which EnvoyFilters do the same: ``patches`` says what, by ``known_as``.
    """
    joined: list[JoinedRoute] = []
    alike: dict[tuple[str, str], list[JoinedRoute]] = {}
    for row in _reachable(whole_host_redirects(rows, ports), ports):
        candidates = alike.setdefault((row.owner, row.variant), [])
        route = next((r for r in reversed(candidates) if _may_join(row, r, patches)), None)
        if route is None or not _brought_together(route, row, joined):
            route = JoinedRoute(row)
            joined.append(route)
            candidates.append(route)
        route.add(row)
    return joined


def _reachable(rows: Iterable[Row], ports: Iterable[int]) -> Iterator[Row]:
    """The rows, each on the ports where no earlier one takes all of its requests."""
    taken: dict[int, tuple[set[str], list[str]]] = {port: (set(), []) for port in ports}
    """By port, the exact paths and the beginnings that are taken."""
    for row in rows:
        kind, path = next(iter(row.match.get("uri", {"prefix": ""}).items()))
        left = frozenset(port for port in row.ports if not _covered(kind, path, *taken[port]))
        if not left:
            continue
        yield row if left == row.ports else replace(row, ports=left)
        if kind != "regex" and row.match.keys() <= {"uri"}:
            for port in left:
                exacts, beginnings = taken[port]
                if kind == "exact":
                    exacts.add(path)
                else:
                    beginnings.append(path)


def _covered(kind: str, path: str, exacts: set[str], beginnings: list[str]) -> bool:
    if kind == "regex":
        return any(beginning in ("", "/") for beginning in beginnings)
    return (kind == "exact" and path in exacts) or any(map(path.startswith, beginnings))


def _may_join(row: Row, route: JoinedRoute, patches: Mapping[str, object]) -> bool:
    first = route.first
    if first.body is not row.body and first.body != row.body:
        return False
    if row.source in route.sources:
        return row.known_as in route.known_as
    # Istio may refuse a regular expression, which then costs all the paths of its route.
    literal = not any("regex" in r.match.get("uri", ()) for r in (row, first))
    return literal and patches.get(row.known_as) == patches.get(first.known_as)


def _brought_together(route: JoinedRoute, row: Row, joined: list[JoinedRoute]) -> bool:
    """Whether the row can go up to the route, or the route has come down to it."""
    between: list[tuple[Mapping[str, Any], frozenset[int]]] = []
    at = len(joined) - 1
    while joined[at] is not route:
        between += joined[at].matches
        at -= 1
        if len(between) > MOST_PASSED:
            return False
    if all(_passes(row, other, route) for other in between):
        return True
    if all(matches_apart(*own, *other) for own in route.matches for other in between):
        joined.append(joined.pop(at))
        return True
    return False


def _passes(row: Row, other: tuple[Mapping[str, Any], frozenset[int]], route: JoinedRoute) -> bool:
    """Whether a row may go up to a route past another match.

    No request has both, or the route has taken those already, as it does the same at that path.
    """
    if matches_apart(row.match, row.ports, *other):
        return True
    match, ports = other
    taken = {**row.match, "uri": match.get("uri")}
    return any(own == taken and on >= row.ports & ports for own, on in route.matches)
