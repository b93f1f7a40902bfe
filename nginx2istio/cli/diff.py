"""``nginx2istio diff``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from nginx2istio.base.printable import printable
from nginx2istio.cli.cluster import cluster_options, reaching
from nginx2istio.cli.colours import color_option
from nginx2istio.cli.convert import converted, paths_or_stdin
from nginx2istio.cli.exits import FINDINGS, UNREAD
from nginx2istio.cli.help.sections import main_option
from nginx2istio.cli.options import (
    ConversionCommand,
    controller_files,
    conversion_options,
    options_from,
)
from nginx2istio.cli.options.output import text_or_json
from nginx2istio.cli.options.paths import ExistingPath


@click.command("diff", cls=ConversionCommand)
@click.argument("paths", nargs=-1, metavar="[PATH|-]...")
@main_option(
    "--against",
    type=ExistingPath(file_okay=False),
    metavar="DIR",
    help="Compare with a folder of an earlier run (convert -o DIR).",
)
@main_option("--live", is_flag=True, help="Compare with the cluster, which is only read.")
@cluster_options
@text_or_json(help="The form of the differences.")
@color_option
@main_option("--exit-code", is_flag=True, help="Exit with 1 if there is a difference.")
@conversion_options
def command(
    paths: tuple[str, ...],
    against: Path | None,
    live: bool,
    kubeconfig: str,
    context: str,
    form: str,
    exit_code: bool,
    rule_folders: tuple[Path, ...],
    **given: Any,
) -> None:
    """Show what applying the conversion would change, field by field.

    PATH is converted as by convert, with the same options. Objects are compared by kind, namespace
    and name; comments, status and what the API server writes itself don't count. The order of
    routes does. With --live, fields that others set and that applying leaves alone are marked.

    \b
    Examples:
      nginx2istio diff manifests/ --against istio/
      nginx2istio diff manifests/ --against istio/ --exit-code --format json | jq .summary
      nginx2istio diff manifests/ --live --context production

    See nginx2istio --help for the exit codes.
    """
    from nginx2istio.cli.output.differences import (
        changes,
        difference_data,
        difference_lines,
        in_cluster,
        in_folder,
    )
    from nginx2istio.cli.output.report_files import say_unread
    from nginx2istio.findings.controllers import unclaimed

    more = controller_files(given)
    options = options_from(given)
    if bool(against) == live:
        raise click.UsageError("give either --against DIR or --live")
    conversion = converted((*paths_or_stdin(paths), *more), options, rule_folders)
    problems = conversion.problems
    if against:
        entries, broken = in_folder(against, conversion)
        problems += broken
        source = str(against)
    else:
        with reaching():
            entries, source = in_cluster(kubeconfig, context, conversion)
    if form == "json":
        click.echo(json.dumps(difference_data(entries, source), indent=1, ensure_ascii=False))
    else:
        for line in difference_lines(entries):
            click.echo(line)
    for finding in conversion.findings:
        if finding.message is unclaimed.NOTHING_CONVERTED:
            click.echo(printable(finding.text), err=True)
    say_unread(problems)
    if problems:
        sys.exit(UNREAD)
    if exit_code and changes(entries):
        sys.exit(FINDINGS)
