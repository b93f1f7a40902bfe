"""Findings of one cause joined, with all hosts and paths where they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nginx2istio.base.records import record
from nginx2istio.findings.placed import PlacedFinding
from nginx2istio.nginx.model import RULES, Assumed, Origin
from nginx2istio.report.words.labels import SEVERITIES
from nginx2istio.rule import Message, Requests, Severity

_Cause = tuple[
    Severity, tuple[str, ...], tuple[object, ...], tuple[Requests, ...], tuple[Assumed, ...]
]


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
    requests: tuple[Requests, ...]
    assumed: tuple[Assumed, ...]


def grouped(placed: Iterable[PlacedFinding]) -> tuple[GroupedFinding, ...]:
    """Findings of one cause joined, worst first, then by place.

    Hosts are joined only where they share all paths: a finding never names a host and path that it
    does not hold for. A finding without an annotation stands once an Ingress, at the first line.
    """
    of_objects: dict[tuple[str, str, str], list[PlacedFinding]] = {}
    for finding in placed:
        of_objects.setdefault(finding.origin[:3], []).append(finding)
    # One object after the other: what groups the findings of all would take much memory.
    groups = [group for of_object in of_objects.values() for group in _grouped(of_object)]
    return tuple(sorted(groups, key=_order))


def _grouped(of_an_object: Iterable[PlacedFinding]) -> Iterator[GroupedFinding]:
    """The findings of one object, joined."""
    causes: dict[_Cause, tuple[PlacedFinding, dict[str, dict[str, None]]]] = {}
    for finding in sorted(of_an_object, key=lambda f: f.origin.line):
        origin = finding.origin
        place: tuple[object, ...] = origin[:-1] if origin.field == RULES else origin
        what = finding.message.code, finding.text, finding.to_do, finding.key, finding.value
        cause = finding.severity, what, place, finding.requests, finding.assumed
        places = causes.setdefault(cause, (finding, {}))[1]
        for host in finding.hosts or ("",):
            places.setdefault(host, {})[finding.path] = None
    for first, places in causes.values():
        hosts: dict[tuple[str, ...], list[str]] = {}
        for host, paths in places.items():
            hosts.setdefault(("*",) if "*" in paths else tuple(sorted(paths)), []).append(host)
        yield from (_group(first, names, where) for where, names in hosts.items())


def _group(first: PlacedFinding, hosts: Iterable[str], paths: tuple[str, ...]) -> GroupedFinding:
    return GroupedFinding(
        first.message,
        first.severity,
        first.key,
        first.value,
        first.origin,
        tuple(sorted(host for host in hosts if host)),
        paths,
        first.text,
        first.to_do,
        first.requests or first.message.requests,
        first.assumed,
    )


def _order(finding: GroupedFinding) -> tuple[object, ...]:
    at = finding.origin
    place = (at.kind, at.namespace, at.name, at.field, at.file, at.line)
    rank = SEVERITIES.index(finding.severity)
    code = finding.message.code
    return rank, place, code, finding.key, finding.text, finding.hosts, finding.paths
