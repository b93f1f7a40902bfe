"""Findings as a reader wants them: one a cause, with all hosts and paths where it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nginx2istio.nginx.model import Origin
from nginx2istio.rule import Message, Severity
from nginx2istio.translate import Said

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Reported:
    """A finding of the report; ``hosts`` and ``paths`` say where it holds, ``*`` everywhere."""

    message: Message
    severity: Severity
    key: str
    value: str
    origin: Origin
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    text: str
    instead: str


def grouped(said: Iterable[Said]) -> tuple[Reported, ...]:
    """Findings of one cause joined, worst first, then by place.

    Hosts are joined only where they share all paths, so that a finding never claims a host and
    path that it does not hold for.
    """
    paths: dict[tuple[Said, str], dict[str, None]] = {}
    for one in said:
        cause = Said(
            one.message, one.severity, one.text, one.instead, one.key, one.value, one.origin, (), ""
        )
        for host in one.hosts or ("",):
            paths.setdefault((cause, host), {})[one.path] = None
    hosts: dict[tuple[Said, tuple[str, ...]], list[str]] = {}
    for (cause, host), found in paths.items():
        where = ("*",) if "*" in found else tuple(sorted(found))
        hosts.setdefault((cause, where), []).append(host)
    done = [
        Reported(
            cause.message,
            cause.severity,
            cause.key,
            cause.value,
            cause.origin,
            tuple(sorted(h for h in named if h)),
            where,
            cause.text,
            cause.instead,
        )
        for (cause, where), named in hosts.items()
    ]
    return tuple(sorted(done, key=_order))


def _order(one: Reported) -> tuple[int, Origin, str, str, str, tuple[str, ...], tuple[str, ...]]:
    rank = SEVERITIES.index(one.severity)
    return rank, one.origin, one.message.code, one.key, one.text, one.hosts, one.paths
