"""What the YAML and the JSON reader make of one document, before it is known to be an object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nginx2istio.inputs.resource import Node

MAX_DEPTH = 200
"""Mappings and lists inside each other. Kubernetes takes 10,000, no real object needs 50."""

MAX_SCALAR = 4 * 1024 * 1024
"""Characters in one value. The API server takes no request above 3 MiB."""

MAX_NODES = 4_000_000
"""Keys, values, mappings and lists in one document.

An empty mapping takes some 160 bytes of memory, and three bytes of the text.
"""

TOO_DEEP = (
    f"mappings and lists are nested more than {MAX_DEPTH} levels deep here; no Kubernetes object "
    "is, so this is no manifest, or one that went wrong"
)
TOO_LONG = (
    f"a single value of more than {MAX_SCALAR // 2**20} MiB begins here; the API server takes no "
    "object that large, so this is no manifest, or one that went wrong"
)
TOO_MANY = (
    f"this document has more than {MAX_NODES:,} keys and values, which is more than is read; give "
    "it in parts, for instance one file a namespace"
)


class Unreadable(Exception):
    """A document that cannot be read. ``line`` is 1-based, 0 when unknown.

    ``text`` says what is wrong and what to do, and quotes no value of the document.
    """

    def __init__(self, line: int, text: str):
        super().__init__(text)
        self.line = line
        self.text = text


@dataclass(frozen=True, slots=True)
class Mark:
    """Something worth a Note about one key of ``node``; becomes one with the object it is in."""

    node: Node
    code: str
    key: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """One document: ``body`` is a Node, list or scalar, ``line`` where it begins.

    ``written`` holds the source text of every value of a mapping that is not a string, by the
    mapping's ``id`` and the key: ``0644``, ``1.10`` and ``on`` do not follow from their values.
    """

    body: Any
    line: int
    written: dict[tuple[int, str], str] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)


def repeated(node: Node, key: str, line: int) -> Mark:
    """Make the Mark for ``key`` of ``node`` that comes again at ``line``."""
    return Mark(
        node,
        "duplicate-key",
        key,
        line,
        f"{key} is written twice in one mapping, on lines {node.lines[key]} and {line}; kubectl "
        "silently takes the last, which is what was read, and strict readers (kustomize, the API "
        "server's strict validation) refuse it; remove one",
    )
