"""``nginx2istio diff``."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from nginx2istio import api
from nginx2istio.cli.cluster import NoAnswer, cluster_options, reaching
from nginx2istio.cli.options import controller_file, conversion_options, options_from
from nginx2istio.cluster.connection import Cluster, Refused
from nginx2istio.cluster.kinds import ISTIO
from nginx2istio.cluster.kubeconfig import connect
from nginx2istio.cluster.live import EVERYWHERE, live_objects
from nginx2istio.inputs.files import read
from nginx2istio.inputs.resource import Node
from nginx2istio.istio.diff import Change, Entry, counts, difference
from nginx2istio.istio.objects import MANAGED_BY, VERSIONS, Object, identity, managed
from nginx2istio.istio.yaml import document, scalar
from nginx2istio.nginx.rename_hosts import BadName
from nginx2istio.rule.loader import RuleError

MARKS: dict[Change, tuple[str, str]] = {
    "added": ("+", "green"),
    "changed": ("~", "yellow"),
    "removed": ("-", "red"),
    "unchanged": ("=", "white"),
}


@click.command("diff")
@click.argument("paths", nargs=-1, metavar="[PATH|-]...")
@click.option(
    "--against",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="A folder with what an earlier run wrote (convert -o DIR).",
)
@click.option(
    "--live", is_flag=True, help="Compare with what is in the cluster, which is only read."
)
@cluster_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="auto is colour on a terminal.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 when there is a difference.")
@conversion_options
def command(
    paths: tuple[str, ...],
    against: Path | None,
    live: bool,
    kubeconfig: str,
    context: str,
    form: str,
    color: str,
    exit_code: bool,
    rule_folders: tuple[Path, ...],
    **given: Any,
) -> None:
    """Show what applying the conversion would change, field by field.

    PATH is converted as by convert, with the same options. Objects are compared by kind, namespace
    and name; comments, status and what the API server writes itself don't count. The order of
    routes does. With --live, fields that others set and that applying leaves alone are told apart.

    \b
    Examples:
      nginx2istio diff manifests/ --against istio/
      nginx2istio diff manifests/ --against istio/ --exit-code --format json | jq .summary
      nginx2istio diff manifests/ --live --context production

    Exit codes: 0 done; 1 there is a difference, with --exit-code; 2 wrong usage; 3 some input
    could not be read (the rest was compared), or the cluster does not answer.
    """
    more = controller_file(given)
    options = options_from(given)
    if bool(against) == live:
        raise click.UsageError("give either --against DIR or --live")
    if not paths:
        if sys.stdin.isatty():
            raise click.UsageError("name a file or folder, or - for standard input")
        paths = ("-",)
    try:
        conversion = api.convert_files((*paths, *more), options, rule_folders, sys.stdin.buffer)
    except (RuleError, BadName) as error:
        raise click.ClickException(str(error)) from None
    problems = conversion.problems
    if against:
        earlier = read([str(against)])
        problems += earlier.problems
        old = [r.body for r in earlier.resources if r.kind in VERSIONS]
        entries = difference(old, conversion.objects)
        source = str(against)
    else:
        with reaching():
            cluster = connect(kubeconfig, context)
            old = _in_cluster(cluster, conversion.objects)
        entries = difference(old, conversion.objects, managed(options.trial)[MANAGED_BY])
        source = cluster.server
    colour = {"always": True, "never": False}.get(color)
    if form == "json":
        click.echo(json.dumps(data(entries, source), indent=1, ensure_ascii=False))
    else:
        for line in lines(entries):
            click.echo(line, color=colour)
    for problem in problems:
        at = f"{problem.file}:{problem.line}" if problem.line else problem.file
        click.echo(f"not read: {at}: {problem.text}", err=True)
    if problems:
        sys.exit(3)
    if exit_code and any(e.change != "unchanged" for e in entries):
        sys.exit(1)


def _in_cluster(cluster: Cluster, objects: Sequence[Object]) -> list[Node]:
    """Istio's objects everywhere, or where the new ones are if the user may not look further."""
    found: list[Node] = []
    mine = sorted({namespace for _, namespace, _ in map(identity, objects)})
    for kind in ISTIO:
        for spaces in (EVERYWHERE, tuple(mine)):
            there = [f for _, f in live_objects(cluster, kind, spaces, keep=lambda item: item)]
            refused = [f for f in there if isinstance(f, Refused)]
            if not any(f.status == 403 for f in refused):
                break
        for why in refused:
            if why.status != 404:
                raise NoAnswer(f"{kind.plural} can't be read: {why}")
            click.echo(f"the cluster has no {kind.plural}.{kind.group}", err=True)
        found += [obj for some in there if not isinstance(some, Refused) for obj in some]
    return found


def data(entries: Sequence[Entry], against: str) -> dict[str, Any]:
    """The difference as JSON: ``summary`` counts objects, ``objects`` has their fields."""
    return {
        "schema": 1,
        "against": against,
        "summary": counts(entries),
        "objects": [asdict(entry) for entry in entries],
    }


def lines(entries: Sequence[Entry]) -> Iterator[str]:
    """The difference as text: objects that differ with their fields, and the figures."""
    for entry in entries:
        if entry.change == "unchanged" and not entry.stays:
            continue
        mark, colour = MARKS[entry.change]
        named = f"{entry.kind} {entry.namespace}/{entry.name}"
        yield click.style(f"{mark} {named}{_remark(entry)}", fg=colour, bold=True)
        for field in entry.fields:
            mark, colour = MARKS[field.change]
            yield click.style(f"    {mark} {field.path}", fg=colour)
            if field.change != "added":
                yield from _value("-", "red", field.old)
            if field.change != "removed":
                yield from _value("+", "green", field.new)
        for path in entry.stays:
            yield f"    = {path} is somebody else's and stays"
    figures = counts(entries)
    yield ", ".join(f"{n} {change}" for change, n in figures.items())


def _remark(entry: Entry) -> str:
    if entry.foreign:
        return " (not made by nginx2istio: applying takes it over)"
    if entry.change == "removed":
        where = shlex.join([entry.kind, entry.name, "-n", entry.namespace])
        return f" (applying does not delete it: kubectl delete {where})"
    return ""


def _value(mark: str, colour: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        whole = document(value) if isinstance(value, dict) else document({"": value})
        text = whole.splitlines() if isinstance(value, dict) else whole.splitlines()[1:]
    else:
        text = [scalar(value) if not isinstance(value, dict | list) else repr(value)]
    for line in text:
        yield click.style(f"        {mark} {line}", fg=colour)
