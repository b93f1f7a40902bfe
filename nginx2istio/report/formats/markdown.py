"""The report for a pull request's comment: a row a code, the rest folded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nginx2istio.base.printable import printable
from nginx2istio.report.data import Data
from nginx2istio.report.formats.kinds import (
    FindingKind,
    closed_words,
    is_update,
    kinds,
    open_findings,
    things_to_do,
    work,
)
from nginx2istio.report.words.labels import (
    assumed_words,
    assumption_words,
    counted,
    fate_counts,
    figures,
    left_out,
    readiness_words,
    severity_counts,
    verdict_words,
)
from nginx2istio.report.words.options import report_facts
from nginx2istio.report.words.proof import proof_words

ROOM = 60_000
"""Characters: code hosts take some 65,000 in a comment."""
LINES = 59
"""Lines of the whole; the table has what the other parts leave."""
_PART = ROOM // 5
"""Characters of a folded part."""
_PLACES = 2
_UNREAD = 5
_ACTIONS = 6
_LONGEST = 300
"""Characters of a cell; what a user wrote may be longer."""
_SPECIAL = re.compile(r"[&<>\[\]*_`|~#@\\]|://")


def markdown(report: Data) -> str:
    """The report in fewer than 60 lines that fit into a comment."""
    groups = kinds(open_findings(report))
    head = [*_head(report)]
    rest = [*_infos(groups), *_accepted(report), *_actions(report), *_foot(report)]
    room = ROOM - sum(len(line) + 1 for line in (*head, *rest))
    loud = [kind for kind in groups if kind.severity != "info"]
    table = [*_table(loud, LINES - len(head) - len(rest), room)]
    return "\n".join([*head, *table, *rest]) + "\n"


def escaped(text: str) -> str:
    """The text on one line, which no Markdown reader takes for markup, a link or a person's name.

    White space becomes a space; any other unprintable character is shown by its number.
    """
    flat = printable(" ".join(text.split()))
    return _SPECIAL.sub(lambda m: "".join(f"&#{ord(c)};" for c in m[0]), flat)


def _cell(text: str) -> str:
    return escaped(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _code(text: str) -> str:
    return f"<code>{_cell(text)}</code>" if text else ""


def _sentence(text: str) -> str:
    return _cell(text).removesuffix(".") + "."


def _head(report: Data) -> Iterator[str]:
    summary = report["summary"]
    verdict, meaning = verdict_words(summary)
    yield f"### nginx2istio: {verdict}"
    yield ""
    yield f"{meaning[:1].upper()}{meaning[1:]}."
    yield ""
    yield from _unread(report)
    yield "- " + " → ".join(figures(summary))
    yield f"- hosts: {readiness_words(report)}"
    if not is_update(report):
        yield from (f"- {_cell(line)}" for line in _to_know(report) if line)
    if any(summary["annotations"].values()):
        yield f"- annotations: {fate_counts(summary['annotations'])}"
    accepted = summary.get("accepted")
    of_these = f" (accepted: {severity_counts(accepted)})" if accepted is not None else ""
    yield f"- findings: {severity_counts(summary['findings'])}{of_these}"
    yield from (f"- {_cell(line)}" for line in proof_words(report))
    yield from (f"- {escaped(line)}" for line in left_out(report))
    yield from (f"- assumed: {escaped(assumption_words(x))}" for x in report["assumptions"])
    yield ""


def _to_know(report: Data) -> tuple[str, str]:
    todo = work(report)
    return f"work: {todo}" if todo else "", closed_words(report)


def _unread(report: Data) -> Iterator[str]:
    errors = report["errors"]
    for error in errors[:_UNREAD]:
        at = f"{error['file']}:{error['line']}" if error["line"] else error["file"]
        yield f"- not read: {_code(at)}: {_cell(error['text'])}"
    if len(errors) > _UNREAD:
        yield f"- not read: {len(errors) - _UNREAD} more"
    if errors:
        yield ""


def _table(group: Sequence[FindingKind], lines: int, room: int) -> Iterator[str]:
    """A row a code, as many as there is room for."""
    if not group:
        return
    yield "| | | first places | to do |"
    yield "|---|---|---|---|"
    shown = 0
    for kind in group[: lines - 4]:
        row = _row(kind)
        room -= len(row) + 1
        if room < _LONGEST:
            break
        shown += 1
        yield row
    if shown < len(group):
        rest = ", ".join(kind.code for kind in group[shown:])
        more = counted(len(group) - shown, "more kind")
        yield f"| … | {more}: see the report in another format | {_cell(rest)} | |"
    yield ""


def _row(kind: FindingKind) -> str:
    places = list(dict.fromkeys(filter(None, map(_place, kind.findings))))
    more = f" and {len(places) - _PLACES} more" if len(places) > _PLACES else ""
    shield = " (protection)" if kind.protects else ""
    assumed = assumed_words(kind.findings[0].get("assumed", ()))
    shield += f" (assumed: {escaped(assumed)})" if assumed else ""
    to_do = kind.most("instead")
    cells = (
        f"{kind.severity} {kind.code}, {kind.extent}",
        f"{_cell(kind.title)}{shield}",
        ", ".join(places[:_PLACES]) + more,
        _sentence(to_do) if to_do else "",
    )
    return "| " + " | ".join(cells) + " |"


def _place(finding: Data) -> str:
    obj = finding["object"]
    if obj["name"]:
        return _code(f"{obj['namespace']}/{obj['name']}")
    return _code(f"{finding['file']}:{finding['line']}") if finding["file"] else ""


def _infos(groups: Sequence[FindingKind]) -> Iterator[str]:
    """The infos, folded: a line a part, in which each code stands on a row of its own."""
    infos = [kind for kind in groups if kind.severity == "info"]
    if not infos:
        return
    number = sum(len(kind.findings) for kind in infos)
    yield f"<details><summary>{counted(number, 'info')} of {counted(len(infos), 'kind')}</summary>"
    quiet = [kind for kind in infos if kind.folded]
    yield from _part("To do where it matters to you", [k for k in infos if not k.folded])
    yield from _part("Nothing to do", [kind for kind in quiet if not kind.everywhere])
    yield from _part("For every host, whatever it is", [k for k in quiet if k.everywhere])
    yield ""
    yield "</details>"
    yield ""


def _accepted(report: Data) -> Iterator[str]:
    group = kinds(finding for finding in report["findings"] if "accepted" in finding)
    if not group:
        return
    number = sum(len(kind.findings) for kind in group)
    yield f"<details><summary>{counted(number, 'accepted finding')}</summary>"
    yield from _part("", group)
    yield ""
    yield "</details>"
    yield ""


def _part(title: str, group: Sequence[FindingKind]) -> Iterator[str]:
    if not group:
        return
    yield ""
    rows = [f"*{title}:*"] if title else []
    room = _PART
    for number, kind in enumerate(group):
        to_do = "" if kind.folded else kind.most("instead")
        more = f" *To do:* {_sentence(to_do)}" if to_do else ""
        often = f" ({kind.extent})" if len(kind.findings) > 1 else ""
        rows.append(f"{kind.code} {_cell(kind.title)}{often}.{more}")
        room -= len(rows[-1])
        if room < 0:
            rows.append(f"and {len(group) - number - 1} more kinds")
            break
    yield "<br>".join(rows)


def _actions(report: Data) -> Iterator[str]:
    by_hand = [] if is_update(report) else things_to_do(report)
    if by_hand:
        yield "To do before the cut-over (the text and HTML reports have the commands):"
        yield ""
        yield from (f"- {_sentence(text)}" for text, _ in by_hand[:_ACTIONS])
        if len(by_hand) > _ACTIONS:
            yield f"- and {len(by_hand) - _ACTIONS} more"
        yield ""


def _foot(report: Data) -> Iterator[str]:
    facts = (f"{name}: {_cell(value)}" for name, value in report_facts(report))
    yield f"<sub>{'; '.join(facts)}</sub>"
