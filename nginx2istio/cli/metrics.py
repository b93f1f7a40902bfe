"""``nginx2istio metrics``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nginx2istio.cli.exits import FINDINGS, Usage, read_error
from nginx2istio.cli.help.sections import SectionCommand, gateway_option, main_option
from nginx2istio.cli.options.output import folder_option
from nginx2istio.cli.options.paths import ExistingPath

if TYPE_CHECKING:
    from nginx2istio.metrics.estate import ServedEstate
    from nginx2istio.metrics.files import RewrittenFile


@click.command("metrics", cls=SectionCommand)
@click.argument("files", nargs=-1, type=ExistingPath(dir_okay=False), metavar="FILE...")
@folder_option(help="Write the files into DIR, by their names.  [default: one file to stdout]")
@main_option(
    "--manifests",
    multiple=True,
    type=ExistingPath(),
    metavar="PATH",
    help="Ingresses and Services, for queries that name Ingresses and hosts. Repeat it.",
)
@main_option("--exit-code", is_flag=True, help="Exit with 1 if a query can't be rewritten.")
@main_option(
    "--print-telemetry",
    is_flag=True,
    help="Print the Telemetry that adds labels for method, host and route, and exit.",
)
@gateway_option(
    "--gateway-workload",
    default="istio-ingressgateway",
    show_default=True,
    metavar="NAME",
    help="The Deployment of the gateway.",
)
@gateway_option(
    "--gateway-namespace",
    default="istio-system",
    show_default=True,
    metavar="NS",
    help="The namespace of the gateway.",
)
def command(
    files: tuple[Path, ...],
    output: Path | None,
    manifests: tuple[Path, ...],
    exit_code: bool,
    print_telemetry: bool,
    gateway_workload: str,
    gateway_namespace: str,
) -> None:
    """Rewrite queries for ingress-nginx's metrics in dashboards and alerts.

    FILE is a dashboard of Grafana (.json) or holds rules of Prometheus or PrometheusRules (.yaml).
    stderr says of each query what differs, or why it can't be rewritten; then it stays as it is.

    \b
    Examples:
      nginx2istio metrics dashboard.json > dashboard-istio.json
      nginx2istio metrics dashboards/*.json alerts.yaml -o istio/ --manifests manifests/
      nginx2istio metrics --print-telemetry | kubectl apply -f -
    """
    from nginx2istio.istio.yaml import document
    from nginx2istio.metrics.files import BadFile, rewritten_file, telemetry
    from nginx2istio.metrics.rewrite import Target

    target = Target(gateway_workload, gateway_namespace)
    if print_telemetry:
        click.echo(document(telemetry(target)), nl=False)
        return
    if not files:
        raise click.UsageError("name a file")
    names = [file.name for file in files]
    if output is None and len(files) > 1:
        raise click.UsageError("several files need -o DIR")
    if len(set(names)) < len(names):
        raise click.UsageError("two files have one name, and -o DIR can't have both")
    target = Target(gateway_workload, gateway_namespace, _estate(manifests))
    rewritten = []
    for file in files:
        try:
            text = file.read_text("utf-8")
            rewritten.append(rewritten_file(text, file.suffix == ".json", target))
        except OSError as error:
            raise read_error(file, error) from None
        except (BadFile, UnicodeDecodeError) as error:
            raise Usage(f"{file} can't be read: {error}") from None
    _write(files, rewritten, output)
    _remark(files, rewritten)
    if exit_code and any(query.new is None for each in rewritten for query in each.queries):
        click.get_current_context().exit(FINDINGS)


def _estate(manifests: tuple[Path, ...]) -> ServedEstate | None:
    """What the manifests say of Ingresses and hosts; None without any."""
    if not manifests:
        return None
    from nginx2istio.base.options import Options
    from nginx2istio.cli.convert import converted
    from nginx2istio.metrics.estate import estate_of

    return estate_of(converted(tuple(map(str, manifests)), Options(), (), quiet=True))


def _write(files: tuple[Path, ...], rewritten: list[RewrittenFile], output: Path | None) -> None:
    from nginx2istio.cli.output.files import write_file

    if output is None:
        click.echo(rewritten[0].text, nl=False)
        return
    for file, each in zip(files, rewritten, strict=True):
        if (output / file.name).exists() and (output / file.name).samefile(file):
            raise Usage(f"{file} is read: choose another folder for -o")
        write_file(output / file.name, each.text)


def _remark(files: tuple[Path, ...], rewritten: list[RewrittenFile]) -> None:
    """Says what became of the queries."""
    from nginx2istio.base.printable import printable
    from nginx2istio.report.words.labels import counted

    tags: set[str] = set()
    for file, each in zip(files, rewritten, strict=True):
        notes: dict[str, list[str]] = {}
        for query in each.queries:
            tags |= query.tags
            for note in query.notes:
                text = note if query.new is not None else f"not rewritten: {note}"
                notes.setdefault(text, []).append(query.where)
        for note, places in notes.items():
            where = ", ".join(dict.fromkeys(places))
            click.echo(printable(f"{file}: {note} ({where})"), err=True)
        done = sum(query.new is not None for query in each.queries)
        of = counted(len(each.queries), "query", "queries")
        click.echo(printable(f"{file}: {done} of {of} rewritten"), err=True)
    if tags:
        named = ", ".join(sorted(tags))
        text = f"Istio adds {named} when a Telemetry says so: see --print-telemetry"
        click.echo(text, err=True)
