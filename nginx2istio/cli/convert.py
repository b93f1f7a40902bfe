"""``nginx2istio convert``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from nginx2istio import api
from nginx2istio.cli.options import conversion_options, options_from
from nginx2istio.cli.output import files_of, rendered, write_file, write_folder
from nginx2istio.cli.reports import (
    Judging,
    check_reports,
    end,
    judged,
    judging_from,
    judging_options,
    render,
)
from nginx2istio.convert import Conversion
from nginx2istio.loader import RuleError


@click.command("convert")
@click.argument("paths", nargs=-1, metavar="[PATH|-]...")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write a folder per namespace, a file per host.  [default: stdout]",
)
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), default="yaml")
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    callback=check_reports,
    metavar="FILE",
    help="Write the report; .json, .md, .sarif or .txt. May be given several times.",
)
@judging_options(default="never")
@click.option(
    "--force", is_flag=True, help="Overwrite files in DIR that nginx2istio did not write."
)
@conversion_options
def command(
    paths: tuple[str, ...],
    output: Path | None,
    form: str,
    reports: tuple[Path, ...],
    force: bool,
    rule_folders: tuple[Path, ...],
    **given: Any,
) -> None:
    """Convert Ingresses to Istio objects, and report every difference.

    PATH is a file or a folder with YAML or JSON; - is standard input. Services, IngressClasses,
    and the controller's ConfigMap and Deployment are used where they are among the input: ports
    are resolved, classes and defaults are the real ones.

    \b
    Examples:
      nginx2istio convert ingress.yaml > istio.yaml
      nginx2istio convert manifests/ -o istio/ --report report.json
      kubectl get ingress,ingressclass,service -A -o yaml | nginx2istio convert - -o istio/
    """
    options = options_from(given)
    judging = judging_from(given)
    if not paths:
        if sys.stdin.isatty():
            raise click.UsageError("name a file or folder, or - for standard input")
        paths = ("-",)
    try:
        conversion = api.convert_files(paths, options, rule_folders, sys.stdin.buffer)
    except RuleError as error:
        raise click.ClickException(str(error)) from None
    finish(conversion, output, form, reports, judging, force)


def finish(
    conversion: Conversion,
    output: Path | None,
    form: str,
    reports: tuple[Path, ...],
    judging: Judging,
    force: bool,
) -> None:
    """Writes everything and exits with the right code."""
    report = judged(conversion, judging)
    if output is not None:
        write_folder(output, files_of(conversion.objects, form), force)
    else:
        sys.stdout.writelines(rendered(conversion.objects, form))
    for path in reports:
        write_file(path, render(report, conversion, path.suffix))
    end(report, judging)
