"""A large configuration translated in shares, a process each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import partial
from operator import attrgetter
from typing import Any

from nginx2istio.base.options import Options
from nginx2istio.base.processes import EndedEarly, shares, side_by_side
from nginx2istio.convert.fates import FateParts
from nginx2istio.convert.translate import Applied, Translation, Translator, translate
from nginx2istio.findings.placed import PlacedFinding
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Server
from nginx2istio.rule import Edit
from nginx2istio.rule.loader import Rules

LEAST_PATHS = 2000
"""Paths of a share: with fewer, a process costs more time than it saves."""
_applied_fields = attrgetter(*(each.name for each in fields(Applied)))
_finding_fields = attrgetter(*(each.name for each in fields(PlacedFinding)))


@dataclass(frozen=True, slots=True)
class Share:
    """What the rules make of some hosts, on its way from the process that ran them.

    Records are tuples, which take a third of the time. ``protecting`` as in ``Translator``.
    """

    applied: Sequence[tuple[Any, ...]]
    findings: Sequence[tuple[Any, ...]]
    fates: FateParts
    protecting: Mapping[tuple[str, str, str], Mapping[str, Any]]


def translate_in_shares(
    config: NginxConfig, rules: Rules, options: Options, processes: int
) -> Translation:
    """As ``translate``, by up to so many processes; their number changes nothing of the result."""
    of_processes = shares_of(config.servers, processes)
    if len(of_processes) > 1:
        run = Translator(config, rules, options)
        tasks: list[Callable[[], Share | None]] = [partial(run.hosts, of_processes[0])]
        tasks += [
            partial(_elsewhere, Translator(config, rules, options), share)
            for share in of_processes[1:]
        ]
        # Where a process is ended, as for its memory, this one does its work.
        with suppress(EndedEarly):
            others = filter(None, side_by_side(tasks))
            if all([_joined(run, share) for share in others]):
                return run.result()
    return translate(config, rules, options)


def shares_of(servers: Sequence[Server], processes: int) -> list[Sequence[Server]]:
    """The hosts in up to so many shares, in order, each of about as many paths."""
    sizes = (len(server.locations) for server in servers)
    return [*shares(servers, sizes, processes, LEAST_PATHS)]


def _elsewhere(run: Translator, servers: Sequence[Server]) -> Share:
    """What the rules make of some hosts, in a process that is not the first."""
    run.hosts(servers)
    applied = [_applied_fields(each) for each in run.applied]
    findings = [_finding_fields(finding) for finding in run.findings]
    return Share(applied, findings, run.fates.parts(), run.protecting)


def _joined(run: Translator, share: Share) -> bool:
    """Makes a share of the next hosts part of a run.

    False where one of its protections depends on the hosts before: of two objects of one name, the
    first counts.
    """
    protecting = share.protecting.items()
    if any(run.protecting.setdefault(at, body) != body for at, body in protecting):
        return False
    first: dict[int, Edit] = {}
    for host, location, origin, edits, names in share.applied:
        for edit in edits:
            if id(edit) not in first:
                first[id(edit)] = run.equal_edits.first(edit)
        own = tuple([first[id(edit)] for edit in edits])
        run.applied.append(Applied(host, location, origin, own, names))
    run.findings += [PlacedFinding(*values) for values in share.findings]
    run.fates.take(share.fates)
    return True
