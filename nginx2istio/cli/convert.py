"""``nginx2istio convert``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from nginx2istio.cli.exits import Usage
from nginx2istio.cli.judging import judging_from, judging_options, keeps_read
from nginx2istio.cli.options import (
    controller_file,
    conversion_options,
    options_from,
    output_options,
)


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
    from nginx2istio import api
    from nginx2istio.cli.finish import finish
    from nginx2istio.nginx.rename_hosts import BadName
    from nginx2istio.rule.loader import RuleError

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
        raise Usage(str(error)) from None
    finish(conversion, paths, output, form, reports, judging, force, processes)
