"""The short form of the text report: codes with their first places, the rest folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from nginx2istio.report.data import Data
from nginx2istio.report.formats.kinds import (
    FindingKind,
    closed_words,
    is_update,
    things_to_do,
    work,
)
from nginx2istio.report.formats.text_parts import FEW, code_list, section_lines
from nginx2istio.report.hosts import namespaces, readiness_counts
from nginx2istio.report.words.labels import counted

_PLACES = {"error": 3, "warning": 2}
"""The number of places of a code that the short form shows."""
_ROOM = 150
"""Lines for errors and warnings in the short form; the list of codes has all."""
_INFOS = 25
"""Infos that have a line of their own there."""
_WIDTH = 100


def short_text(report: Data, sections: Sequence[FindingKind]) -> Iterator[str]:
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
    contents = [*code_list(sections)]
    yield from contents
    room = _ROOM - len(contents)
    shut: list[FindingKind] = []
    for kind in sections:
        often = f" ({kind.extent})" if len(kind.findings) > 1 else ""
        head = f"{kind.severity} {kind.code} {kind.title}{often}"
        lines = ["", head, *section_lines(kind, _PLACES[kind.severity])]
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
    if len(groups) < 2 or sum(map(len, groups.values())) <= FEW:
        return
    yield ""
    yield "hosts by namespace:   blocked  review   ready"
    ranked = sorted(counts.items(), key=lambda c: (-c[1]["blocked"], -c[1]["review"], c[0]))
    for name, numbers in ranked[:FEW]:
        yield f"  {name:<19}" + "".join(f"{n:8}" for n in numbers.values())
    if len(ranked) > FEW:
        yield f"  and {counted(len(ranked) - FEW, 'namespace')} more"


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
