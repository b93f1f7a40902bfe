"""Results as text: which object goes into which file, and single files written in one step."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from nginx2istio.cli.exits import write_error
from nginx2istio.cli.output.system import locked
from nginx2istio.istio.objects import SOURCE, file_name, identity
from nginx2istio.istio.yaml import Fragments, documents, scalar

MARK = "# Written by nginx2istio; changes are lost when it runs again.\n"


def write_file(path: Path, content: str | Iterable[str]) -> None:
    """Writes a file in one step: a reader sees the old content or the new one.

    The content may come in parts. A link is followed; what is no ordinary file (/dev/stderr, a
    pipe) is written to. Raises click.ClickException when it can't be written.
    """
    texts = (content,) if isinstance(content, str) else content
    parts = (text.encode(errors="backslashreplace") for text in texts)
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not stat.S_ISREG(target.stat().st_mode):
            with open(path, "wb") as file:
                file.writelines(parts)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.parent):
            _replace_file(target, parts)
    except OSError as error:
        raise write_error(path, error) from None


def _replace_file(target: Path, parts: Iterable[bytes]) -> None:
    # The lock is held: whatever has such a name was left by a run that was cut off.
    left = re.compile(re.escape(_short(target)) + r"[0-9a-f]{12}")
    for name in filter(left.fullmatch, os.listdir(target.parent)):
        with suppress(OSError):
            (target.parent / name).unlink()
    temporary = target.parent / f"{_short(target)}{secrets.token_hex(6)}"
    try:
        with open(temporary, "xb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _short(target: Path) -> str:
    """What names of files that are being written begin with; a name has at most 255 bytes."""
    return f".{os.fsencode(target.name)[:200].decode(errors='ignore')}.nginx2istio-"


def rendered(
    objects: Sequence[Mapping[str, Any]], form: str, fragments: Fragments | None = None
) -> Iterator[str]:
    """All objects as one text, part by part: YAML documents, or a JSON List.

    ``fragments`` serve the texts of objects that are written together.
    """
    if form == "yaml":
        yield from documents(objects, fragments)
        return
    items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    yield from json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(items)
    yield "\n"


def paths_of(objects: Sequence[Mapping[str, Any]], form: str) -> dict[str, list[Mapping[str, Any]]]:
    """Objects by the relative path of their file: a folder a namespace, a file a host."""
    by_path: dict[str, list[Mapping[str, Any]]] = {}
    for obj in objects:
        by_path.setdefault(file_name(*identity(obj), form), []).append(obj)
    return by_path


def sources_of(objects: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The Ingresses that objects are made from, as their annotation names them."""
    texts = (str((o["metadata"].get("annotations") or {}).get(SOURCE) or "") for o in objects)
    return tuple(sorted({name for text in texts for name in text.split(", ") if name}))


def parts_of(
    objects: Sequence[Mapping[str, Any]], form: str, fragments: Fragments
) -> Iterable[str]:
    """The content of one file, part by part, made when it is written."""
    parts = rendered(objects, form, fragments)
    return parts if form == "json" else chain([MARK], parts)


def kustomization(paths: Iterable[str]) -> list[str]:
    """The content of kustomization.yaml, part by part."""
    listed = "".join(f"- {scalar(path)}\n" for path in sorted(paths))
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:"
    return [MARK, head, "\n" + listed if listed else " []\n"]
