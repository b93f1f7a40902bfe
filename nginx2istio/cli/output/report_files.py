"""Report files, and how a report is judged: what is accepted, and what makes a run fail."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import click

from nginx2istio.base.printable import printable
from nginx2istio.cli.colours import coloured
from nginx2istio.cli.exits import FINDINGS, UNREAD
from nginx2istio.cli.options.judging import FAIL_ON, UNANNOUNCED, Judging
from nginx2istio.cli.output.files import write_file
from nginx2istio.cli.output.parallel import text_of
from nginx2istio.convert.convert import Conversion
from nginx2istio.findings.controllers import unclaimed
from nginx2istio.inputs.resource import Problem
from nginx2istio.report.accepted import (
    accept_file,
    counting,
    mark_accepted,
)
from nginx2istio.report.data import Data, report_to_write
from nginx2istio.report.formats.json_report import json_halves, json_text
from nginx2istio.report.formats.kinds import is_update
from nginx2istio.report.formats.text import text_report, text_summary
from nginx2istio.report.plan.text import plan_text
from nginx2istio.report.shown import at_least, only_new
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
    return text_report(report) + ("" if is_update(report) else plan_text(report))


def _whole_text(report: Data, conversion: Conversion) -> str:
    return text_report(report, verbose=True) + plan_text(report, verbose=True)


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


def render(report: Data, conversion: Conversion, suffix: str, verbose: bool = False) -> str:
    """The report in the format of a suffix; ``verbose`` is for the text."""
    write = _whole_text if verbose and suffix == ".txt" else FORMATS[suffix]
    return write(report, conversion)


def report_parts(
    report: Data, conversion: Conversion, suffix: str, verbose: bool = False, processes: int = 1
) -> Iterable[str]:
    """The same, part by part where it is a large one, by up to so many ``processes``."""
    if suffix == ".json":
        return text_of(json_halves(report), processes)
    return (render(report, conversion, suffix, verbose),)


def judged(
    conversion: Conversion, judging: Judging, inputs: Iterable[str], with_plan: bool = True
) -> Data:
    """The report of what was read from ``inputs``, with accepted findings marked.

    Writes the file of --accept-all. What --baseline and --min-severity leave out is not in it.
    """
    report = _dated(report_to_write(conversion, with_plan), inputs)
    if judging.verify:
        report = _proved(report, conversion)
    if judging.accept:
        name = str(judging.accept)
        report = mark_accepted(report, judging.accepted, name, date.today())
    if judging.accept_all:
        count = SEVERITIES if judging.fail_on == "info" else ("error", "warning")
        content = accept_file(report, judging.accepted, judging.until, count)
        write_file(judging.accept_all, content)
    if judging.baseline:
        report = only_new(report, judging.earlier, str(judging.baseline))
    if judging.min_severity != SEVERITIES[-1]:
        report = at_least(report, judging.min_severity)
    return report


def _proved(report: Data, conversion: Conversion) -> Data:
    """The report with the proof behind the summary. What nothing announces blocks."""
    from nginx2istio.verify.explain.host_table import HostTables
    from nginx2istio.verify.proof import prove
    from nginx2istio.verify.sides import sides
    from nginx2istio.verify.words import MOST_SHOWN, proof_data

    both = sides(conversion, report["findings"])
    tables = HostTables(both)
    proof = prove(both, tables=tables)
    examples = replace(proof, unannounced=proof.unannounced[:MOST_SHOWN])
    data = {**proof_data(examples), "proved": not proof.silent, "tables": tables.data()}
    return _with_result(report, "proof", data, bool(proof.silent))


def live_report(report: Data, inputs: Iterable[str], live: Data) -> Data:
    """The report with what both gateways answered (``verify.live.words``)."""
    return _with_result(_dated(report, inputs), "live", live, bool(live["unannounced"]))


def _with_result(report: Data, key: str, result: Data, blocked: bool) -> Data:
    """The report with a result of the proof behind the summary."""
    summary = {**report["summary"]}
    if blocked:
        summary["verdict"] = "blocked"
    keys = list(report)
    behind = keys.index("summary") + 1
    return {
        **{name: report[name] for name in keys[:behind]},
        "summary": summary,
        key: result,
        **{name: report[name] for name in keys[behind:]},
    }


def _dated(report: Data, inputs: Iterable[str]) -> Data:
    """The report with what was read and the day that SOURCE_DATE_EPOCH names.

    Without that variable there is no date: the same input gives the same bytes on any day.
    """
    stamp = os.environ.get("SOURCE_DATE_EPOCH", "")
    day = {}
    if re.fullmatch(r"\d{1,11}", stamp):
        day["date"] = datetime.fromtimestamp(int(stamp), UTC).date().isoformat()
    return {"schema": report["schema"], "inputs": list(inputs), **day, **report}


def end(report: Data, judging: Judging, written: Iterable[str] = ()) -> None:
    """Says on stderr what came of the run, and exits with the right code.

    What is wrong comes first, then the figures and what was ``written`` where. A run that converts
    nothing of what it reads has failed, whatever --fail-on says. A quiet run still says what can't
    be read, and why it fails.
    """
    counts = {each: _failing(report, each) for each in _counted(judging.fail_on)}
    failing = {severity: count for severity, count in counts.items() if count}
    nothing = [f["text"] for f in report["findings"] if is_open(f, unclaimed.NOTHING_CONVERTED)]
    if not judging.quiet:
        click.echo(coloured(text_summary(report)), err=True, nl=False)
        for line in written:
            click.echo(printable(f"written: {line}"), err=True)
    else:
        for problem in report["errors"]:
            click.echo(coloured(unread_line(**problem)), err=True)
        if failing and not report["errors"]:
            figures = ", ".join(f"{count} {severity}" for severity, count in failing.items())
            click.echo(f"findings: {figures} (--fail-on {judging.fail_on})", err=True)
        for text in nothing:
            click.echo(printable(text), err=True)
    if report["errors"]:
        sys.exit(UNREAD)
    if failing or nothing:
        sys.exit(FINDINGS)


def _failing(report: Data, what: str) -> int:
    """How many findings of a severity count, or how many classes of requests nothing announces."""
    if what == UNANNOUNCED:
        return int(report.get("proof", {}).get("unannounced_classes", 0))
    return counting(report, what)


def is_open(finding: Data, message: Message) -> bool:
    """Whether a finding is one of a message, and not accepted."""
    return finding["code"] == message.code and "accepted" not in finding


def written_file(path: Path) -> str:
    """A file that was written, with its size."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        return str(path)
    size = status.st_size
    return f"{path} ({size} bytes)" if size < 10_000 else f"{path} ({size // 1000} kB)"


def say_unread(problems: Iterable[Problem]) -> None:
    """Says on stderr what can't be read."""
    for problem in problems:
        click.echo(unread_line(problem.file, problem.line, problem.text), err=True)


def unread_line(file: str, line: int, text: str, document: int = 0) -> str:
    """The line for something that can't be read."""
    at = f"{file}:{line}" if line else file
    return printable(f"not read: {at}: {text}")


def _counted(fail_on: str) -> tuple[str, ...]:
    """The severities that make a run fail, and what the proof may find."""
    return () if fail_on == "never" else FAIL_ON[: FAIL_ON.index(fail_on) + 1]
