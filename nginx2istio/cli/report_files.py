"""Report files, and how a report is judged: what is accepted, and what makes a run fail."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from nginx2istio import api
from nginx2istio.cli import together
from nginx2istio.cli.output import write_file
from nginx2istio.convert.convert import Conversion
from nginx2istio.report.accepted import (
    AcceptedFinding,
    BadAcceptFile,
    accept_file,
    counting,
    mark_accepted,
    read_accepted,
)
from nginx2istio.report.data import Data
from nginx2istio.report.formats.json_report import json_text
from nginx2istio.report.formats.text import text_report, text_summary
from nginx2istio.report.plan.text import plan_text
from nginx2istio.report.words.labels import SEVERITIES
from nginx2istio.report.words.terms import terms


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

MONTHS = timedelta(days=90)


def check_reports(
    ctx: click.Context, param: click.Parameter, value: Sequence[Path]
) -> Sequence[Path]:
    """Refuses a report file whose suffix names no format, before any work is done."""
    for path in value:
        if path.suffix not in FORMATS:
            known = ", ".join(FORMATS)
            raise click.BadParameter(f"{path}: the suffix must be one of {known}")
    return value


def keeps_read(reports: Sequence[Path]) -> bool:
    """Whether a report shows Ingresses as they were read, so that a conversion must keep them."""
    return any(path.suffix == ".html" for path in reports)


def render(report: Data, conversion: Conversion, suffix: str) -> str:
    """The report in the format of a suffix."""
    return FORMATS[suffix](report, conversion)


@dataclass(frozen=True, slots=True)
class Judging:
    """What a run's report is held against.

    ``accepted`` are the findings of the file ``accept``; ``accept_all`` is the file to write with
    all that count, up to the day ``until``.
    """

    fail_on: str = "never"
    quiet: bool = False
    accept: Path | None = None
    accepted: tuple[AcceptedFinding, ...] = ()
    accept_all: Path | None = None
    until: date = field(default_factory=lambda: date.today() + MONTHS)


def _explain(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        click.echo(terms(), nl=False)
        ctx.exit()


def judging_options(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options that ``judging_from`` reads; ``default`` is that of --fail-on."""
    return together(
        [
            click.option(
                "--fail-on",
                type=click.Choice([*SEVERITIES, "never"]),
                default=default,
                show_default=True,
                help="Exit with 1 when there is a finding of this severity or worse.",
            ),
            click.option(
                "--accept",
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                metavar="FILE",
                help="Findings that somebody has accepted: still in the report, they don't count.",
            ),
            click.option(
                "--accept-all",
                type=click.Path(dir_okay=False, path_type=Path),
                metavar="FILE",
                help="Write such a file: all that counts now, and what FILE says of it already.",
            ),
            click.option(
                "--accept-until",
                type=click.DateTime(["%Y-%m-%d"]),
                metavar="DAY",
                help="The last day of new entries of --accept-all.  [default: in 90 days]",
            ),
            click.option("--quiet", "-q", is_flag=True, help="No summary on stderr."),
            click.option(
                "--explain-terms",
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_explain,
                help="Explain the words of the report, and end.",
            ),
        ]
    )


def judging_from(given: dict[str, Any]) -> Judging:
    """The options' values; takes its own out of ``given``.

    Raises click.ClickException for a file of accepted findings that can't be used.
    """
    accept, accept_all = given.pop("accept"), given.pop("accept_all")
    until = given.pop("accept_until")
    earlier = accept or (accept_all if accept_all and accept_all.exists() else None)
    return Judging(
        given.pop("fail_on"),
        given.pop("quiet"),
        accept,
        _read(earlier) if earlier else (),
        accept_all,
        until.date() if until else date.today() + MONTHS,
    )


def _read(path: Path) -> tuple[AcceptedFinding, ...]:
    try:
        return read_accepted(path.read_text(encoding="utf-8"), str(path))
    except (BadAcceptFile, UnicodeDecodeError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.FileError(str(path), error.strerror or str(error)) from None


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
    """Says what came of it on stderr, and exits with the right code."""
    if not judging.quiet:
        click.echo(text_summary(report), err=True, nl=False)
    if report["errors"]:
        sys.exit(3)
    worst = judging.fail_on
    if worst != "never" and any(
        counting(report, s) for s in SEVERITIES[: SEVERITIES.index(worst) + 1]
    ):
        sys.exit(1)
