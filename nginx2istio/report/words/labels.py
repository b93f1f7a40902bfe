"""The words that every view uses for fates, severities and verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nginx2istio.nginx.model import Assumed
from nginx2istio.rule import Fate, Severity

FATES: Mapping[Fate, str] = {
    "translated": "converted",
    "approximated": "approximated",
    "unsupported": "not converted",
    "neutral": "no change needed",
    "ineffective": "no effect",
}
"""A fate's literal in JSON, and the word that people read."""
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""Worst first; the same words everywhere."""
VERDICTS: Mapping[str, tuple[str, str]] = {
    "ready": ("ready", "no client is likely to notice a{} difference"),
    "review": ("needs review", "some clients will notice a{} difference"),
    "blocked": ("blocked", "traffic or protection would break; see the errors"),
    "nothing": ("nothing to convert", "no Ingress of this controller was read"),
}
"""A verdict's literal in JSON, the words that people read, and their meaning."""
_BLOCKED_WITHOUT_ERRORS = "some input can't be read, or a difference is not announced"


def verdict_words(summary: Mapping[str, Any]) -> tuple[str, str]:
    """The verdict of a report's summary, such as ``ready, 3 accepted``, and its meaning."""
    accepted = sum(summary.get("accepted", {}).values())
    words, meaning = VERDICTS[summary["verdict"]]
    if summary["verdict"] == "blocked" and not summary["findings"]["error"]:
        meaning = _BLOCKED_WITHOUT_ERRORS
    if accepted:
        return f"{words}, {accepted} accepted", meaning.format("nother")
    return words, meaning.format("")


ASSUMED: Mapping[Assumed, str] = {
    "configmap": "the controller's ConfigMap",
    "flags": "the controller's flags",
    "services": "the Services",
    "configmaps": "the ConfigMaps of headers",
    "secrets": "the TLS Secrets",
    "ages": "the order of the Ingresses",
    "namespaces": "the labels of the namespaces",
}
"""What is assumed: its literal in JSON, and the words behind "assumed:" at a finding."""


def assumed_words(names: Iterable[Assumed]) -> str:
    """``the controller's flags, the Services``; "" for none."""
    return ", ".join(ASSUMED[name] for name in names)


def assumption_words(assumption: Mapping[str, Any]) -> str:
    """An assumption of the report in one line: what, why, and what makes it known."""
    option = f" ({assumption['option']})" if assumption["option"] else ""
    to_do = assumption["instead"].removesuffix(".")
    return f"{assumption['what']} {assumption['why']} {to_do}{option}."


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 host``, ``2 hosts``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def figures(summary: Mapping[str, Any]) -> tuple[str, str]:
    """How many objects were read and written, as lists of numbers."""
    ingresses = counted(summary["ingresses"], "Ingress", "Ingresses")
    if summary["converted"] < summary["ingresses"]:
        ingresses = f"{summary['converted']} of {ingresses} converted"
    read = (ingresses, counted(summary["hosts"], "host"), counted(summary["paths"], "path"))
    objects = ", ".join(f"{n} {kind}" for kind, n in summary["objects"].items()) or "no objects"
    return ", ".join(read), objects


def readiness_words(report: Mapping[str, Any]) -> str:
    """How many hosts are how ready: ``2 blocked, 3 need review, 89 ready``."""
    counts = report["summary"]["readiness"].items()
    need = "needs review" if report["summary"]["readiness"]["review"] == 1 else "need review"
    words = {"blocked": "blocked", "review": need, "ready": "ready"}
    unserved = sum(not host["served"] for host in report["hosts"])
    some_unserved = f"; {unserved} of these not served today" if unserved else ""
    return ", ".join(f"{n} {words[name]}" for name, n in counts) + some_unserved


def left_out(report: Mapping[str, Any]) -> list[str]:
    """What --baseline and --min-severity leave out of a report, a line each."""
    omitted = report.get("left_out", {})
    lines = []
    if "baseline" in omitted:
        new = severity_counts(report["summary"]["findings"])
        known = severity_counts(omitted["known"])
        gone = omitted["resolved"]
        lines.append(f"new since {omitted['baseline']}: {new}")
        lines.append(f"known and not shown: {known}; no longer there: {gone}")
    if "min_severity" in omitted:
        below = counted(omitted["below"], "finding")
        lines.append(f"not shown: {below} less severe than {omitted['min_severity']}")
    return lines


def severity_counts(counts: Mapping[str, int]) -> str:
    """``1 error, 2 infos``; ``none`` without any."""
    return ", ".join(counted(n, s) for s, n in counts.items() if n) or "none"


def fate_counts(counts: Mapping[Any, int]) -> str:
    """``3 converted, 1 no effect``; ``none`` without any."""
    return ", ".join(f"{n} {FATES[fate]}" for fate, n in counts.items() if n) or "none"


def some(names: Iterable[str], limit: int = 6) -> str:
    """The first names, and how many more there are."""
    listed = list(names)
    more = len(listed) - limit
    return ", ".join(listed[:limit]) + (f" and {more} more" if more > 0 else "")
