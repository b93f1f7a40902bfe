"""Writing results: never a half-written file, never over what somebody else wrote."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import click

from nginx2istio.cli import parallel as tasks
from nginx2istio.istio.objects import dns_name, identity
from nginx2istio.istio.yaml import documents, scalar

MARK = "# Written by nginx2istio; changes are lost when it runs again.\n"


_RUN = secrets.token_hex(6)
"""What names of files that are being written end in: another run has another."""


def write_file(path: Path, *parts: str) -> None:
    """Writes a file in one step: a reader sees the old content or the new one.

    Raises click.FileError when it can't be written.
    """
    try:
        try:
            _write(path, parts)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, parts)
    except OSError as error:
        raise click.FileError(str(path), error.strerror or str(error)) from None


def _write(path: Path, parts: Iterable[str]) -> None:
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{_RUN}")
    with open(temporary, "xb") as file:
        try:
            file.write("".join(parts).encode())
            file.close()
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def rendered(objects: Sequence[Mapping[str, Any]], form: str) -> Iterator[str]:
    """All objects as one text, part by part: YAML documents, or a JSON List."""
    if form == "yaml":
        yield from documents(objects)
        return
    items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    yield from json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(items)
    yield "\n"


def files_of(objects: Sequence[Mapping[str, Any]], form: str) -> dict[str, Iterable[str]]:
    """Relative path -> parts of the content, made when they are asked for.

    A folder a namespace, a file a host, and a kustomization.yaml.

    A file is named after the object; a VirtualService's name is its host's.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for obj in objects:
        kind, namespace, name = identity(obj)
        stem = name if kind == "VirtualService" else f"{kind.lower()}-{name}"
        folder = namespace or "cluster"
        found.setdefault(f"{folder}/{dns_name(stem, 200)}.{form}", []).append(obj)
    files: dict[str, Iterable[str]] = {
        path: rendered(same, form) if form == "json" else chain([MARK], rendered(same, form))
        for path, same in found.items()
    }
    listed = "".join(f"- {scalar(path)}\n" for path in sorted(files))
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:"
    files["kustomization.yaml"] = [MARK, head, "\n" + listed if listed else " []\n"]
    return files


def write_folder(
    folder: Path, files: Mapping[str, Iterable[str]], force: bool, processes: int
) -> None:
    """Writes the files, and deletes those of an earlier run that are no longer made.

    Raises click.ClickException before anything is written when a file is in the way that we did
    not write, unless ``force``.
    """
    if folder.exists() and not folder.is_dir():
        raise click.ClickException(f"{folder} is not a folder")
    ours = _ours(folder)
    there = files if folder.exists() else ()
    foreign = sorted(p for p in there if p not in ours and (folder / p).exists())
    if foreign and not force:
        shown = ", ".join(foreign[:3]) + (" ..." if len(foreign) > 3 else "")
        raise click.ClickException(
            f"{folder} holds files that nginx2istio did not write: {shown}."
            " Choose another folder, or say --force to overwrite them."
        )
    names = sorted(files)
    tasks.run(
        [partial(_part, folder, files, names[i::processes]) for i in range(processes)], processes
    )
    for path in sorted(ours - files.keys()):
        (folder / path).unlink(missing_ok=True)
    write_file(folder / MANIFEST, "".join(f"{name}\n" for name in names))


def _part(folder: Path, files: Mapping[str, Iterable[str]], names: Iterable[str]) -> None:
    for name in names:
        write_file(folder / name, *files[name])


MANIFEST = ".nginx2istio"
"""The list of the files that we wrote into a folder."""


def _ours(folder: Path) -> set[str]:
    try:
        lines = (folder / MANIFEST).read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    inside = folder.resolve()
    below = {os.path.dirname(line) for line in lines}
    safe = {name for name in below if (folder / name).resolve().is_relative_to(inside)}
    named = (line for line in lines if os.path.basename(line).strip("."))
    return {line for line in named if os.path.dirname(line) in safe}
