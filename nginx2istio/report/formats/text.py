"""The report as text: what a person reads in a terminal, and what fixtures keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nginx2istio.base.printable import printable
from nginx2istio.report.data import Data
from nginx2istio.report.formats.kinds import (
    FindingKind,
    kinds,
    open_findings,
    place,
)
from nginx2istio.report.formats.short_text import short_text
from nginx2istio.report.formats.text_parts import FEW, code_list, section_lines
from nginx2istio.report.hosts import (
    EVERY_HOST,
    READINESS,
    places,
)
from nginx2istio.report.words.labels import (
    SEVERITIES,
    assumption_words,
    fate_counts,
    figures,
    left_out,
    readiness_words,
    severity_counts,
    verdict_words,
)
from nginx2istio.report.words.proof import proof_words


def text_report(report: Data, verbose: bool = False) -> str:
    """The report, worst first. A code stands once, with its first places, or with all.

    The short form folds what nobody has to act on.
    """
    sections = kinds(report["findings"])
    body = _whole(report, sections) if verbose else short_text(report, sections)
    unread = len(report["errors"]) if verbose else FEW
    return lines_of([*_errors(report, unread), *_head(report), *body])


def text_summary(report: Data) -> str:
    """The few lines for the end of a run: what is wrong, then the figures and the verdict."""
    lines = [*_errors(report, len(report["errors"]))]
    errors = [f for f in open_findings(report) if f["severity"] == "error"]
    return lines_of([*lines, *map(_in_short, kinds(errors)), *_head(report)])


def _in_short(kind: FindingKind) -> str:
    first = kind.findings[0]
    words = first["text"] if len(kind.texts("text")) == 1 else kind.title
    often = f"{kind.extent}, first at " if len(kind.findings) > 1 else ""
    return f"error {kind.code} {often}{place(first)}: {words}"


def lines_of(lines: Iterable[str]) -> str:
    """Lines as a text. Whatever a line holds, it stays one line and acts on no terminal."""
    return "".join(f"{printable(line)}\n" for line in lines)


def _head(report: Data) -> Iterator[str]:
    summary = report["summary"]
    yield " -> ".join(figures(summary))
    if len(report["hosts"]) > 1:
        yield f"hosts: {readiness_words(report)}"
    yield f"annotations: {fate_counts(summary['annotations'])}"
    accepted = summary.get("accepted")
    of_these = f" (accepted: {severity_counts(accepted)})" if accepted is not None else ""
    yield f"findings: {severity_counts(summary['findings'])}{of_these}"
    yield from proof_words(report)
    yield from left_out(report)
    yield ": ".join(verdict_words(summary))
    yield from (f"assumed: {assumption_words(each)}" for each in report["assumptions"])


def _whole(report: Data, sections: Sequence[FindingKind]) -> Iterator[str]:
    """Every place of every finding."""
    yield from code_list(sections)
    for kind in sorted(sections, key=_by_code):
        yield ""
        yield f"{kind.severity} {kind.code} {kind.title}"
        yield from section_lines(kind, len(kind.findings))
    yield from _hosts(report)
    if report["actions"]:
        yield ""
        yield "to do before the cut-over:"
    for action in report["actions"]:
        yield f"- {action['text']}"
        if "command" in action:
            yield f"    {action['command']}"
        for line in str(action.get("yaml", "")).splitlines():
            yield f"    {line}"


def _hosts(report: Data) -> Iterator[str]:
    """Each host with its errors and warnings, where there are many: an owner looks for a name."""
    hosts = report["hosts"]
    if len(hosts) <= FEW:
        return
    codes: list[dict[str, None]] = [{} for _ in hosts]
    for finding, indexes in zip(report["findings"], places(report["findings"], hosts), strict=True):
        for index in indexes if finding["severity"] != "info" else ():
            if index != EVERY_HOST:
                codes[index][f"{finding['severity']} {finding['code']}"] = None
    yield ""
    yield "hosts:"
    order = sorted(range(len(hosts)), key=lambda n: (READINESS.index(hosts[n]["readiness"]), n))
    for index in order:
        host = hosts[index]
        closed = f"; closed (503): {', '.join(host['closed'])}" if host["closed"] else ""
        unserved = "" if host["served"] else "; not served today"
        listed = ", ".join(codes[index]) or "no error and no warning"
        yield f"  {host['readiness']:<8} {host['host']}: {listed}{closed}{unserved}"


def _by_code(kind: FindingKind) -> tuple[object, ...]:
    return SEVERITIES.index(kind.severity), kind.everywhere, kind.code


def _errors(report: Data, limit: int) -> Iterator[str]:
    """What could not be read: it stands first, as all else may be wrong by it."""
    if not report["errors"]:
        return
    yield "not read:"
    for error in report["errors"][:limit]:
        at = f"{error['file']}:{error['line']}" if error["line"] else error["file"]
        which = f" (document {error['document']})" if error["document"] else ""
        yield f"- {at}{which}: {error['text']}"
    if len(report["errors"]) > limit:
        yield f"- and {len(report['errors']) - limit} more"
    yield ""
