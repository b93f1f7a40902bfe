"""docs/wire.md: what becomes of requests and answers that no recording has."""

from __future__ import annotations

from itertools import groupby

from nginx2istio.verify.judged.difference import Difference

from .run import Outcome

INTRODUCTION = """\
<!-- Generated: python -m tests.wire > docs/wire.md -->
# Odd bytes on the wire

The recordings of `docs/conformance.md` hold what clients usually send. This page is about the rest:
bodies, targets, headers and answers that are unusual or broken. Debian's nginx, configured as the
controller configures it for an Ingress without annotations, and the converted gateway get the same
bytes, in front of the same backend.

"same" means that client and backend see no difference. Else the table has the aspect that differs,
nginx's side and Istio's, and the code of the finding in the report that announces it. `wf` marks a
row that holds with `--envoy-filters` only, `wo` one that holds without only.

Debian's nginx is {version}, the controller's is 1.27.1: the two can differ in how they refuse.
"""


def page(results: list[Outcome], version: str) -> str:
    """The page with a table a group."""
    lines = [INTRODUCTION.format(version=version)]
    for group, outcomes in groupby(results, key=lambda outcome: outcome.group):
        lines += [f"## {group}", "", "| | what differs | announced by |", "|---|---|---|"]
        for outcome in outcomes:
            lines += [f"| {' | '.join(row)} |" for row in _rows(outcome)]
        lines.append("")
    return "\n".join(lines)


def _rows(outcome: Outcome) -> list[tuple[str, str, str]]:
    rows: dict[tuple[str, str], list[str]] = {}
    for mode, mark in (("with", "wf"), ("without", "wo")):
        for pair in outcome.differences[mode] or (None,):
            rows.setdefault(_cells(pair), []).append(mark)
    about = outcome.probe.about.replace("|", "\\|")
    return [
        (about, what, codes if len(marks) == 2 else f"{codes} {marks[0]}".strip())
        for (what, codes), marks in rows.items()
    ]


def _cells(pair: tuple[Difference, list[str]] | None) -> tuple[str, str]:
    if pair is None:
        return "same", ""
    unlike, codes = pair
    sides = " -> ".join(_text(value) for value in (unlike.expected, unlike.got))
    return f"{unlike.aspect}: {unlike.what}: {sides}", ", ".join(codes) or "**nothing**"


def _text(value: object) -> str:
    """A value of a cell: short, and without what a table would take for its own."""
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    text = text.replace("|", "\\|").replace("\n", " ")
    return "`" + (text[:60] + "..." if len(text) > 60 else text) + "`" if text else "nothing"
