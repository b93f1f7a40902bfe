"""``nginx2istio scan``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nginx2istio.cli.cluster import cluster_options, reaching
from nginx2istio.cli.exits import Usage
from nginx2istio.cli.help.sections import cluster_option, main_option
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
    from nginx2istio.cluster.connection import Cluster
    from nginx2istio.cluster.scan import ScanScope
    from nginx2istio.inputs.resource import Inputs


@click.command("scan", cls=ConversionCommand)
@main_option(
    "-n",
    "--namespace",
    "namespaces",
    multiple=True,
    metavar="NS",
    help="Read this namespace. Repeat the option for several.  [default: that of the context]",
)
@main_option("-A", "--all-namespaces", "everywhere", is_flag=True, help="Read all namespaces.")
@cluster_option(
    "-l",
    "--selector",
    default="",
    metavar="SELECTOR",
    help="Read Ingresses with these labels only.",
)
@cluster_options
@cluster_option("--no-secrets", is_flag=True, help="Read no Secrets, not even their names.")
@cluster_option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Save what is read, without Secrets. `convert FILE` then gives the same offline.",
)
@cluster_option(
    "--anonymize",
    is_flag=True,
    help="Replace names, hosts and values in the file of --save, the same one always alike.",
)
@cluster_option(
    "--live-validate",
    is_flag=True,
    help="Let the cluster check the objects by a dry run of create. Nothing is stored.",
)
@cluster_option(
    "--print-rbac",
    is_flag=True,
    help="Print the smallest ClusterRole or Roles for this scan and exit.",
)
@cluster_option(
    "--print-job",
    is_flag=True,
    help="Print a Job that does this scan in the cluster, with its rights, and exit.",
)
@cluster_option(
    "--job-image",
    default="",
    metavar="IMAGE",
    help="The image of that Job, made of the Containerfile.  [default: nginx2istio:VERSION]",
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
    print_job: bool,
    job_image: str,
    output: Path | None,
    form: str,
    reports: tuple[Path, ...],
    force: bool,
    processes: int,
    mesh_config: str | None,
    rule_folders: tuple[Path, ...],
    **given: Any,
) -> None:
    """Convert the Ingresses of a cluster to Istio objects and report every difference.

    The cluster is only read: the requests are get and list, and with --live-validate a dry run of
    create. What the user may not read becomes a finding, and the rest is converted. The content of
    Secrets is neither kept nor shown.

    \b
    Examples:
      nginx2istio scan -A -o istio/ --report report.json
      nginx2istio scan -n shop -n billing --context production > istio.yaml
      nginx2istio scan -A --print-rbac | kubectl apply -f -
      nginx2istio scan -A --print-job --job-image registry.example.com/nginx2istio > job.yaml
      nginx2istio scan -A --save snapshot.json -o istio/; nginx2istio convert snapshot.json
    """
    from dataclasses import replace

    from nginx2istio.cli.finish import finish
    from nginx2istio.cluster.kubeconfig import connect
    from nginx2istio.cluster.live import dry_run
    from nginx2istio.cluster.rbac import manifest
    from nginx2istio.cluster.scan import ScanScope
    from nginx2istio.convert.convert import convert
    from nginx2istio.findings import validation
    from nginx2istio.nginx.rename_hosts import BadName
    from nginx2istio.rule.loader import RuleError, load

    if controller_files(given):
        text = "a scan reads it from the cluster: name it as NS/NAME"
        raise click.BadParameter(text, param_hint="--controller-config")
    options = options_from(given)
    judging = judging_from(given, options)
    quiet = judging.quiet
    if namespaces and everywhere:
        raise click.UsageError("give either -n or -A")
    if anonymize and not save:
        raise click.UsageError("--anonymize is about the file of --save FILE")
    chosen = tuple(dict.fromkeys(namespaces))
    try:
        with reaching():
            rules = load(rule_folders)
            if print_rbac or print_job:
                if not chosen and not everywhere:
                    chosen = (connect(kubeconfig, context).namespace,)
                scope = ScanScope(chosen, selector, not no_secrets)
                if print_job:
                    click.echo(_job(scope, options, job_image, live_validate), nl=False)
                else:
                    click.echo(manifest(scope, options, live_validate))
                return
            cluster = connect(kubeconfig, context)
            if not chosen and not everywhere:
                chosen = (cluster.namespace,)
            scope = ScanScope(chosen, selector, not no_secrets)
            # Nobody else holds what was read, so it can be let go as soon as it is a model.
            conversion = convert(
                _read(cluster, scope, options, quiet, save, anonymize),
                rules,
                options,
                keeps_read(reports),
                processes,
            )
            if live_validate:
                with progress(quiet, cluster.server) as show:
                    verdicts = []
                    for verdict in dry_run(cluster, conversion.objects):
                        verdicts.append(verdict)
                        show(f"{cluster.server}: {len(verdicts)} objects checked")
                more = tuple(validation.findings(verdicts))
                conversion = replace(conversion, findings=(*conversion.findings, *more))
    except (RuleError, BadName) as error:
        raise Usage(str(error)) from None
    inputs = [f"namespace {name}" for name in chosen] or ["all namespaces"]
    inputs += [f"labels {selector}"] if selector else []
    saved = [str(save)] if save else []
    finish(conversion, inputs, output, form, reports, judging, force, processes, mesh_config, saved)


def _job(scope: ScanScope, options: Options, image: str, dry_run: bool) -> str:
    """The Job that does what the command line says."""
    from importlib.metadata import version

    from nginx2istio.cli.options.carried import carried
    from nginx2istio.cluster.job import job_manifest

    image = image or f"nginx2istio:{version('nginx2istio')}"
    where = [word for name in scope.namespaces for word in ("-n", name)] or ["-A"]
    arguments = [*where, *carried(click.get_current_context())]
    return job_manifest(scope, options, image, arguments, dry_run)


def _read(
    cluster: Cluster,
    scope: ScanScope,
    options: Options,
    quiet: bool,
    save: Path | None,
    anonymize: bool,
) -> Inputs:
    """Scans, and saves what was read."""
    from nginx2istio.cli.output.files import write_file
    from nginx2istio.cluster.scan import scan
    from nginx2istio.inputs import snapshot
    from nginx2istio.inputs.anonymize.anonymize import anonymized

    with progress(quiet, cluster.server) as show:
        inputs = scan(
            cluster,
            scope,
            options,
            lambda what, count: show(f"{cluster.server}: {count} {what}"),
        )
    if save:
        resources = anonymized(inputs.resources) if anonymize else inputs.resources
        write_file(save, "".join(snapshot.lines(resources)))
    return inputs
