"""Report files, and how a report is judged: what is accepted, and what makes a run fail."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import date

import click

from nginx2istio import api
from nginx2istio.base.printable import printable
from nginx2istio.cli.exits import FINDINGS, UNREAD
from nginx2istio.cli.judging import FAIL_ON, Judging
from nginx2istio.cli.output.files import write_file
from nginx2istio.convert.convert import Conversion
from nginx2istio.findings import unclaimed
from nginx2istio.report.accepted import (
    accept_file,
    counting,
    mark_accepted,
)
from nginx2istio.report.data import Data
from nginx2istio.report.formats.json_report import json_text
from nginx2istio.report.formats.text import text_report, text_summary
from nginx2istio.report.plan.text import plan_text
from nginx2istio.report.words.labels import SEVERITIES
from nginx2istio.rule import Message


def _json(report: Data, conversion: Conversion) -> str:
    return json_text(report)


def _markdown(report: Data, conversion: Conversion) -> str:
    from nginx2istio.report.formats.markdown import markdown

    return markdown(report)


def _sarif(report: Data, conversion: Conversion) -> str:
    from nginx2istio.report.formats.sarif import sarif

    return sarif(report)


def _text(report: Data, conversion: Conversion) -> str:
    return text_report(report) + plan_text(report)


def _html(report: Data, conversion: Conversion) -> str:
    from nginx2istio.report.formats.html.html import html_report

    return html_report(report, conversion)


FORMATS: Mapping[str, Callable[[Data, Conversion], str]] = {
    ".html": _html,
    ".json": _json,
    ".md": _markdown,
    ".sarif": _sarif,
    ".txt": _text,
}
"""What writes a report, by suffix: of the report's data, and of what it was made from."""


def render(report: Data, conversion: Conversion, suffix: str) -> str:
    """The report in the format of a suffix."""
    return FORMATS[suffix](report, conversion)


def judged(conversion: Conversion, judging: Judging, with_plan: bool = True) -> Data:
    """The report, with accepted findings marked; writes the file of --accept-all."""
    report = api.report(conversion, with_plan)
    if judging.accept:
        name = str(judging.accept)
        report = mark_accepted(report, judging.accepted, name, date.today())
    if judging.accept_all:
        count = SEVERITIES if judging.fail_on == "info" else ("error", "warning")
        content = accept_file(report, judging.accepted, judging.until, count)
        write_file(judging.accept_all, content)
    return report


def end(report: Data, judging: Judging) -> None:
    """Says on stderr what came of the run, and exits with the right code.

    A run that converts nothing of what it reads has failed, whatever --fail-on says. A quiet run
    still says what can't be read, and why it fails.
    """
    counts = {severity: counting(report, severity) for severity in _counted(judging.fail_on)}
    failing = {severity: count for severity, count in counts.items() if count}
    nothing = [f["text"] for f in report["findings"] if is_open(f, unclaimed.NOTHING)]
    if not judging.quiet:
        click.echo(text_summary(report), err=True, nl=False)
    else:
        for problem in report["errors"]:
            click.echo(unread_line(**problem), err=True)
        if failing and not report["errors"]:
            figures = ", ".join(f"{count} {severity}" for severity, count in failing.items())
            click.echo(f"findings: {figures} (--fail-on {judging.fail_on})", err=True)
        for text in nothing:
            click.echo(printable(text), err=True)
    if report["errors"]:
        sys.exit(UNREAD)
    if failing or nothing:
        sys.exit(FINDINGS)


def is_open(finding: Data, message: Message) -> bool:
    """Whether a finding is one of a message, and not accepted."""
    return finding["code"] == message.code and "accepted" not in finding


def unread_line(file: str, line: int, text: str, document: int = 0) -> str:
    """The line for something that can't be read."""
    at = f"{file}:{line}" if line else file
    return printable(f"not read: {at}: {text}")


def _counted(fail_on: str) -> tuple[str, ...]:
    """The severities that make a run fail."""
    return () if fail_on == "never" else FAIL_ON[: FAIL_ON.index(fail_on) + 1]
