"""What ``nginx2istio diff`` compares, and how it shows what differs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence, Set
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from nginx2istio.cli.exits import NoAnswer, write_error
from nginx2istio.cli.output.swap import recover
from nginx2istio.cli.output.system import locked
from nginx2istio.cluster.connection import Cluster, Refused
from nginx2istio.cluster.kinds import ISTIO, WORKLOAD
from nginx2istio.cluster.kubeconfig import connect
from nginx2istio.cluster.live import EVERYWHERE, live_objects
from nginx2istio.convert.convert import Conversion
from nginx2istio.inputs.files import read
from nginx2istio.inputs.resource import Node, Problem
from nginx2istio.istio.diff import Change, ObjectChange, counts, object_changes
from nginx2istio.istio.objects import (
    MANAGED_BY,
    OURS,
    VERSIONS,
    WORKLOAD_VERSIONS,
    Object,
    identity,
    managed,
)
from nginx2istio.istio.yaml import document, scalar

MARKS: dict[Change, tuple[str, str]] = {
    "added": ("+", "green"),
    "changed": ("~", "yellow"),
    "removed": ("-", "red"),
    "unchanged": ("=", "white"),
}


def in_folder(
    folder: Path, conversion: Conversion
) -> tuple[tuple[ObjectChange, ...], tuple[Problem, ...]]:
    """Compares with a folder of an earlier run, and says what in it can't be read.

    What a run that was cut off left there is completed first. Raises click.ClickException.
    """
    try:
        real = folder.resolve()
        with locked(real.parent):
            recover(real)
    except OSError as error:
        raise write_error(folder, error) from None
    earlier = read([str(folder)])
    old = [r.body for r in earlier.resources if r.kind in {*VERSIONS, *WORKLOAD_VERSIONS}]
    return object_changes(old, conversion.objects), earlier.problems


def in_cluster(
    kubeconfig: str, context: str, conversion: Conversion
) -> tuple[tuple[ObjectChange, ...], str]:
    """Compares with a cluster; also returns the address of its API server.

    Raises NoConfiguration, Unreachable, and NoAnswer for objects that can't be read.
    """
    cluster = connect(kubeconfig, context)
    old = _live_objects(cluster, conversion.objects)
    label = managed(conversion.options.trial)[MANAGED_BY]
    return object_changes(old, conversion.objects, label), cluster.server


def changes(entries: Sequence[ObjectChange]) -> bool:
    """Whether there is any difference."""
    return any(entry.change != "unchanged" for entry in entries)


def _live_objects(cluster: Cluster, objects: Sequence[Object]) -> list[Node]:
    """Istio's objects everywhere, or where the new ones are if the user may not look further.

    Objects of Kubernetes' own kinds only where an auth service is among the new ones: those of
    ours, and those that have a name of a new one.
    """
    items: list[Node] = []
    names = set(map(identity, objects))
    namespaces = sorted({namespace for _, namespace, _ in names})
    new_kinds = {kind for kind, _, _ in names}
    for kind in (*ISTIO, *(k for k in WORKLOAD if k.name in new_kinds)):
        for spaces in (EVERYWHERE, tuple(namespaces)):
            answers = [a for _, a in live_objects(cluster, kind, spaces, keep=lambda item: item)]
            refused = [a for a in answers if isinstance(a, Refused)]
            if not any(a.status == 403 for a in refused):
                break
        for why in refused:
            if why.status != 404:
                raise NoAnswer(f"{kind.plural} can't be read: {why}")
            click.echo(f"the cluster has no {kind.plural}.{kind.group}", err=True)
        listed = [item for a in answers if not isinstance(a, Refused) for item in a]
        items += listed if kind in ISTIO else [x for x in listed if _concerns(x, names)]
    return items


def _concerns(item: Node, names: Set[tuple[str, str, str]]) -> bool:
    """Whether an object is of ours, or has a name of a new one."""
    labels = item["metadata"].get("labels") or {}
    return labels.get(MANAGED_BY) in OURS or identity(item) in names


def difference_data(entries: Sequence[ObjectChange], against: str) -> dict[str, Any]:
    """The difference as JSON: ``summary`` counts objects, ``objects`` has their fields."""
    return {
        "schema": 1,
        "against": against,
        "summary": counts(entries),
        "objects": [asdict(entry) for entry in entries],
    }


def difference_lines(entries: Sequence[ObjectChange]) -> Iterator[str]:
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


def _remark(entry: ObjectChange) -> str:
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
