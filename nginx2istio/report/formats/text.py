"""The report as text: what a person reads in a terminal, and what fixtures keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from nginx2istio.base.printable import printable
from nginx2istio.report.data import Data
from nginx2istio.report.formats.kinds import (
    FindingKind,
    closed_words,
    is_update,
    kinds,
    open_findings,
    place,
    things_to_do,
    where,
    work,
)
from nginx2istio.report.hosts import (
    EVERY_HOST,
    READINESS,
    namespaces,
    places,
    readiness_counts,
)
from nginx2istio.report.words.labels import (
    SEVERITIES,
    counted,
    fate_counts,
    figures,
    left_out,
    readiness_words,
    severity_counts,
    some,
    verdict_words,
)
from nginx2istio.rule.requests import in_words

_FEW = 10
"""The number of codes that need no list of codes, and of namespaces that are shown."""
_PLACES = {"error": 3, "warning": 2}
"""The number of places of a code that the short form shows."""
_ROOM = 150
"""Lines for errors and warnings in the short form; the list of codes has all."""
_INFOS = 25
"""Infos that have a line of their own there."""
_WIDTH = 100


def text_report(report: Data, verbose: bool = False) -> str:
    """The report, worst first. A code stands once, with its first places, or with all.

    The short form folds what nobody has to act on.
    """
    sections = kinds(report["findings"])
    body = _whole(report, sections) if verbose else _short(report, sections)
    unread = len(report["errors"]) if verbose else _FEW
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
    yield from left_out(report)
    yield ": ".join(verdict_words(summary))


def _whole(report: Data, sections: Sequence[FindingKind]) -> Iterator[str]:
    """Every place of every finding."""
    yield from _contents(sections)
    for kind in sorted(sections, key=_by_code):
        yield ""
        yield f"{kind.severity} {kind.code} {kind.title}"
        yield from _section(kind, len(kind.findings))
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
    if len(hosts) <= _FEW:
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


def _short(report: Data, sections: Sequence[FindingKind]) -> Iterator[str]:
    """Codes with their first places; one line for an info, none for what nobody acts on."""
    if not is_update(report):
        if todo := work(report):
            yield f"work: {todo}"
        yield from _namespaces(report["hosts"])
    yield from _protections(report, sections)
    yield from _loud([kind for kind in sections if kind.severity != "info"])
    yield from _quiet([kind for kind in sections if kind.severity == "info"])
    by_hand = [] if is_update(report) else things_to_do(report)
    if by_hand:
        yield ""
        yield "to do before the cut-over, with commands in the plan:"
        yield from (f"- {text}" for text, _ in by_hand)


def _loud(sections: Sequence[FindingKind]) -> Iterator[str]:
    """Errors and warnings: the list of codes, and as many with their places as there is room."""
    contents = [*_contents(sections)]
    yield from contents
    room = _ROOM - len(contents)
    shut: list[FindingKind] = []
    for kind in sections:
        often = f" ({kind.extent})" if len(kind.findings) > 1 else ""
        head = f"{kind.severity} {kind.code} {kind.title}{often}"
        lines = ["", head, *_section(kind, _PLACES[kind.severity])]
        room -= len(lines)
        if room >= 0:
            yield from lines
        else:
            shut.append(kind)
    yield from _paragraph("no room here, -v shows them", shut)


def _quiet(sections: Sequence[FindingKind]) -> Iterator[str]:
    """Infos: a line for what can be done, a few for what nobody acts on."""
    useful = [kind for kind in sections if not kind.folded]
    if useful:
        yield ""
        yield "infos with something to do, only where it matters to you:"
    for kind in useful[:_INFOS]:
        yield f"  {kind.code} {kind.extent:>9}  {kind.title}. To do: {kind.most('instead')}"
    yield from _paragraph("likewise, -v shows them", useful[_INFOS:])
    named = [kind for kind in sections if kind.folded and not kind.everywhere]
    yield from _paragraph("nothing to do, -v shows the places", named)
    everywhere = [kind for kind in sections if kind.folded and kind.everywhere]
    if everywhere:
        yield ""
        yield f"for every host, whatever it is: {counted(len(everywhere), 'info')} (-v shows them)"


def _namespaces(hosts: Iterable[Data]) -> Iterator[str]:
    """How ready the hosts of each namespace are, where there are many hosts."""
    groups: dict[str, list[Data]] = {}
    for host in hosts:
        for name in namespaces(host):
            groups.setdefault(name, []).append(host)
    counts = {name: readiness_counts(group) for name, group in groups.items()}
    if len(groups) < 2 or sum(map(len, groups.values())) <= _FEW:
        return
    yield ""
    yield "hosts by namespace:   blocked  review   ready"
    ranked = sorted(counts.items(), key=lambda c: (-c[1]["blocked"], -c[1]["review"], c[0]))
    for name, numbers in ranked[:_FEW]:
        yield f"  {name:<19}" + "".join(f"{n:8}" for n in numbers.values())
    if len(ranked) > _FEW:
        yield f"  and {counted(len(ranked) - _FEW, 'namespace')} more"


def _protections(report: Data, sections: Iterable[FindingKind]) -> Iterator[str]:
    """What a security reviewer asks for: what is closed, and which codes say what else changes."""
    closed = "" if is_update(report) else closed_words(report)
    codes = [kind.code for kind in sections if kind.protects]
    if closed or codes:
        yield ""
    if closed:
        yield closed
    if codes:
        yield f"for the security review: {', '.join(codes)}"


def _paragraph(about: str, group: Sequence[FindingKind]) -> Iterator[str]:
    """Kinds on a few lines: code, title and how often."""
    if not group:
        return
    shown = [
        f"{kind.code} {kind.title}" + (f" ({kind.extent})" if len(kind.findings) > 1 else "")
        for kind in group
    ]
    yield ""
    yield f"{about} ({len(group)}):"
    yield from (f"  {line}" for line in wrap("; ".join(shown), _WIDTH, break_on_hyphens=False))


def _contents(sections: Sequence[FindingKind]) -> Iterator[str]:
    """The errors and warnings by code, where there are too many to be seen at a look."""
    listed = [kind for kind in sections if kind.severity != "info"]
    if len(listed) <= _FEW:
        return
    yield ""
    for kind in listed:
        yield f"  {kind.severity:<7} {kind.code} {kind.extent:>9}  {kind.title}"


def _section(kind: FindingKind, limit: int) -> Iterator[str]:
    """What a code says and where, at most so many texts and places."""
    left = limit
    for same in kind.texts("text")[:limit]:
        if same[0]["text"] != kind.title:
            yield f"  {same[0]['text']}"
        for finding in same[:left]:
            yield from _where(finding)
        left = max(0, left - len(same))
        if not left:
            break
    if len(kind.findings) > limit:
        yield f"    and {len(kind.findings) - limit} more"
    first = kind.findings[0]
    if first["aspects"]:
        yield f"  Differs: {', '.join(first['aspects'])}{_requests(first)}"
    to_do = [same for same in kind.texts("instead") if same[0]["instead"]]
    for same in to_do if limit >= len(kind.findings) else to_do[:1]:
        which = "" if len(same) == len(kind.findings) else f" ({some(map(place, same), 3)})"
        yield f"  To do{which}: {same[0]['instead']}"


def _where(finding: Data) -> Iterator[str]:
    at = where(finding)
    if at:
        yield f"    at {at}"
    if "accepted" in finding:
        accepted = finding["accepted"]
        yield f"    accepted until {accepted['expires']}: {accepted['reason']}"


def _requests(finding: Data) -> str:
    only = finding.get("requests")
    return f" (only requests {in_words(only)})" if only else ""


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
