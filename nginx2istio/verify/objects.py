"""Istio objects of files, as a user would apply them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

APPLIED_KINDS = frozenset(
    {
        "AuthorizationPolicy",
        "DestinationRule",
        "EnvoyFilter",
        "Gateway",
        "ServiceEntry",
        "VirtualService",
    }
)


def objects_to_apply(path: Path) -> list[dict[str, Any]]:
    """The Istio objects of a file or of all YAML files of a folder, in the order of their names."""
    files = sorted(path.rglob("*.y*ml")) if path.is_dir() else [path]
    return [each for file in files for each in _objects(file)]


def _objects(file: Path) -> Iterator[dict[str, Any]]:
    for document in YAML(typ="safe").load_all(file.read_text(encoding="utf-8")):
        if isinstance(document, dict) and document.get("kind") in APPLIED_KINDS:
            yield document
