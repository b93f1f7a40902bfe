"""An Ingress as it was read, as YAML whose lines know their line in the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nginx2istio.inputs.resource import Node, Resource
from nginx2istio.istio.yaml import scalar

SourceLine = tuple[str, int]
"""A line of YAML, and its line in the file, 0 when that is not known."""

_SHOWN_METADATA = ("name", "namespace", "creationTimestamp", "labels", "annotations")
"""The metadata that decides anything or names a team; the rest is the cluster's."""
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def source_yaml(resource: Resource) -> list[SourceLine]:
    """The object without its status and the metadata that only the cluster needs."""
    body = resource.body
    metadata = _only(_SHOWN_METADATA, resource.metadata)
    if isinstance(metadata.get("annotations"), Node):
        annotations = metadata["annotations"]
        names = (name for name in annotations if name != _LAST_APPLIED)
        metadata["annotations"] = _only(names, annotations)
    shown = _only(("apiVersion", "kind", "metadata", "spec"), body)
    fields = shown.replaced({"metadata": metadata})
    return list(_mapping(fields, ""))


def _only(keys: Iterable[str], node: Mapping[str, Any]) -> Node:
    """The fields of a mapping that are named and not null, in its own order."""
    names = frozenset(keys)
    lines = node.lines if isinstance(node, Node) else {}
    fields = Node({k: v for k, v in node.items() if k in names and v is not None}, lines)
    if isinstance(node, Node):
        fields.blocks.update(node.blocks)
    return fields


def _mapping(node: Mapping[str, Any], indent: str) -> Iterator[SourceLine]:
    lines: Mapping[str, int] = node.lines if isinstance(node, Node) else {}
    blocks: Mapping[str, int] = node.blocks if isinstance(node, Node) else {}
    for key, value in node.items():
        line = lines.get(key, 0)
        head = f"{indent}{scalar(key)}:"
        if isinstance(value, dict) and value:
            yield head, line
            yield from _mapping(value, indent + "  ")
        elif isinstance(value, list) and value:
            yield head, line
            yield from _list(value, indent)
        elif isinstance(value, str) and "\n" in value:
            yield f"{head} |", line
            first = blocks.get(key, 0)
            for number, text in enumerate(value.rstrip("\n").split("\n")):
                yield f"{indent}  {text}", first + number if first else line
        else:
            yield f"{head} {_leaf(value)}", line


def _list(values: list[Any], indent: str) -> Iterator[SourceLine]:
    for value in values:
        if isinstance(value, dict) and value:
            lines = list(_mapping(value, indent + "  "))
        elif isinstance(value, list) and value:
            lines = list(_list(value, indent + "  "))
        else:
            yield f"{indent}- {_leaf(value)}", 0
            continue
        text, line = lines[0]
        yield f"{indent}- {text[len(indent) + 2 :]}", line
        yield from lines[1:]


def _leaf(value: Any) -> str:
    if isinstance(value, dict):
        return "{}"
    return "[]" if isinstance(value, list) else scalar(value)
