"""Which findings a report lists: those that are new since an earlier one, those that are severe."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from nginx2istio.report.data import Data
from nginx2istio.report.identity import Identity, identity_of
from nginx2istio.report.words.labels import SEVERITIES
from nginx2istio.rule import Severity


class BadBaseline(ValueError):
    """A file that is no whole JSON report."""


def read_baseline(data: bytes) -> list[Data]:
    """The findings of a JSON report. Raises BadBaseline."""
    try:
        report = json.loads(data)
        findings = report["findings"]
        for finding in findings:
            _earlier(finding)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise BadBaseline("it is no JSON report of nginx2istio") from None
    if "left_out" in report:
        raise BadBaseline(
            "it lacks findings, as it was written with --baseline or --min-severity itself"
        )
    return list(findings)


@dataclass(slots=True)
class _Earlier:
    """A finding of the baseline; ``used`` are its places that a finding of today has, too."""

    rank: int
    hosts: Sequence[str]
    paths: Sequence[str]
    used: set[tuple[str, str]] = field(default_factory=set)

    def covers(self, rank: int, place: tuple[str, str]) -> bool:
        """Whether a finding that is no worse held here, which stands for one of today only."""
        named = all(
            name in ours or "*" in ours
            for ours, name in zip((self.hosts, self.paths), place, strict=True)
        )
        if not named or rank < self.rank or place in self.used:
            return False
        self.used.add(place)
        return True


def _earlier(finding: Mapping[str, Any]) -> tuple[Identity, _Earlier]:
    hosts, paths = list(finding["hosts"]) or [""], list(finding["paths"])
    return identity_of(finding), _Earlier(SEVERITIES.index(finding["severity"]), hosts, paths)


def only_new(report: Data, baseline: Iterable[Mapping[str, Any]], name: str) -> Data:
    """The report with the findings that the baseline has not, at the hosts where they are new.

    A finding is known by its identity, host and path. A worse severity, another value, host or path
    is new; another line, file or wording is not. The verdict and the hosts' readiness stay those of
    all findings. ``name`` is the baseline's file.
    """
    earlier: dict[Identity, list[_Earlier]] = {}
    for known in baseline:
        identity, before = _earlier(known)
        earlier.setdefault(identity, []).append(before)
    new, known_still = [], []
    for finding in report["findings"]:
        candidates = earlier.get(identity_of(finding), [])
        rank = SEVERITIES.index(finding["severity"])
        fresh: dict[str, None] = {}
        for host, path in product(finding["hosts"] or [""], finding["paths"]):
            if not any(before.covers(rank, (host, path)) for before in candidates):
                fresh[host] = None
        if fresh:
            new.append({**finding, "hosts": [host for host in finding["hosts"] if host in fresh]})
        else:
            known_still.append(finding)
    resolved = sum(not before.used for group in earlier.values() for before in group)
    summary = {**report["summary"], "findings": _counts(new)}
    if "accepted" in summary:
        summary["accepted"] = _counts(f for f in new if "accepted" in f)
    omitted = {"baseline": name, "known": _counts(known_still), "resolved": resolved}
    return _without(report, new, omitted) | {"summary": summary}


def at_least(report: Data, severity: Severity) -> Data:
    """The report with the findings of this severity or worse. The summary still counts all."""
    rank = SEVERITIES.index(severity)
    listed = [f for f in report["findings"] if SEVERITIES.index(f["severity"]) <= rank]
    below = len(report["findings"]) - len(listed)
    return _without(report, listed, {"min_severity": severity, "below": below})


def _without(report: Data, findings: list[Data], omitted: Data) -> Data:
    """The report with these findings; what it leaves out stands before them."""
    changed: Data = {}
    for key, value in report.items():
        if key == "findings":
            changed["left_out"] = {**report.get("left_out", {}), **omitted}
            value = findings
        if key != "left_out":
            changed[key] = value
    return changed


def _counts(findings: Iterable[Data]) -> dict[str, int]:
    counts = Counter(finding["severity"] for finding in findings)
    return {severity: counts[severity] for severity in SEVERITIES}
