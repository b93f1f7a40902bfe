"""``nginx2istio convert``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nginx2istio.cli.exits import Usage
from nginx2istio.cli.options import (
    ConversionCommand,
    controller_files,
    conversion_options,
    options_from,
    output_options,
)
from nginx2istio.cli.options.judging import judging_from, judging_options, keeps_read
from nginx2istio.cli.progress import progress

if TYPE_CHECKING:
    from nginx2istio.base.options import Options
    from nginx2istio.convert.convert import Conversion
    from nginx2istio.inputs.resource import Inputs


@click.command("convert", cls=ConversionCommand)
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
    mesh_config: str | None,
    rule_folders: tuple[Path, ...],
    **given: Any,
) -> None:
    """Convert Ingresses to Istio objects and report every difference.

    PATH is a file or a folder with YAML or JSON; - is standard input. Add Services, IngressClasses,
    and the controller's ConfigMap and Deployment to the input: then ports, classes and defaults are
    the real ones.

    \b
    Examples:
      nginx2istio convert ingress.yaml > istio.yaml
      nginx2istio convert manifests/ -o istio/ --report report.json
      kubectl get ingress,ingressclass,service -A -o yaml | nginx2istio convert - -o istio/
    """
    from nginx2istio.cli.finish import finish

    more = controller_files(given)
    options = options_from(given)
    judging = judging_from(given, options)
    paths = paths_or_stdin(paths)
    conversion = converted(
        (*paths, *more), options, rule_folders, judging.quiet, keeps_read(reports), processes
    )
    finish(conversion, paths, output, form, reports, judging, force, processes, mesh_config)


def paths_or_stdin(paths: tuple[str, ...]) -> tuple[str, ...]:
    """The paths, or standard input for none. Raises click.UsageError at a terminal."""
    if not paths and sys.stdin.isatty():
        raise click.UsageError("name a file or folder, or - for standard input")
    return paths or ("-",)


def converted(
    paths: tuple[str, ...],
    options: Options,
    rule_folders: tuple[Path, ...],
    quiet: bool = False,
    keep_read: bool = False,
    processes: int = 1,
) -> Conversion:
    """Converts files. Raises Usage for rules that don't load and names that a trial can't have."""
    from nginx2istio.convert.convert import convert
    from nginx2istio.nginx.rename_hosts import BadName
    from nginx2istio.report.words.labels import some
    from nginx2istio.rule.loader import RuleError, load

    try:
        with progress(quiet, f"reading {some(map(str, paths), 3)}") as show:
            # Nobody else holds what was read, so it can be let go as soon as it is a model.
            rules = load(rule_folders)
            return convert(_read(paths, show), rules, options, keep_read, processes)
    except (RuleError, BadName) as error:
        raise Usage(str(error)) from None


def _read(paths: tuple[str, ...], show: Callable[[str], None]) -> Inputs:
    from nginx2istio.inputs.files import read
    from nginx2istio.report.words.labels import counted

    inputs = read(paths, sys.stdin.buffer)
    ingresses = sum(resource.kind == "Ingress" for resource in inputs.resources)
    show(f"converting {counted(ingresses, 'Ingress', 'Ingresses')}")
    return inputs
