"""An Ingress as it was read, as YAML whose lines know their line in the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from nginx2istio.inputs.resource import Node, Resource
from nginx2istio.istio.yaml import scalar

SourceLine = tuple[str, int]
"""A line of YAML, and its line in the file, 0 when that is not known."""

_SHOWN_METADATA = ("name", "namespace", "creationTimestamp", "labels", "annotations")
"""The metadata that decides anything or names a team; the rest is the cluster's."""
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


SEVERAL = 50
"""So many rules of an Ingress are shown at each of its hosts; of more, those of the host alone."""


class IngressSource:
    """An Ingress as documents: ``{title, key, file, text, lines}``, see ``compare.Comparison``."""

    def __init__(self, resource: Resource):
        self.resource = resource
        self.whole: dict[str, Any] = {}
        self.rules: dict[str, list[Any]] = {}
        """The rules by host, empty where the Ingress is shown whole."""
        self.tls: dict[str, list[Any]] = {}
        self.spec: Node = resource.body.get("spec") or Node()
        rules = self.spec.get("rules")
        if isinstance(rules, list) and len(rules) > SEVERAL:
            for rule in rules:
                self.rules.setdefault(str(rule.get("host") or "*"), []).append(rule)
            for tls in self.spec.get("tls") or ():
                for host in tls.get("hosts") or ():
                    self.tls.setdefault(str(host), []).append(_only_host(tls, host))

    def document(self, host: str) -> dict[str, Any]:
        """The Ingress, or the part of it that a host stands in."""
        if not self.rules:
            self.whole = self.whole or self._document({}, "")
            return self.whole
        part = {"rules": self.rules.get(host, []), "tls": self.tls.get(host, [])}
        return self._document({k: v for k, v in part.items() if v}, ", the part for this host")

    def _document(self, part: Mapping[str, Any], which: str) -> dict[str, Any]:
        resource, key = self.resource, f"{self.resource.namespace}/{self.resource.name}"
        if self.rules:
            names = (name for name in self.spec if name not in ("rules", "tls") or name in part)
            spec = _only(names, self.spec).replaced(part)
            resource = replace(resource, body=resource.body.replaced({"spec": spec}))
        lines = source_yaml(resource)
        return {
            "title": f"Ingress {key}{which}",
            "key": key,
            "file": resource.file,
            "text": "\n".join(text for text, _ in lines),
            "lines": [line for _, line in lines],
        }


def _only_host(tls: Mapping[str, Any], host: str) -> Mapping[str, Any]:
    return tls.replaced({"hosts": [host]}) if isinstance(tls, Node) else tls


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
