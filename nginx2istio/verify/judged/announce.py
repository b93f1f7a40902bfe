"""Which findings of a report announce a difference, and which nothing bears out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from nginx2istio.verify.judged.declared import (
    ANY_HOST,
    Declared,
    bare_host,
    host_covers,
    readings,
)
from nginx2istio.verify.judged.difference import UNSEEN, Difference
from nginx2istio.verify.judged.exchange import Exchange, FindingData, RequestRecord
from nginx2istio.verify.judged.predicates import is_about, predicates


def finding_covers(declared: Declared, finding: FindingData, request: RequestRecord) -> str:
    """How a finding's hosts and paths include a request.

    "specific", or "global" when only by hosts ``["*"]``, or "" when they do not. A finding without
    hosts holds for those of its object, one with ``requests`` for no others.
    """
    if not is_about(finding, request):
        return ""
    way = names_host(declared, hosts_named(declared, finding), request["host"])
    return way if way and names_path(declared, finding, request["host"], request["target"]) else ""


def hosts_named(declared: Declared, finding: FindingData) -> Collection[str]:
    """The hosts and patterns of a finding, or those of its object."""
    obj = finding.get("object") or {}
    name = (obj.get("namespace") or "default", obj.get("name") or "")
    return finding.get("hosts") or declared.ingresses.get(name, set())


def names_host(declared: Declared, hosts: Collection[str], host: str) -> str:
    """How hosts and patterns include the host of a request: see `finding_covers`."""
    asked, known = bare_host(host), declared.hosts_of(host)
    specific = any(
        name != "*"
        and (
            host_covers(name, asked)
            or bare_host(name) in known
            or (name == "" and ANY_HOST in known)
        )
        for name in hosts
    )
    return "specific" if specific else "global" if "*" in hosts else ""


def names_path(declared: Declared, finding: FindingData, host: str, target: str) -> bool:
    """Whether a finding's paths include a request's target, on the host under any of its names."""
    paths = finding.get("paths")
    if not paths or "*" in paths:
        return True
    written = readings(target)
    return any(
        declared.located(known, pattern, path)
        for known in declared.hosts_of(host)
        for pattern in paths
        for path in written
    )


def covering(
    findings: Iterable[FindingData], exchange: Exchange, declared: Declared
) -> list[tuple[FindingData, str]]:
    """The findings that include an exchange, each with how."""
    ways = (
        (finding, finding_covers(declared, finding, exchange["request"])) for finding in findings
    )
    return [(finding, how) for finding, how in ways if how]


def announcers(
    difference: Difference, covered: Iterable[tuple[FindingData, str]]
) -> tuple[str, list[FindingData]]:
    """How findings (of `covering`) announce a difference, and which of them do.

    "specific", "global", or "" (silent). That somebody else answers is announced by a finding for
    all hosts only if it says of which requests: else one sentence for all hosts would announce a
    total outage.
    """
    by_way: dict[str, list[FindingData]] = {"specific": [], "global": []}
    for finding, how in covered:
        if not difference.accepts & set(finding.get("aspects") or []):
            continue
        if how == "global" and difference.grave and not predicates(finding):
            continue
        by_way[how].append(finding)
    return next(((how, given) for how, given in by_way.items() if given), ("", []))


class Alarms(NamedTuple):
    """Errors and warnings by what exchanges say of them."""

    true: list[FindingData]  # an aspect differs on an exchange that the finding covers
    false: list[FindingData]  # it covers exchanges, and its aspects differ on none
    idle: list[FindingData]  # it covers no exchange


def alarms(
    findings: Iterable[FindingData],
    differences: list[tuple[Exchange, list[Difference]]],
    declared: Declared,
) -> Alarms:
    """Whether exchanges bear errors and warnings out; those for all hosts a whole run judges."""
    judged = Alarms([], [], [])
    for finding in findings:
        announced = set(finding.get("aspects") or [])
        if finding.get("severity") not in ("error", "warning") or not announced:
            continue
        if "*" in (finding.get("hosts") or []):
            continue
        covered = [ds for e, ds in differences if finding_covers(declared, finding, e["request"])]
        if not covered or announced <= UNSEEN:
            judged.idle.append(finding)
        elif any(d.accepts & announced for ds in covered for d in ds):
            judged.true.append(finding)
        else:
            judged.false.append(finding)
    return judged
