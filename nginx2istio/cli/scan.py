"""``nginx2istio scan``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from nginx2istio.base.options import Options
from nginx2istio.cli.cluster import Misled, NoAnswer, cluster_options
from nginx2istio.cli.convert import finish
from nginx2istio.cli.options import (
    controller_file,
    conversion_options,
    options_from,
    output_options,
)
from nginx2istio.cli.output import write_file
from nginx2istio.cli.report_files import judging_from, judging_options, keeps_read
from nginx2istio.cluster.connection import Cluster, NoConfiguration, Unreachable
from nginx2istio.cluster.kubeconfig import connect
from nginx2istio.cluster.live import dry_run
from nginx2istio.cluster.rbac import manifest
from nginx2istio.cluster.scan import ScanScope, scan
from nginx2istio.convert.convert import convert
from nginx2istio.findings import validation
from nginx2istio.inputs import snapshot
from nginx2istio.inputs.anonymize import anonymized
from nginx2istio.inputs.resource import Inputs
from nginx2istio.nginx.rename_hosts import BadName
from nginx2istio.rule.loader import RuleError, load


@click.command("scan")
@click.option(
    "-n",
    "--namespace",
    "namespaces",
    multiple=True,
    metavar="NS",
    help="Read this namespace; may be given several times.  [default: that of the context]",
)
@click.option("-A", "--all-namespaces", "everywhere", is_flag=True, help="Read all namespaces.")
@click.option("-l", "--selector", default="", metavar="SELECTOR", help="Ingresses by their labels.")
@cluster_options
@click.option("--no-secrets", is_flag=True, help="Don't look at Secrets, not even at their names.")
@click.option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write what was read, without Secrets: `convert FILE` gives the same offline.",
)
@click.option(
    "--anonymize",
    is_flag=True,
    help="Replace names, hosts and values in the file of --save, each always by the same.",
)
@click.option(
    "--live-validate",
    is_flag=True,
    help="Ask the cluster whether it would take the objects: a dry run of create, not stored.",
)
@click.option(
    "--print-rbac", is_flag=True, help="Print the least rights that this scan needs, and end."
)
@output_options
@judging_options(default="never")
@conversion_options
def command(
    namespaces: tuple[str, ...],
    everywhere: bool,
    selector: str,
    kubeconfig: str,
    context: str,
    no_secrets: bool,
    save: Path | None,
    anonymize: bool,
    live_validate: bool,
    print_rbac: bool,
    output: Path | None,
    form: str,
    reports: tuple[Path, ...],
    force: bool,
    processes: int,
    rule_folders: tuple[Path, ...],
    **given: Any,
) -> None:
    """Convert the Ingresses of a cluster to Istio objects, and report every difference.

    Nothing is changed in the cluster: no verb but get and list is sent, and with --live-validate
    create as a dry run. What the user may not read is a finding, and the rest goes on. No Secret's
    content is kept or shown.

    \b
    Examples:
      nginx2istio scan -A -o istio/ --report report.json
      nginx2istio scan -n shop -n billing --context production > istio.yaml
      nginx2istio scan -A --print-rbac | kubectl apply -f -
      nginx2istio scan -A --save snapshot.json -o istio/; nginx2istio convert snapshot.json
    """
    if controller_file(given):
        text = "a scan reads it from the cluster: name it as NS/NAME"
        raise click.BadParameter(text, param_hint="--controller-config")
    options = options_from(given)
    judging = judging_from(given)
    quiet = judging.quiet
    if namespaces and everywhere:
        raise click.UsageError("give either -n or -A")
    if anonymize and not save:
        raise click.UsageError("--anonymize is about the file of --save FILE")
    chosen = tuple(dict.fromkeys(namespaces))
    try:
        rules = load(rule_folders)
        if print_rbac:
            if not chosen and not everywhere:
                chosen = (connect(kubeconfig, context).namespace,)
            click.echo(
                manifest(ScanScope(chosen, selector, not no_secrets), options, live_validate)
            )
            return
        cluster = connect(kubeconfig, context)
        if not chosen and not everywhere:
            chosen = (cluster.namespace,)
        scope = ScanScope(chosen, selector, not no_secrets)
        # Nobody else holds what was read, so that it can be let go as soon as it is a model.
        conversion = convert(
            _read(cluster, scope, options, quiet, save, anonymize),
            rules,
            options,
            keeps_read(reports),
        )
        if live_validate:
            with _progress(cluster, quiet) as told:
                verdicts = []
                for verdict in dry_run(cluster, conversion.objects):
                    verdicts.append(verdict)
                    told("objects checked", len(verdicts))
            more = tuple(validation.findings(verdicts))
            conversion = replace(conversion, findings=(*conversion.findings, *more))
    except NoConfiguration as error:
        raise Misled(str(error)) from None
    except Unreachable as error:
        raise NoAnswer(str(error)) from None
    except (RuleError, BadName) as error:
        raise click.ClickException(str(error)) from None
    finish(conversion, output, form, reports, judging, force, processes)


def _read(
    cluster: Cluster,
    scope: ScanScope,
    options: Options,
    quiet: bool,
    save: Path | None,
    anonymize: bool,
) -> Inputs:
    """Scans, and saves what was read."""
    with _progress(cluster, quiet) as told:
        inputs = scan(cluster, scope, options, told)
    if save:
        kept = anonymized(inputs.resources) if anonymize else inputs.resources
        write_file(save, "".join(snapshot.lines(kept)))
    return inputs


@contextmanager
def _progress(cluster: Cluster, quiet: bool) -> Iterator[Callable[[str, int], None]]:
    """Shows on a terminal what is being read."""
    if quiet or not sys.stderr.isatty():
        yield lambda what, count: None
        return
    from rich.console import Console

    with Console(stderr=True).status(f"reading {cluster.server}") as status:
        yield lambda what, count: status.update(f"{cluster.server}: {count} {what}")
