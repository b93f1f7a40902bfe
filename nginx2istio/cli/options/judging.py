"""How a report is judged: what is accepted, and what makes a run fail. Options alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nginx2istio.cli import together
from nginx2istio.cli.colours import color_option
from nginx2istio.cli.exits import Usage, read_error, read_small
from nginx2istio.cli.help.sections import main_option, report_option
from nginx2istio.cli.options.paths import ExistingPath
from nginx2istio.cli.options.values import with_one_gateway

if TYPE_CHECKING:
    from nginx2istio.base.options import Options
    from nginx2istio.report.accepted import AcceptedFinding
    from nginx2istio.rule import Severity

REPORT_SUFFIXES = (".html", ".json", ".md", ".sarif", ".txt")
"""Suffixes of report files: the keys of ``report_files.FORMATS``, known without importing it."""
UNANNOUNCED = "unannounced"
FAIL_ON = (UNANNOUNCED, "error", "warning", "info", "never")
"""What a proof may find, severities, worst first, and none of them."""
DEFAULT_TERM = timedelta(days=90)
"""How long an entry of --accept-all holds."""


def check_reports(
    ctx: click.Context, param: click.Parameter, value: Sequence[Path]
) -> Sequence[Path]:
    """Refuses report files of no known form, and what ``check_places`` refuses."""
    for path in check_places(ctx, param, value):
        if path.suffix not in REPORT_SUFFIXES:
            known = ", ".join(REPORT_SUFFIXES)
            raise click.BadParameter(f"{path}: the suffix must be one of {known}")
    return value


def check_places(
    ctx: click.Context, param: click.Parameter, value: Sequence[Path]
) -> Sequence[Path]:
    """Refuses files that can't be written, before any work is done."""
    for path in value:
        if str(path) == "-":
            raise click.BadParameter("nginx2istio report alone writes a report to stdout")
        if os.path.exists(path) and not os.path.isfile(path):
            continue  # a device or a pipe
        above = next(folder for folder in path.absolute().parents if folder.exists())
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            raise click.BadParameter(f"{path} can't be written: {above} is no writable folder")
    return value


def keeps_read(reports: Sequence[Path]) -> bool:
    """Whether a report shows Ingresses as they were read; a conversion must keep them then."""
    return any(path.suffix == ".html" for path in reports)


@dataclass(frozen=True, slots=True)
class Judging:
    """What a run's report is held against.

    ``accepted`` are the findings of the file ``accept``; ``accept_all`` is the file to write with
    all that count, up to the day ``until``. ``earlier`` are the findings of the report
    ``baseline``, which are not shown and don't count. ``verbose`` lists every place. ``verify``
    adds the proof.
    """

    fail_on: str = "never"
    quiet: bool = False
    accept: Path | None = None
    accepted: tuple[AcceptedFinding, ...] = ()
    accept_all: Path | None = None
    until: date = field(default_factory=lambda: date.today() + DEFAULT_TERM)
    baseline: Path | None = None
    earlier: Sequence[Mapping[str, Any]] = ()
    min_severity: Severity = "info"
    verbose: bool = False
    verify: bool = False


def _explain(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from nginx2istio.report.words.terms import terms

        click.echo(terms(), nl=False)
        ctx.exit()


def judging_options(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options that ``judging_from`` reads; ``default`` is that of --fail-on."""
    return together(
        [
            color_option,
            main_option(
                "--fail-on",
                type=click.Choice(FAIL_ON),
                default=default,
                show_default=True,
                help="Exit with 1 for a finding of this severity or worse; unannounced: only for"
                " requests that differ and that no finding is about (--verify).",
            ),
            main_option(
                "--verify",
                is_flag=True,
                help="Prove that requests are answered alike, and add the result to the report."
                " See nginx2istio verify.",
            ),
            main_option(
                "--accept",
                type=ExistingPath(dir_okay=False),
                metavar="FILE",
                help="Findings that are accepted. They stay in the report and don't count.",
            ),
            report_option(
                "--accept-all",
                type=click.Path(dir_okay=False, path_type=Path),
                metavar="FILE",
                help="Write a file that accepts all findings that count. Old entries stay.",
            ),
            report_option(
                "--accept-until",
                type=click.DateTime(["%Y-%m-%d"]),
                metavar="DAY",
                help="Last day of new entries of --accept-all.  [default: in 90 days]",
            ),
            report_option(
                "--baseline",
                type=ExistingPath(dir_okay=False),
                metavar="FILE",
                help="A JSON report of an earlier run. Only findings that are new since then are"
                " shown and count for --fail-on.",
            ),
            report_option(
                "--min-severity",
                type=click.Choice(FAIL_ON[1:-1]),
                default="info",
                show_default=True,
                help="List findings of this severity or worse. The counts are those of all.",
            ),
            report_option(
                "--verbose",
                "-v",
                is_flag=True,
                help="List every place in the text report, and what nobody has to act on.",
            ),
            report_option(
                "--quiet",
                "-q",
                is_flag=True,
                help="Write no summary to stderr, only errors and what is kept or removed.",
            ),
            report_option(
                "--explain-terms",
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_explain,
                help="Explain the words of the report and exit.",
            ),
        ]
    )


def judging_from(given: dict[str, Any], options: Options) -> Judging:
    """The options' values; takes its own out of ``given``.

    Raises click.ClickException for a file of accepted findings or a baseline that can't be used,
    and for what can't be proved with these ``options``.
    """
    fail_on = given.pop("fail_on")
    verify = given.pop("verify") or fail_on == UNANNOUNCED
    if verify:
        with_one_gateway(options)
    accept, accept_all = given.pop("accept"), given.pop("accept_all")
    until = given.pop("accept_until")
    entries = accept or (accept_all if accept_all and accept_all.exists() else None)
    baseline = given.pop("baseline")
    return Judging(
        fail_on,
        given.pop("quiet"),
        accept,
        _read(entries) if entries else (),
        accept_all,
        until.date() if until else date.today() + DEFAULT_TERM,
        baseline,
        _baseline(baseline) if baseline else (),
        given.pop("min_severity"),
        given.pop("verbose"),
        verify,
    )


def _read(path: Path) -> tuple[AcceptedFinding, ...]:
    from nginx2istio.report.accepted import BadAcceptFile, read_accepted

    try:
        return read_accepted(read_small(path), str(path))
    except BadAcceptFile as error:
        raise Usage(str(error)) from None


def _baseline(path: Path) -> Sequence[Mapping[str, Any]]:
    from nginx2istio.report.shown import BadBaseline, read_baseline

    try:
        return read_baseline(path.read_bytes())
    except OSError as error:
        raise read_error(path, error) from None
    except BadBaseline as error:
        raise Usage(f"{path} is no baseline: {error}") from None
