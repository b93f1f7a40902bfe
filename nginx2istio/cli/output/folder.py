"""Writes the objects of a run into a folder beside what earlier runs wrote there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as replace_fields
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from nginx2istio.base.options import Layout
from nginx2istio.cli.exits import Usage, write_error
from nginx2istio.cli.output import parallel
from nginx2istio.cli.output.files import kustomizations, parts_of, paths_of, sources_of
from nginx2istio.cli.output.manifest import (
    MANIFEST,
    Manifest,
    Run,
    WrittenFile,
    manifest_text,
    read_manifest,
)
from nginx2istio.cli.output.swap import is_folder, is_safe, recover, replace
from nginx2istio.cli.output.system import locked
from nginx2istio.istio.objects import identity
from nginx2istio.istio.yaml import Fragments


@dataclass(frozen=True, slots=True)
class ReadInput:
    """What a run knows of its input: its Ingresses, and whether some input can't be read.

    ``ingresses`` are ``namespace/name`` of all that were read, converted or not. ``classes`` has
    the IngressClasses that an object is for, by its ``identity``, where these are not all.
    """

    run: Run = field(default_factory=Run)
    ingresses: frozenset[str] = frozenset()
    all_read: bool = True
    classes: Mapping[tuple[str, str, str], tuple[str, ...]] = field(default_factory=dict)
    layout: Layout = "flat"

    def run_for(self, objects: Iterable[Mapping[str, Any]]) -> Run:
        """The run of a file with these objects: for their classes only."""
        classes = (self.classes.get(identity(obj), self.run.classes) for obj in objects)
        return replace_fields(self.run, classes=tuple(sorted(set(chain.from_iterable(classes)))))


class NoObjects(Usage):
    """A run without any object, into a folder that has some."""


def write_folder(
    folder: Path,
    objects: Sequence[Mapping[str, Any]],
    form: str,
    read: ReadInput,
    force: bool = False,
    processes: int = 1,
    beside: parallel.Task | None = None,
) -> list[str]:
    """Writes a folder a namespace and a file a host; returns what stderr should say of others.

    The folder is replaced as one step (see ``swap``). A file of an earlier run goes when this run
    knows that nothing makes it any more; else it stays. Raises click.ClickException and leaves the
    folder as it is: a file is in the way that we did not write, or that was made for another
    controller or from other input, unless ``force``; or there is no object at all (NoObjects); or
    it can't be written. ``beside`` is other work, done while other processes write.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder = folder.resolve()
        with locked(folder.parent, f"waiting for another run that writes beside {folder}"):
            recover(folder)
            return _write(folder, objects, form, read, force, processes, beside)
    except OSError as error:
        raise write_error(folder, error) from None


def _write(
    folder: Path,
    objects: Sequence[Mapping[str, Any]],
    form: str,
    read: ReadInput,
    force: bool,
    processes: int,
    beside: parallel.Task | None,
) -> list[str]:
    before = read_manifest(folder)
    by_path = paths_of(objects, form, read.layout)
    existing = {path for path in before.files if os.path.lexists(folder / path)}
    if existing and not by_path and not force:
        raise NoObjects(
            f"the input gives no object, so {folder} keeps its {len(existing)} files."
            " Check the input, or use --force to empty the folder."
        )
    after = {
        path: WrittenFile(read.run_for(same), sources_of(same)) for path, same in by_path.items()
    }
    remarks = []
    stays, goes = _judged(before, existing, after, read, force)
    stems = set(map(_stem, stays))
    after = {path: file for path, file in after.items() if _stem(path) not in stems}
    for path, why in stays.items():
        after[path] = before.files[path]
        remarks.append(f"kept: {folder / path} ({why})")
    remarks += [f"removed: {folder / path}" for path in goes]
    fresh = sorted(after.keys() - stays.keys())
    fragments: Fragments = {}
    common = kustomizations(after, read.layout)
    whole = {**common, MANIFEST: [manifest_text(after, common)]}
    files = [*fresh, *whole]
    if not all(map(is_safe, files)):  # paths_of gives no other; this is the last gate
        raise Usage("a file name leads out of the folder")
    in_the_way = _in_the_way(folder, files, before, read, stays.keys(), force)
    removes = {*goes, *in_the_way, *before.common.difference(files)}

    def fill(stage: Path) -> None:
        names = sorted(files)

        def content(path: str) -> Iterable[str]:
            return whole.get(path) or parts_of(by_path[path], form, fragments)

        others = [beside] if beside and processes > 1 else []
        parts = processes - len(others)
        tasks = [partial(_part, stage, content, names[i::parts]) for i in range(parts)]
        parallel.run([*others, *tasks], processes)

    replace(folder, fill, files, removes)
    return remarks


def _stem(path: str) -> str:
    return path.rpartition(".")[0]


def _judged(
    before: Manifest,
    existing: set[str],
    after: Mapping[str, WrittenFile],
    read: ReadInput,
    force: bool,
) -> tuple[dict[str, str], list[str]]:
    """Files of earlier runs that stay, with the reason, and those that go.

    A file stays as it is when one of its Ingresses may be among what can't be read: rewritten
    without it, it would lose routes that are served today. Raises Usage where a file would lose
    what was made from other input.
    """
    stays: dict[str, str] = {}
    goes: list[str] = []
    stems = {_stem(path) for path in after}
    for path in sorted(existing):
        file = before.files[path]
        unknown = [source for source in file.sources if source not in read.ingresses]
        again = _stem(path) in stems
        if file.run is not None and not read.run.replaces(file.run):
            if path not in after:
                stays[path] = f"written for {_named(file.run)}"
        elif force:
            goes += [] if path in after else [path]
        elif not read.all_read and (unknown or not again):
            name = f"Ingress {unknown[0]}" if unknown else "its Ingress"
            stays[path] = f"{name} may be in the input that can't be read"
        elif (
            file.run is None or file.run.inputs == read.run.inputs or (file.sources and not unknown)
        ):
            goes += [] if path in after else [path]
        elif not again:
            stays[path] = f"written from {_inputs(file.run)}"
        elif unknown:
            raise Usage(
                f"{path} is also made from Ingress {unknown[0]}, which an earlier run read from"
                f" {_inputs(file.run)}. Convert all input together, choose another folder, or use"
                " --force to replace what the earlier run wrote."
            )
        elif path not in after:
            goes.append(path)
    return stays, goes


def _inputs(run: Run) -> str:
    return ", ".join(run.inputs)


def _named(run: Run) -> str:
    only = f", {' and '.join(run.only)} only" if run.only else ""
    return f"IngressClass {' and '.join(run.classes)}{' on trial' if run.trial else ''}{only}"


def _in_the_way(
    folder: Path,
    files: Iterable[str],
    before: Manifest,
    read: ReadInput,
    stays: Iterable[str],
    force: bool,
) -> list[str]:
    """What others wrote where a file has to go, to be replaced. Raises Usage without ``force``."""
    ours = before.paths | set(stays)
    exists = os.path.lexists(folder)
    folders = {
        "/".join(path.split("/")[:n]) for path in files for n in range(1, path.count("/") + 1)
    }
    foreign = {
        above
        for above in (folders if exists else ())
        if os.path.lexists(folder / above) and not is_folder(folder / above)
    }
    for path in files:
        if exists and is_folder(folder / path):
            raise Usage(f"{folder / path} is a folder, and a file has to go there. Move it away.")
        if exists and path not in ours and os.path.lexists(folder / path):
            foreign.add(path)
        writer = before.files.get(path, WrittenFile(None)).run
        if writer and not read.run.replaces(writer) and not force:
            raise Usage(
                f"{folder / path} is written for {_named(writer)}, and this run is for"
                f" {_named(read.run)}. Name all classes and hosts in one run (repeat"
                " --ingress-class, --only-host), choose another folder, or use --force to replace"
                " it."
            )
    if foreign and not force:
        shown = ", ".join(sorted(foreign)[:3]) + (" ..." if len(foreign) > 3 else "")
        raise Usage(
            f"{folder} holds files that nginx2istio did not write: {shown}."
            " Choose another folder, or use --force to overwrite them."
        )
    return sorted(foreign)


def _part(stage: Path, content: Callable[[str], Iterable[str]], names: Iterable[str]) -> None:
    """Writes files into a new folder, which has no links and no files of others."""
    prepared: set[str] = set()
    for name in names:
        path, above = f"{stage}/{name}", os.path.dirname(name)
        try:
            if above not in prepared:
                os.makedirs(stage / above, exist_ok=True)
                prepared.add(above)
            with open(path, "xb") as file:
                file.write("".join(content(name)).encode(errors="backslashreplace"))
        except OSError as error:
            raise write_error(name, error) from None
