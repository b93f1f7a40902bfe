"""Rows to HTTPRoutes: what says the same is said once, without changing which route comes first.

A row is one match with the body of its route. Rows for different ports never compete, so they
may pass each other.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby

from nginx2istio.istio.fields import frozen
from nginx2istio.istio.objects import Object

RouteCandidate = tuple[Object, Object, str, str]
"""Match, body, name, comment."""
MAX_COMPARED = 16
"""So many matches are compared one by one."""
EVERYTHING = ({"prefix": "/"}, {"regex": "(?i)/.*"})


def merge_routes(rows: Sequence[RouteCandidate]) -> Iterator[tuple[list[Object], Object, str, str]]:
    """Routes with all their matches: rows of one name and body joined where nothing is between.

    Answers that all the paths of a port share (the redirect to https) become one route of the port.
    """
    rows = _common_answers(_common_answers(list(rows), 80), 443)
    taken: set[int] = set()
    for i, (match, body, name, note) in enumerate(rows):
        if i in taken:
            continue
        matches = [match]
        keys: set[Hashable] = set()
        """Of many matches, what equal ones share."""
        for j in range(i + 1, len(rows)):
            other = rows[j]
            if other[2] == name and j not in taken and other[1] == body:
                taken.add(j)
                if len(matches) < MAX_COMPARED:
                    if other[0] not in matches:
                        matches.append(other[0])
                    continue
                keys = keys or set(map(frozen, matches))
                key = frozen(other[0])
                if key not in keys:
                    keys.add(key)
                    matches.append(other[0])
            elif j not in taken and not _apart(match, other[0]):
                break
        yield matches, body, name, note


def _apart(match: Object, other: Object) -> bool:
    """Whether two matches are for different ports."""
    return "port" in match and "port" in other and match["port"] != other["port"]


def _common_answers(rows: list[RouteCandidate], port: int) -> list[RouteCandidate]:
    """The rows with the last paths' equal redirects on a port in one, if nothing else is left.

    Only redirects: other routes are looked up by their names.
    """
    last: list[int] = []
    for i in range(len(rows) - 1, -1, -1):
        match, body = rows[i][:2]
        if match.get("port", port) != port:
            continue
        if "port" not in match or "uri" not in match or "redirect" not in body:
            break
        last.append(i)
    last.reverse()
    groups = [
        [rows[i] for i in group] for _, group in groupby(last, key=lambda i: str(rows[i][0]["uri"]))
    ]
    answers = _without_path(groups[-1]) if groups else []
    same = [g for g in groups if [a[:2] for a in _without_path(g)] == [a[:2] for a in answers]]
    if len(same) < max(len(groups), 2) or groups[-1][0][0]["uri"] not in EVERYTHING:
        return rows
    gone = set(last)
    return [row for i, row in enumerate(rows) if i not in gone] + answers


def _without_path(rows: Sequence[RouteCandidate]) -> list[RouteCandidate]:
    return [
        ({k: v for k, v in match.items() if k != "uri"}, body, name, "")
        for match, body, name, _ in rows
    ]
