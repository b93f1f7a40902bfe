"""Redirects that all paths of a host share, most of all those to https, said once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nginx2istio.istio.assemble.route_rows import Row, matches_apart
from nginx2istio.istio.edits import Phase

ANY_PATH_MATCHES = ({"uri": {"prefix": "/"}}, {"uri": {"regex": "(?i)/.*"}})
"""Matches of the location for what no other location takes."""
HTTPS = Phase.HTTPS.name.lower()
"""The variant (``variant_of``) of rows that redirect to https, be it by a direct response."""


def whole_host_redirects(rows: Sequence[Row], ports: Iterable[int]) -> list[Row]:
    """The rows, in order of precedence, with redirects of any path in place of those of each."""
    of_host = [row for row in rows if not row.source]
    of_paths = [row for row in rows if row.source]
    shared = _leading_redirects(of_paths)
    if shared:
        gone = {id(row) for rows in _by_path(of_paths) for row in rows[: len(shared)]}
        rest = (row for row in of_paths if id(row) not in gone)
        return [*of_host, *map(_of_any_path, shared), *rest]
    for port in ports:
        of_paths = _shared_on_port(of_paths, port)
    return [*of_host, *of_paths]


def _by_path(rows: Iterable[Row]) -> list[list[Row]]:
    by_path: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    for row in rows:
        by_path.setdefault(tuple(row.match["uri"].items()), []).append(row)
    return list(by_path.values())


def _of_any_path(row: Row) -> Row:
    """The redirect as one of the whole host."""
    match = {k: v for k, v in row.match.items() if k != "uri"}
    redirect = row.body.get("redirect", {})
    same_path = row.variant == HTTPS or (
        redirect.get("scheme") == "https" and "uri" not in redirect
    )
    variant = f"redirect to {'https' if same_path else 'another address'}"
    known_as = str(row.body.get("name", ""))
    return Row(match, row.ports, row.body, variant=variant, known_as=known_as)


def _leading_redirects(rows: Iterable[Row]) -> list[Row]:
    """The redirects with which the rows of every path begin, where the last is any path.

    They may go first: what takes some of the requests of one path before another path is looked
    at takes the same requests of all.
    """
    by_path = _by_path(rows)
    if not by_path or {"uri": by_path[-1][-1].match["uri"]} not in ANY_PATH_MATCHES:
        return []
    leading = []
    for row, *others in zip(*reversed(by_path), strict=False):
        if not _redirects(row) or any(o.without_path() != row.without_path() for o in others):
            break
        leading.append(row)
    return leading


def _shared_on_port(rows: list[Row], port: int) -> list[Row]:
    """The rows with the last path's redirects on a port for all paths that have just these.

    They stand behind what else the port answers. So a path keeps its own where something between
    answers the same requests.
    """
    by_path = _by_path(row for row in rows if row.ports == {port})
    last = by_path[-1] if by_path else []
    if not last or not all(map(_redirects, last)) or last[-1].match not in ANY_PATH_MATCHES:
        return rows
    answers = [row.without_path() for row in last]
    same = [path for path in by_path if [row.without_path() for row in path] == answers]
    at = {id(row): i for i, row in enumerate(rows)}
    alike = {id(row) for path in same for row in path}
    end = at[id(last[-1])]
    others = [(i, r) for i, r in enumerate(rows[:end]) if port in r.ports and id(r) not in alike]
    gone = {
        id(row)
        for path in same
        if all(_apart(row, other) for row in path for i, other in others if i > at[id(row)])
        for row in path
    }
    place = others[-1][0] + 1 if others else 0
    parts = [(row for row in part if id(row) not in gone) for part in (rows[:place], rows[place:])]
    return [*parts[0], *map(_of_any_path, last), *parts[1]]


def _apart(row: Row, other: Row) -> bool:
    return matches_apart(row.match, row.ports, other.match, other.ports)


def _redirects(row: Row) -> bool:
    return "redirect" in row.body or row.variant == HTTPS
