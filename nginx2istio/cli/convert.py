"""``nginx2istio convert``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from nginx2istio import api
from nginx2istio.cli import parallel as tasks
from nginx2istio.cli.options import (
    controller_file,
    conversion_options,
    options_from,
    output_options,
)
from nginx2istio.cli.output import files_of, rendered, write_file, write_folder
from nginx2istio.cli.report_files import (
    Judging,
    end,
    judged,
    judging_from,
    judging_options,
    keeps_read,
    render,
)
from nginx2istio.convert.convert import Conversion
from nginx2istio.nginx.rename_hosts import BadName
from nginx2istio.rule.loader import RuleError


@click.command("convert")
@click.argument("paths", nargs=-1, metavar="[PATH|-]...")
@output_options
@judging_options(default="never")
@conversion_options
def command(
    paths: tuple[str, ...],
    output: Path | None,
    form: str,
    reports: tuple[Path, ...],
    force: bool,
    processes: int,
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
    more = controller_file(given)
    options = options_from(given)
    judging = judging_from(given)
    if not paths:
        if sys.stdin.isatty():
            raise click.UsageError("name a file or folder, or - for standard input")
        paths = ("-",)
    try:
        conversion = api.convert_files(
            (*paths, *more), options, rule_folders, sys.stdin.buffer, keeps_read(reports)
        )
    except (RuleError, BadName) as error:
        raise click.ClickException(str(error)) from None
    finish(conversion, output, form, reports, judging, force, processes)


def finish(
    conversion: Conversion,
    output: Path | None,
    form: str,
    reports: tuple[Path, ...],
    judging: Judging,
    force: bool,
    processes: int,
) -> None:
    """Writes everything and exits with the right code."""
    report = judged(conversion, judging, with_plan=bool(reports))
    if output is not None:
        write_folder(output, files_of(conversion.objects, form), force, processes)
    else:
        sys.stdout.writelines(rendered(conversion.objects, form))
    tasks.run([partial(_write_report, path, report, conversion) for path in reports], processes)
    end(report, judging)


def _write_report(path: Path, report: dict[str, Any], conversion: Conversion) -> None:
    write_file(path, render(report, conversion, path.suffix))
