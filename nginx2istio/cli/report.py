"""``nginx2istio report``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nginx2istio.cli.convert import converted
from nginx2istio.cli.judging import REPORT_SUFFIXES, judging_from, judging_options
from nginx2istio.cli.options import (
    ConversionCommand,
    controller_file,
    conversion_options,
    options_from,
)

NAMES = {"text" if suffix == ".txt" else suffix[1:]: suffix for suffix in REPORT_SUFFIXES}


@click.command("report", cls=ConversionCommand)
@click.argument("paths", nargs=-1, required=True, metavar="PATH|-...")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(NAMES)),
    help="The form of the report.  [default: as FILE's suffix says, else text]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the report to this file.  [default: stdout]",
)
@judging_options(default="error")
@conversion_options
def command(
    paths: tuple[str, ...],
    form: str | None,
    output: Path | None,
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
      nginx2istio report manifests/ -o findings.sarif --fail-on warning
      nginx2istio report manifests/ --accept-all accepted.yaml
      nginx2istio report manifests/ --accept accepted.yaml --fail-on warning
      nginx2istio report manifests/ --baseline main.json --fail-on warning
      nginx2istio report --explain-terms
    """
    from nginx2istio.cli.output.files import write_file
    from nginx2istio.cli.progress import progress
    from nginx2istio.cli.report_files import end, judged, render, written_file

    more = controller_file(given)
    options = options_from(given)
    judging = judging_from(given)
    suffix = NAMES[form] if form else output.suffix if output else ".txt"
    if suffix not in REPORT_SUFFIXES:
        raise click.UsageError(f"{output}: say by --format which of {', '.join(NAMES)} it is")
    conversion = converted((*paths, *more), options, rule_folders, judging.quiet, suffix == ".html")
    with progress(judging.quiet, "making the report"):
        report = judged(conversion, judging, paths)
        content = render(report, conversion, suffix, judging.verbose)
    written = [written_file(judging.accept_all)] if judging.accept_all else []
    if output is None:
        click.echo(content, nl=False)
    else:
        write_file(output, content)
        written.append(written_file(output))
    end(report, judging, written)
