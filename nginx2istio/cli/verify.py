"""``nginx2istio verify``."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from nginx2istio.cli.convert import converted, paths_or_stdin
from nginx2istio.cli.exits import FINDINGS, UNREAD
from nginx2istio.cli.help.sections import main_option, report_option
from nginx2istio.cli.options import (
    ConversionCommand,
    controller_files,
    conversion_options,
    options_from,
    with_one_gateway,
)
from nginx2istio.cli.options.paths import ExistingPath
from nginx2istio.cli.progress import progress


@click.command("verify", cls=ConversionCommand)
@click.argument("paths", nargs=-1, metavar="[PATH|-]...")
@main_option(
    "--host",
    "hosts",
    multiple=True,
    metavar="GLOB",
    help="Only these hosts. Repeat it for several.  [default: all]",
)
@main_option(
    "--against",
    type=ExistingPath(),
    metavar="PATH",
    help="Objects to apply: a folder or file of YAML.  [default: what convert writes]",
)
@report_option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The form of the result.",
)
@report_option("--quiet", "-q", is_flag=True, help="Show no progress.")
@conversion_options
def command(
    paths: tuple[str, ...],
    hosts: tuple[str, ...],
    against: Path | None,
    form: str,
    quiet: bool,
    rule_folders: tuple[Path, ...],
    **given: Any,
) -> None:
    """Prove that requests are answered alike, or show one that is not and that nothing announces.

    The requests of each host are split into classes on which both sides decide alike. For each
    class, what nginx does is compared with what the gateway does with the objects; a difference
    must be announced by a finding. Nothing is sent anywhere. See docs/proof.md for what this does
    not prove.

    \b
    Examples:
      nginx2istio verify manifests/
      nginx2istio verify manifests/ --host 'shop.*'
      nginx2istio verify manifests/ --against istio/
    """
    from nginx2istio import api
    from nginx2istio.cli.report_files import unread_line
    from nginx2istio.inputs.files import read
    from nginx2istio.istio.objects import VERSIONS
    from nginx2istio.verify.proof import prove
    from nginx2istio.verify.sides import sides
    from nginx2istio.verify.words import proof_data, proof_lines

    more = controller_files(given)
    options = with_one_gateway(options_from(given))
    conversion = converted((*paths_or_stdin(paths), *more), options, rule_folders, quiet)
    objects = None
    problems = conversion.problems
    if against is not None:
        applied = read([str(against)])
        objects = [each.body for each in applied.resources if each.kind in VERSIONS]
        problems += applied.problems
    both = sides(conversion, api.report(conversion, with_plan=False)["findings"], objects)
    chosen = None
    if hosts:
        names = [server.host for server in conversion.config.servers]
        chosen = [name for name in names if any(fnmatchcase(name, glob) for glob in hosts)]
        if not chosen:
            raise click.BadParameter("no host of the input fits", param_hint="--host")
    with progress(quiet, "verifying"):
        proof = prove(both, chosen)
    if form == "json":
        click.echo(json.dumps(proof_data(proof), indent=2))
    else:
        click.echo("\n".join(proof_lines(proof)))
    for problem in problems:
        click.echo(unread_line(problem.file, problem.line, problem.text), err=True)
    context = click.get_current_context()
    if proof.unannounced:
        context.exit(FINDINGS)
    if problems:
        context.exit(UNREAD)
