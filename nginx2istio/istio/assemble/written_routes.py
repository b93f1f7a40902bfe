"""Joined routes as HTTPRoutes: their names, the ports and the hosts of their matches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from nginx2istio.istio.assemble.merge_routes import JoinedRoute
from nginx2istio.istio.assemble.route_names import HostNames
from nginx2istio.istio.assemble.virtual_host import VirtualHost
from nginx2istio.istio.objects import Noted, Object
from nginx2istio.istio.re2 import authority_regex


def written(
    joined: Iterable[JoinedRoute],
    ports: Iterable[int],
    authorities: Sequence[str],
    names: HostNames,
    terse: bool = False,
) -> Iterator[Object]:
    """The HTTPRoutes, each with a name of its own; a port is named only where another is served.

    The comment of an Ingress stands at its first route. ``terse``: a route of any path has no
    match.
    """
    left = frozenset(ports)
    notes = {""}
    for route in joined:
        matches: list[Object] = []
        for match, on in route.matches:
            if terse and match.get("uri") == ANY_PATH:
                match = {k: v for k, v in match.items() if k != "uri"}
            for port in (0,) if on == left else sorted(on):
                if match.keys() == {"uri"}:
                    matches.append(_of_path(*next(iter(match["uri"].items())), port))
                else:
                    matches.append(_in_order(match) | ({"port": port} if port else {}))
        note = route.first.note if route.first.note not in notes else ""
        notes.add(note)
        yield for_authorities(matches, route.first.body, authorities, names.name(route), note)
        left -= frozenset(port for match, on in route.matches if not match for port in on)


@lru_cache(maxsize=4096)
def _of_path(kind: str, value: str, port: int) -> Object:
    """The match of a path on a port, on all for 0: one value for the hosts that share it."""
    return {"uri": {kind: value}} | ({"port": port} if port else {})


ANY_PATH = {"prefix": "/"}
MATCH_ORDER = ("uri", "method", "headers", "withoutHeaders", "queryParams")


def _in_order(match: Mapping[str, Any]) -> Object:
    """The match with its path first, as people read it."""
    first = {field: match[field] for field in MATCH_ORDER if field in match}
    return first | {field: value for field, value in match.items() if field not in first}


def authorities(virtual_host: VirtualHost) -> list[str]:
    """Patterns for the names of a site with a star, which must not take all that Istio's takes.

    The star of a host is one label; that of an alias is any number, or what its pattern says.
    """
    names = virtual_host.names
    if virtual_host.host == "*" or not any("*" in name for name in names):
        return []
    others = (alias.pattern or any_label(alias.name) for alias in virtual_host.aliases)
    return list(dict.fromkeys((_one_label(virtual_host.host), *others)))


def _one_label(name: str) -> str:
    return (
        rf"[\w-]+\.{exact_authority(name[2:])}" if name.startswith("*.") else exact_authority(name)
    )


def any_label(name: str) -> str:
    """A pattern for what Istio takes a name for: its star is any number of labels."""
    return rf".+\.{exact_authority(name[2:])}" if name.startswith("*.") else exact_authority(name)


def exact_authority(name: str) -> str:
    """A pattern for just this name."""
    return name.replace(".", r"\.")


def for_authorities(
    matches: Sequence[Object],
    body: Object,
    patterns: Sequence[str],
    name: str = "",
    note: str = "",
) -> Noted:
    """An HTTPRoute for the hosts of these patterns, for all if there are none."""
    if patterns:
        hosts = [{"authority": {"regex": authority_regex([p])}} for p in patterns]
        matches = [
            {**host, **match}
            for match in matches
            for host in ([{}] if "authority" in match else hosts)
        ]
    named = {"name": name} if name else {}
    rest = {k: v for k, v in body.items() if k != "name"}
    # One empty match takes every request, whatever stands beside it.
    return Noted(named | ({"match": list(matches)} if all(matches) else {}) | rest, note)
