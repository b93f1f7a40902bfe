"""The hosts of a report: their Ingresses, what is closed, and how ready each is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from nginx2istio.convert.convert import Conversion
from nginx2istio.convert.protected.fail_closed import EVERY_PATH
from nginx2istio.istio.edits import Edit, HostRoute, RouteBefore
from nginx2istio.nginx.model import DEFAULT_SERVER

Readiness = Literal["blocked", "review", "ready"]
READINESS: tuple[Readiness, ...] = ("blocked", "review", "ready")
"""Worst first."""
EVERY_HOST = -1
"""Stands for all hosts where a host's index is expected."""
_UNAVAILABLE = 503
_Data = dict[str, Any]


def hosts_of(findings: Sequence[_Data], conversion: Conversion) -> list[_Data]:
    """The hosts of a conversion with their readiness, by namespace and name, ``*`` for the default.

    ``closed`` are paths that nginx serves and the gateway answers 503 for, as their protection
    can't be converted. ``served`` is False where nginx serves nothing (a refused Ingress).
    """
    unclaimed = {ingress.origin.object for ingress in conversion.config.unclaimed}
    ingresses: dict[str, list[str]] = {}
    for ingress in conversion.ingresses:
        if ingress.key not in unclaimed:
            for name in ingress.hosts:
                ingresses.setdefault(shown_host(name), []).append(ingress.key)
    servers = {shown_host(s.host): s for s in conversion.config.servers}
    known = {*servers, *(alias for s in servers.values() for alias in s.aliases)}
    # A host of an Ingress that nginx does not load has no server, but it is in the report.
    named = {h for f in findings for h in f["hosts"] if h != "*" and h not in known}
    # Those of Ingresses that nobody takes are none of the conversion.
    named -= {h for each in conversion.config.unclaimed for h in each.hosts if h not in ingresses}
    closed = _closed(conversion)
    hosts: list[_Data] = []
    for name in {**servers, **dict.fromkeys(sorted(named))}:
        server = servers.get(name)
        keys = set(ingresses.get(name, ()))
        keys |= {origin.object for origin in server.ingresses} if server else set()
        hosts.append(
            {
                "host": name,
                "aliases": list(server.aliases) if server else [],
                "ingresses": sorted(keys),
                "served": server is not None,
                "closed": sorted(closed.get(name, ())),
            }
        )
    hosts.sort(key=lambda host: (namespaces(host), host["host"]))
    return with_readiness(hosts, findings)


def namespaces(host: _Data) -> list[str]:
    """The namespaces of a host's Ingresses."""
    return sorted({str(key).partition("/")[0] for key in host["ingresses"]})


def shown_host(host: str) -> str:
    """A server's host as reports show it."""
    return "*" if host == DEFAULT_SERVER else host


def with_readiness(hosts: Sequence[_Data], findings: Sequence[_Data]) -> list[_Data]:
    """The hosts with their readiness by the findings that are not accepted."""
    ranks = [READINESS.index("ready")] * len(hosts)
    for finding, indexes in zip(findings, places(findings, hosts), strict=True):
        if finding["severity"] == "info" or "accepted" in finding:
            continue
        rank = READINESS.index("blocked" if finding["severity"] == "error" else "review")
        for index in indexes:
            if index != EVERY_HOST:
                ranks[index] = min(ranks[index], rank)
    return [{**host, "readiness": READINESS[r]} for host, r in zip(hosts, ranks, strict=True)]


def readiness_counts(hosts: Iterable[_Data]) -> dict[str, int]:
    """How many hosts are blocked, to review and ready."""
    counts = Counter(host["readiness"] for host in hosts)
    return {name: counts[name] for name in READINESS}


def places(findings: Iterable[_Data], hosts: Sequence[_Data]) -> tuple[tuple[int, ...], ...]:
    """For each finding the indexes of its hosts; EVERY_HOST alone where it holds for all."""
    index = host_index(hosts)
    of_ingress: dict[str, list[int]] = {}
    for number, host in enumerate(hosts):
        for key in host["ingresses"]:
            of_ingress.setdefault(key, []).append(number)
    return tuple(_places(finding, index, of_ingress) for finding in findings)


def host_index(hosts: Iterable[_Data]) -> dict[str, int]:
    """Each host's index by its name and its aliases."""
    listed = list(hosts)
    index = {name: number for number, host in enumerate(listed) for name in host["aliases"]}
    return index | {host["host"]: number for number, host in enumerate(listed)}


def of_the_conversion(finding: _Data) -> bool:
    """Whether a finding is one of every conversion, whichever hosts it concerns."""
    return bool(finding["hosts"] == ["*"] or finding["object"]["kind"] == "default")


def _places(
    finding: _Data, index: Mapping[str, int], of_ingress: Mapping[str, list[int]]
) -> tuple[int, ...]:
    obj = finding["object"]
    of_an_ingress = obj["kind"] == "Ingress"
    if of_the_conversion(finding) and not (of_an_ingress and "*" in index):
        return (EVERY_HOST,)
    if finding["hosts"]:
        return tuple(sorted({index[name] for name in finding["hosts"] if name in index}))
    return tuple(of_ingress.get(f"{obj['namespace']}/{obj['name']}", ())) if of_an_ingress else ()


def _closed(conversion: Conversion) -> dict[str, set[str]]:
    """Per host the declared paths that answer 503 instead of their backend."""
    servers = {server.host: server for server in conversion.config.servers}
    closed: dict[str, set[str]] = {}
    for applied in conversion.applied:
        server = servers.get(applied.host)
        if server is None or not any(map(_closes, applied.edits)):
            continue
        at = server.locations if applied.location < 0 else [server.locations[applied.location]]
        paths = {loc.declared for loc in at if loc.upstream and not loc.denied}
        closed.setdefault(shown_host(applied.host), set()).update(paths)
    return closed


def _closes(edit: Edit) -> bool:
    if not isinstance(edit, RouteBefore | HostRoute):
        return False
    whole = edit.match in EVERY_PATH if isinstance(edit, HostRoute) else not edit.match
    response: Any = edit.fields.get("directResponse")
    return whole and bool(response) and response.get("status") == _UNAVAILABLE
