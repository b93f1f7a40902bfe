"""Findings as a reader wants them: one a cause, with all hosts and paths where it holds."""

from __future__ import annotations

from collections.abc import Iterable

from nginx2istio.base.records import record
from nginx2istio.findings.placed import PlacedFinding
from nginx2istio.nginx.model import RULES, Origin
from nginx2istio.rule import Message, Severity

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@record(frozen=True, slots=True)
class GroupedFinding:
    """A finding of the report; ``hosts`` and ``paths`` say where it holds, ``*`` everywhere."""

    message: Message
    severity: Severity
    key: str
    value: str
    origin: Origin
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    text: str
    to_do: str


def grouped(said: Iterable[PlacedFinding]) -> tuple[GroupedFinding, ...]:
    """Findings of one cause joined, worst first, then by place.

    Hosts are joined only where they share all paths, so that a finding never claims a host and
    path that it does not hold for. What no annotation says is said once an Ingress, at the first
    of its lines.
    """
    causes: dict[Cause, tuple[PlacedFinding, dict[str, dict[str, None]]]] = {}
    for one in sorted(said, key=lambda s: s.origin.line):
        code, origin = one.message.code, one.origin
        if origin.field == RULES:
            origin = origin._replace(line=0)
        cause = (code, one.severity, one.text, one.to_do, one.key, one.value, origin)
        paths = causes.setdefault(cause, (one, {}))[1]
        for host in one.hosts or ("",):
            paths.setdefault(host, {})[one.path] = None
    done = []
    for first, paths in causes.values():
        hosts: dict[tuple[str, ...], list[str]] = {}
        for host, found in paths.items():
            where = ("*",) if "*" in found else tuple(sorted(found))
            hosts.setdefault(where, []).append(host)
        done += [_reported(first, named, where) for where, named in hosts.items()]
    return tuple(sorted(done, key=_order))


Cause = tuple[str, Severity, str, str, str, str, Origin]


def _reported(one: PlacedFinding, hosts: Iterable[str], paths: tuple[str, ...]) -> GroupedFinding:
    return GroupedFinding(
        one.message,
        one.severity,
        one.key,
        one.value,
        one.origin,
        tuple(sorted(h for h in hosts if h)),
        paths,
        one.text,
        one.to_do,
    )


def _order(one: GroupedFinding) -> tuple[object, ...]:
    at = one.origin
    place = (at.kind, at.namespace, at.name, at.field, at.file, at.line)
    rank = SEVERITIES.index(one.severity)
    return rank, place, one.message.code, one.key, one.text, one.hosts, one.paths
