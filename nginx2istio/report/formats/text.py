"""The report as text: what a person reads in a terminal, and what fixtures keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nginx2istio.base.printable import printable
from nginx2istio.report.data import Data
from nginx2istio.report.words.labels import (
    SEVERITIES,
    assumed_words,
    assumption_words,
    fate_counts,
    figures,
    severity_counts,
    some,
    verdict_words,
)
from nginx2istio.rule.requests import in_words

_FEW = 10
"""The number of errors that a summary shows one by one, and of codes that need no list of codes."""


def text_report(report: Data) -> str:
    """The whole report, worst first. A code stands once, with all that it says and where."""
    sections = _sections(report["findings"])
    return lines_of(
        [
            *_head(report),
            *_contents(sections),
            *(line for section in sections for line in _section(section)),
            *_actions(report),
            *_errors(report),
        ]
    )


def text_summary(report: Data) -> str:
    """The few lines for the end of a run: figures, errors, what could not be read."""
    lines = [*_head(report)]
    errors = [f for f in report["findings"] if f["severity"] == "error" and "accepted" not in f]
    if len(errors) > _FEW:
        by_code: dict[str, list[Data]] = {}
        for finding in errors:
            by_code.setdefault(finding["code"], []).append(finding)
        for code, same in sorted(by_code.items(), key=lambda kind: (-len(kind[1]), kind[0])):
            place = _place(same[0])
            lines.append(f"  error {code} {_times(same)}, first at {place}: {same[0]['title']}")
    else:
        lines += [f"  error {f['code']} {_place(f)}: {f['text']}" for f in errors]
    return lines_of([*lines, *_errors(report)])


def lines_of(lines: Iterable[str]) -> str:
    """Lines as a text. Whatever a line holds, it stays one line and acts on no terminal."""
    return "".join(f"{printable(line)}\n" for line in lines)


def _head(report: Data) -> Iterator[str]:
    summary = report["summary"]
    yield " -> ".join(figures(summary))
    yield f"annotations: {fate_counts(summary['annotations'])}"
    accepted = summary.get("accepted")
    of_these = f" (accepted: {severity_counts(accepted)})" if accepted is not None else ""
    yield f"findings: {severity_counts(summary['findings'])}{of_these}"
    yield ": ".join(verdict_words(summary))
    for assumption in report["assumptions"]:
        yield f"assumed: {assumption_words(assumption)}"


def _sections(findings: Iterable[Data]) -> list[list[Data]]:
    """The findings by severity and code, worst first; what holds for named hosts comes first."""
    sections: dict[tuple[str, str], list[Data]] = {}
    for finding in findings:
        sections.setdefault((finding["severity"], finding["code"]), []).append(finding)
    return sorted(sections.values(), key=_section_order)


def _section_order(section: Sequence[Data]) -> tuple[object, ...]:
    named = any(finding["hosts"] != ["*"] for finding in section)
    return SEVERITIES.index(section[0]["severity"]), not named, section[0]["code"]


def _contents(sections: Sequence[Sequence[Data]]) -> Iterator[str]:
    """The errors and warnings by code, where there are too many to be seen at a look."""
    listed = [section for section in sections if section[0]["severity"] != "info"]
    if len(listed) <= _FEW:
        return
    yield ""
    for section in listed:
        first = section[0]
        yield f"  {first['severity']:<7} {first['code']} {_times(section):>9}  {first['title']}"


def _times(section: Sequence[Data]) -> str:
    return "once" if len(section) == 1 else f"{len(section)} times"


def _section(section: Sequence[Data]) -> Iterator[str]:
    first = section[0]
    yield ""
    yield f"{first['severity']} {first['code']} {first['title']}"
    for same in _same(section, ("text",)):
        if same[0]["text"] != first["title"]:
            yield f"  {same[0]['text']}"
        if assumed := assumed_words(same[0].get("assumed", ())):
            yield f"  Assumed: {assumed}"
        for finding in same:
            yield from _where(finding)
    if first["aspects"]:
        yield f"  Differs: {', '.join(first['aspects'])}{_requests(first)}"
    for same in _same(section, ("instead",)):
        if same[0]["instead"]:
            which = "" if len(same) == len(section) else f" ({some(map(_place, same), 3)})"
            yield f"  To do{which}: {same[0]['instead']}"


def _same(findings: Iterable[Data], fields: Sequence[str]) -> list[list[Data]]:
    groups: dict[tuple[str, ...], list[Data]] = {}
    for finding in findings:
        groups.setdefault(tuple(finding[field] for field in fields), []).append(finding)
    return list(groups.values())


def _where(finding: Data) -> Iterator[str]:
    hosts = f"{some(finding['hosts'])} {some(finding['paths'])}" if finding["hosts"] else ""
    if finding["hosts"] == ["*"]:
        paths = "" if finding["paths"] == ["*"] else f" {some(finding['paths'])}"
        hosts = f"every host{paths}"
    place = ", ".join(part for part in (_place(finding), hosts) if part)
    if place:
        yield f"    at {place}"
    if "accepted" in finding:
        accepted = finding["accepted"]
        yield f"    accepted until {accepted['expires']}: {accepted['reason']}"


def _place(finding: Data) -> str:
    obj = finding["object"]
    at = f"{finding['file']}:{finding['line']}" if finding["file"] else ""
    named = f"{obj['namespace']}/{obj['name']}" if obj["name"] else ""
    return " ".join(part for part in (at, named, finding["key"]) if part)


def _requests(finding: Data) -> str:
    only = finding.get("requests")
    return f" (only requests {in_words(only)})" if only else ""


def _actions(report: Data) -> Iterator[str]:
    if report["actions"]:
        yield ""
        yield "to do before the cut-over:"
    for action in report["actions"]:
        yield f"- {action['text']}"
        if "command" in action:
            yield f"    {action['command']}"
        for line in str(action.get("yaml", "")).splitlines():
            yield f"    {line}"


def _errors(report: Data) -> Iterator[str]:
    if report["errors"]:
        yield ""
        yield "not read:"
    for error in report["errors"]:
        at = f"{error['file']}:{error['line']}" if error["line"] else error["file"]
        which = f" (document {error['document']})" if error["document"] else ""
        yield f"- {at}{which}: {error['text']}"
