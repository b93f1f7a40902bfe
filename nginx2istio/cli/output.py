"""Writing results: never a half-written file, never over what somebody else wrote."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from nginx2istio.istio.emit import document, documents, scalar
from nginx2istio.istio.objects import dns_name, identity

MARK = "# Written by nginx2istio; changes are lost when it runs again.\n"


def write_file(path: Path, content: str) -> None:
    """Writes a file in one step: a reader sees the old content or the new one.

    Raises click.FileError when it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(content)
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise click.FileError(str(path), error.strerror or str(error)) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def rendered(objects: Sequence[Mapping[str, Any]], form: str) -> str:
    """All objects as one text: YAML documents, or a JSON List."""
    if form == "yaml":
        return documents(objects)
    items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    return json.dumps(items, indent=2, ensure_ascii=False) + "\n"


def files_of(objects: Sequence[Mapping[str, Any]], form: str) -> dict[str, str]:
    """Relative path -> content: a folder a namespace, a file a host, and a kustomization.yaml.

    A file is named after the object; a VirtualService's name is its host's.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for obj in objects:
        kind, namespace, name = identity(obj)
        stem = name if kind == "VirtualService" else f"{kind.lower()}-{name}"
        folder = namespace or "cluster"
        found.setdefault(f"{folder}/{dns_name(stem, 200)}.{form}", []).append(obj)
    if form == "yaml":
        files = {p: MARK + "---\n".join(document(o) for o in same) for p, same in found.items()}
    else:
        files = {p: rendered(same, "json") for p, same in found.items()}
    listed = "".join(f"- {scalar(path)}\n" for path in sorted(files))
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:"
    files["kustomization.yaml"] = MARK + head + ("\n" + listed if listed else " []\n")
    return files


def write_folder(folder: Path, files: Mapping[str, str], force: bool) -> None:
    """Writes the files, and deletes those of an earlier run that are no longer made.

    Raises click.ClickException before anything is written when a file is in the way that we did
    not write, unless ``force``.
    """
    if folder.exists() and not folder.is_dir():
        raise click.ClickException(f"{folder} is not a folder")
    ours = _ours(folder)
    foreign = sorted(p for p in files if (folder / p).exists() and p not in ours)
    if foreign and not force:
        shown = ", ".join(foreign[:3]) + (" ..." if len(foreign) > 3 else "")
        raise click.ClickException(
            f"{folder} holds files that nginx2istio did not write: {shown}."
            " Choose another folder, or say --force to overwrite them."
        )
    for path, content in sorted(files.items()):
        write_file(folder / path, content)
    for path in sorted(ours - files.keys()):
        (folder / path).unlink(missing_ok=True)
    write_file(folder / MANIFEST, "".join(f"{p}\n" for p in sorted(files)))


MANIFEST = ".nginx2istio"
"""The list of the files that we wrote into a folder."""


def _ours(folder: Path) -> set[str]:
    try:
        lines = (folder / MANIFEST).read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    inside = folder.resolve()
    return {p for p in lines if p and (folder / p).resolve().is_relative_to(inside)}
