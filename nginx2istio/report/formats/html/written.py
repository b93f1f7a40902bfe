"""An Ingress as it was read, as YAML whose lines know their line in the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nginx2istio.inputs.resource import Node, Resource
from nginx2istio.istio.yaml import scalar

Line = tuple[str, int]
"""A line of YAML, and the line of the file that it stands for; 0 when that is not known."""

METADATA = ("name", "namespace", "creationTimestamp", "labels", "annotations")
"""What of the metadata decides anything, or names somebody; the rest is the cluster's."""
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def written(resource: Resource) -> list[Line]:
    """The object without its status and what only the cluster needs of its metadata."""
    body = resource.body
    kept = _only(METADATA, resource.metadata)
    if isinstance(kept.get("annotations"), Node):
        notes = kept["annotations"]
        kept["annotations"] = _only((k for k in notes if k != LAST_APPLIED), notes)
    fields = _only(("apiVersion", "kind", "metadata", "spec"), body).replaced({"metadata": kept})
    return list(_mapping(fields, ""))


def _only(keys: Iterable[str], node: Mapping[str, Any]) -> Node:
    """The fields of a mapping that are wanted and there, in its own order."""
    wanted = frozenset(keys)
    lines = node.lines if isinstance(node, Node) else {}
    kept = Node({k: v for k, v in node.items() if k in wanted and v is not None}, lines)
    if isinstance(node, Node):
        kept.blocks.update(node.blocks)
    return kept


def _mapping(node: Mapping[str, Any], indent: str) -> Iterator[Line]:
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


def _list(values: list[Any], indent: str) -> Iterator[Line]:
    for value in values:
        if isinstance(value, dict) and value:
            found = list(_mapping(value, indent + "  "))
        elif isinstance(value, list) and value:
            found = list(_list(value, indent + "  "))
        else:
            yield f"{indent}- {_leaf(value)}", 0
            continue
        text, line = found[0]
        yield f"{indent}- {text[len(indent) + 2 :]}", line
        yield from found[1:]


def _leaf(value: Any) -> str:
    if isinstance(value, dict):
        return "{}"
    return "[]" if isinstance(value, list) else scalar(value)
