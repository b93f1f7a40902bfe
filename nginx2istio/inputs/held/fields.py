"""Fields of objects, whatever is written in their places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nginx2istio.inputs.resource import Node


def mapping(value: Any) -> Mapping[str, Any]:
    """A value that must be a mapping; {} for what is none."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> Iterable[Mapping[str, Any]]:
    """The mappings of a value that must be a list of them; none for what is no list."""
    return map(mapping, value) if isinstance(value, list) else ()


def _named(item: Mapping[str, Any], *more: str) -> Node:
    metadata = mapping(item.get("metadata"))
    fields = {key: metadata[key] for key in ("name", "namespace", *more) if metadata.get(key)}
    return Node(fields, metadata.lines if isinstance(metadata, Node) else None)


def name_only(item: Node, *more: str) -> Node:
    """Of a kind that no conversion reads: what it is and its name."""
    fields = {"apiVersion": item["apiVersion"], "kind": item["kind"]}
    return Node({**fields, "metadata": _named(item, *more)}, item.lines)
