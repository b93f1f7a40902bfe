"""What a report says by code: a reader decides once for all places of a kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nginx2istio.report.data import Data
from nginx2istio.report.hosts import of_the_conversion
from nginx2istio.report.words.aspects import SECURITY_ASPECTS
from nginx2istio.report.words.labels import SEVERITIES, counted, some
from nginx2istio.rule import Severity

Findings = Sequence[Data]
"""Findings, or other entries of the report."""


@dataclass(frozen=True, slots=True)
class FindingKind:
    """All findings with one code and one severity, in the report's order."""

    findings: Findings

    @property
    def code(self) -> str:
        """The code, such as N2I520."""
        return str(self.findings[0]["code"])

    @property
    def title(self) -> str:
        """What the code is about."""
        return str(self.findings[0]["title"])

    @property
    def severity(self) -> Severity:
        """The severity of all of them."""
        severity: Severity = self.findings[0]["severity"]
        return severity

    @property
    def everywhere(self) -> bool:
        """Whether all hold for every host: a difference that every estate has."""
        return all(map(of_the_conversion, self.findings))

    @property
    def folded(self) -> bool:
        """Whether a short view leaves the places out: nobody has to act on any of them."""
        quiet = self.severity == "info"
        return quiet and (self.everywhere or not any(f["instead"] for f in self.findings))

    @property
    def protects(self) -> bool:
        """Whether a security reviewer should see it."""
        aspects = self.findings[0]["aspects"]
        return self.severity != "info" and not SECURITY_ASPECTS.isdisjoint(aspects)

    @property
    def extent(self) -> str:
        """How often: ``once``, ``40 times``."""
        return times(self.findings)

    def texts(self, field: str) -> list[Findings]:
        """The findings by their words in a field."""
        groups: dict[str, list[Data]] = {}
        for finding in self.findings:
            groups.setdefault(finding[field], []).append(finding)
        return list(groups.values())

    def most(self, field: str) -> str:
        """The most frequent words in a field."""
        return str(max(self.texts(field), key=len)[0][field])


def kinds(findings: Iterable[Data]) -> list[FindingKind]:
    """The findings by severity and code: worst first, then those of named hosts, then by number."""
    groups: dict[tuple[str, str], list[Data]] = {}
    for finding in findings:
        groups.setdefault((finding["severity"], finding["code"]), []).append(finding)
    return sorted(map(FindingKind, groups.values()), key=_order)


def _order(kind: FindingKind) -> tuple[object, ...]:
    return SEVERITIES.index(kind.severity), kind.everywhere, -len(kind.findings), kind.code


def open_findings(report: Data) -> list[Data]:
    """The findings that nobody has accepted."""
    return [finding for finding in report["findings"] if "accepted" not in finding]


def is_update(report: Data) -> bool:
    """Whether the report is about what is new since an earlier one, which has the rest."""
    return "baseline" in report.get("left_out", {})


def times(findings: Findings) -> str:
    """``once``, ``40 times``."""
    return "once" if len(findings) == 1 else f"{len(findings)} times"


def place(finding: Data) -> str:
    """File, line, object and annotation of a finding; "" for none."""
    obj = finding["object"]
    at = f"{finding['file']}:{finding['line']}" if finding["file"] else ""
    named = f"{obj['namespace']}/{obj['name']}" if obj["name"] else ""
    return " ".join(part for part in (at, named, finding["key"]) if part)


def where(finding: Data) -> str:
    """The place of a finding with its hosts and paths."""
    hosts = f"{some(finding['hosts'])} {some(finding['paths'])}" if finding["hosts"] else ""
    if finding["hosts"] == ["*"]:
        paths = "" if finding["paths"] == ["*"] else f" {some(finding['paths'])}"
        hosts = f"every host{paths}"
    return ", ".join(part for part in (place(finding), hosts) if part)


ACTION_WORDS = {
    "mesh-config": "set the mesh configuration",
    "copy-secret": "copy {} to the gateway's namespace",
    "label-service": "label {}",
    "client-address": "let the gateway see the addresses of the clients",
    "gateway-annotation": "annotate the gateway",
    "auth-answers": "check the answers of the authentication service",
}
"""What is to do by hand, by the kind of action; the braces are for how many there are."""
_COUNTED = {"copy-secret": "Secret", "label-service": "Service"}


def things_to_do(report: Data) -> list[tuple[str, Findings]]:
    """What is to do before the cut-over, a line a kind, with the actions of each."""
    groups: dict[str, list[Data]] = {}
    for action in report["actions"]:
        groups.setdefault(action["kind"], []).append(action)
    order = list(ACTION_WORDS)
    ranked = sorted(groups.items(), key=lambda g: (g[0] not in order, _rank(order, g[0]), g[0]))
    return [(_action(kind, group), group) for kind, group in ranked]


def _rank(order: Sequence[str], kind: str) -> int:
    return order.index(kind) if kind in order else len(order)


def _action(kind: str, group: Findings) -> str:
    if kind not in ACTION_WORDS or (len(group) == 1 and kind in _COUNTED):
        more = f", and {len(group) - 1} more" if len(group) > 1 else ""
        return f"{group[0]['text']}{more}"
    return ACTION_WORDS[kind].format(counted(len(group), _COUNTED.get(kind, kind)))


def work(report: Data) -> str:
    """What is left to do, in numbers: kinds to decide on, actions, steps; "" for nothing."""
    groups = kinds(open_findings(report))
    errors, warnings = (
        sum(kind.severity == severity for kind in groups) for severity in ("error", "warning")
    )
    parts = [f"decide on {counted(errors, 'kind')} of errors"] if errors else []
    parts += [f"review {counted(warnings, 'kind')} of warnings"] if warnings else []
    by_hand = len(report["actions"])
    parts += [f"do {counted(by_hand, 'thing')} by hand"] if by_hand else []
    steps = len(report.get("plan", ()))
    parts += [f"follow the {counted(steps, 'step')} of the plan"] if steps else []
    return ", ".join(parts)


def closed_words(report: Data) -> str:
    """Which paths answer 503 as their protection is not converted; "" for none."""
    closed = [host for host in report["hosts"] if host["closed"]]
    if not closed:
        return ""
    paths = counted(sum(len(host["closed"]) for host in closed), "path")
    names = some((f"{host['host']} {some(host['closed'], 2)}" for host in closed), 3)
    hosts = counted(len(closed), "host")
    return f"closed (503), as the protection is not converted: {paths} of {hosts}: {names}"
