"""``nginx2istio report``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from nginx2istio.cli.colours import coloured
from nginx2istio.cli.convert import converted
from nginx2istio.cli.help.sections import main_option, report_option
from nginx2istio.cli.options import (
    ConversionCommand,
    controller_files,
    conversion_options,
    options_from,
)
from nginx2istio.cli.options.judging import (
    REPORT_SUFFIXES,
    check_places,
    judging_from,
    judging_options,
)

NAMES = {"text" if suffix == ".txt" else suffix[1:]: suffix for suffix in REPORT_SUFFIXES}


@click.command("report", cls=ConversionCommand)
@click.argument("paths", nargs=-1, required=True, metavar="PATH|-...")
@report_option(
    "--format",
    "form",
    type=click.Choice(list(NAMES)),
    help="The form of the report.  [default: as FILE's suffix says, else text]",
)
@main_option(
    "--report",
    "-o",
    "--output",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    callback=check_places,
    metavar="FILE",
    help="Write the report to this file. Repeat it for several forms.  [default: stdout]",
)
@judging_options(default="error")
@conversion_options
def command(
    paths: tuple[str, ...],
    form: str | None,
    reports: tuple[Path, ...],
    rule_folders: tuple[Path, ...],
    **given: Any,
) -> None:
    """Report what a conversion would change, without writing any object.

    PATH is a file or a folder with YAML or JSON; - is standard input. md is for the comment of a
    pull request, sarif for code hosts that annotate lines, json for programs.

    \b
    Examples:
      nginx2istio report manifests/
      nginx2istio report manifests/ --format md -o comment.md
      nginx2istio report manifests/ -o findings.sarif -o report.html --fail-on warning
      nginx2istio report manifests/ --accept-all accepted.yaml
      nginx2istio report manifests/ --accept accepted.yaml --fail-on warning
      nginx2istio report manifests/ --baseline main.json --fail-on warning
      nginx2istio report --explain-terms
    """
    from nginx2istio.cli.output.files import write_file
    from nginx2istio.cli.progress import progress
    from nginx2istio.cli.report_files import end, judged, render, written_file

    more = controller_files(given)
    options = options_from(given)
    judging = judging_from(given, options)
    suffixes = _suffixes(form, reports)
    with_read = ".html" in suffixes
    conversion = converted((*paths, *more), options, rule_folders, judging.quiet, with_read)
    with progress(judging.quiet, "making the report"):
        report = judged(conversion, judging, paths)
        contents = [render(report, conversion, suffix, judging.verbose) for suffix in suffixes]
    written = [written_file(judging.accept_all)] if judging.accept_all else []
    for path, content in zip(reports, contents, strict=False):
        write_file(path, content)
        written.append(written_file(path))
    if not reports:
        click.echo(coloured(contents[0]) if suffixes == [".txt"] else contents[0], nl=False)
    end(report, judging, written)


def _suffixes(form: str | None, reports: Sequence[Path]) -> list[str]:
    """The form of each report file, or the one of stdout, as a suffix. Raises click.UsageError."""
    if form and len(reports) > 1:
        raise click.UsageError("--format is the form of one report; the suffixes say it of several")
    if form or not reports:
        return [NAMES[form or "text"]]
    for path in reports:
        if path.suffix not in REPORT_SUFFIXES:
            raise click.UsageError(f"{path}: say by --format which of {', '.join(NAMES)} it is")
    return [path.suffix for path in reports]
