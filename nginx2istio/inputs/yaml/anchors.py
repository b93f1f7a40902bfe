"""The rare things in a YAML document: tags, repeated keys, other keys than text, anchors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nginx2istio.inputs.document import MAX_DEPTH, TOO_DEEP, Mark, Unreadable, repeated
from nginx2istio.inputs.resource import Node
from nginx2istio.inputs.yaml.errors import COLLECTION_AS_KEY
from nginx2istio.inputs.yaml.scalars import TAG, Scalar, key_text, resolve, resolve_tagged

NO_ANCHOR = (
    "a value begins with * and is not in quotes, so YAML takes it for an alias, and no anchor (&) "
    "before it has that name; put the value in quotes if it is text"
)
MERGE = "\0<<"
"""Stands for a merge key; no key of a YAML document holds a NUL, which libyaml refuses."""


@dataclass(frozen=True, slots=True)
class Memo:
    """Plain keys and scalars met before, with what they mean. Equal ones become one object."""

    keys: dict[str, str] = field(default_factory=dict)
    scalars: dict[str, Scalar] = field(default_factory=dict)


@dataclass(slots=True)
class _Anchor:
    """What an anchor names: a mapping or list in ``value``, or else the scalar of ``event``.

    ``before`` and ``depth`` are the count of nodes and the nesting where it begins, ``deepest`` the
    nesting that it reaches. ``size`` counts its nodes; it is 0 while the mapping or list is open.
    """

    value: Any
    event: Any
    before: int = 0
    depth: int = 0
    deepest: int = 0
    size: int = 0


class Draft:
    """What is known about a document while its events come in.

    ``lines`` turns libyaml's line numbers into those of the file. ``open`` holds the anchors whose
    mapping or list has begun and not ended, the innermost last.
    """

    __slots__ = ("_anchors", "_copied", "_merged", "lines", "marks", "memo", "open", "written")

    def __init__(self, lines: Sequence[int], memo: Memo):
        self.lines = lines
        self.memo = memo
        self.written: dict[tuple[int, str], str] = {}
        self.marks: list[Mark] = []
        self.open: list[_Anchor] = []
        self._anchors: dict[str, _Anchor] = {}
        self._merged: set[tuple[int, str]] = set()
        self._copied = 0

    def plain(self, event: Any) -> Scalar:
        """Return the value of an unquoted scalar that was not met before."""
        try:
            value = resolve(event.value)
        except ValueError as error:
            raise self._unreadable(event, str(error)) from None
        self.memo.scalars[event.value] = value
        return value

    def tagged(self, event: Any) -> Scalar:
        """Return the value of a scalar with a tag."""
        try:
            return resolve_tagged(event.tag, event.value)
        except ValueError as error:
            raise self._unreadable(event, str(error)) from None

    def key(self, event: Any, node: Node) -> str:
        """Return the string that a key of ``node`` becomes, or MERGE."""
        if event.anchor is not None:
            self.anchor_scalar(event)
        text: str = event.value
        if text == "<<" and (event.implicit[0] or event.tag == TAG + "merge"):
            return MERGE
        try:
            if event.tag is None:
                key = key_text(text) if event.implicit[0] else text
            else:
                value = resolve_tagged(event.tag, text)
                key = value if isinstance(value, str) else key_text(text)
        except ValueError as error:
            raise self._unreadable(event, str(error)) from None
        if key != text:
            self._mark_key(event, node, key)
        elif event.implicit[0] and event.tag is None:
            self.memo.keys[text] = key
        return key

    def repeated(self, node: Node, key: str, line: int) -> None:
        """Mark a ``key`` that comes again at ``line``, unless it overrides a merged one."""
        if (id(node), key) in self._merged:
            self._merged.discard((id(node), key))
            return
        self.marks.append(repeated(node, key, line))

    def anchor_scalar(self, event: Any) -> None:
        """Remember a scalar with an anchor."""
        self._anchors[event.anchor] = _Anchor(None, event, size=1)

    def open_anchor(self, event: Any, inner: Any, nodes: int, depth: int) -> None:
        """Remember a mapping or list with an anchor, which ends at ``close_anchor``."""
        anchor = _Anchor(inner, event, nodes - 1, depth, depth)
        self._anchors[event.anchor] = anchor
        self.open.append(anchor)

    def deepen(self, depth: int) -> None:
        """Note the nesting reached inside the innermost open anchor."""
        self.open[-1].deepest = max(self.open[-1].deepest, depth)

    def close_anchor(self, closed: Any, nodes: int) -> None:
        """Note the size of a mapping or list that has ended, if it had an anchor."""
        if self.open[-1].value is closed:
            anchor = self.open.pop()
            anchor.size = nodes - anchor.before
            if self.open:
                self.deepen(anchor.deepest)

    def alias(self, event: Any, nodes: int, depth: int) -> tuple[Any, str, int]:
        """Return what an alias refers to: value, source text, number of nodes."""
        anchor = self._find(event)
        if not anchor.size:
            raise self._unreadable(event, "an alias (*) stands inside the very thing that it names")
        self._copied += anchor.size
        if self._copied > _allowed_copies(nodes + anchor.size):
            raise self._unreadable(
                event,
                "aliases repeat so much that the document grows beyond what kubectl takes "
                "(an alias bomb); write the values out",
            )
        if not isinstance(anchor.value, Node | list):
            return self._scalar(anchor.event), anchor.event.value, 1
        deepest = depth + 1 + anchor.deepest - anchor.depth
        if deepest > MAX_DEPTH:
            raise self._unreadable(event, TOO_DEEP)
        if self.open:
            self.deepen(deepest)
        return anchor.value, "", anchor.size

    def aliased_key(self, event: Any, node: Node) -> str:
        """Return the key that an alias refers to."""
        anchor = self._find(event)
        if isinstance(anchor.value, Node | list):
            raise self._unreadable(event, COLLECTION_AS_KEY)
        return self.key(anchor.event, node)

    def merge(self, node: Node, value: Any) -> None:
        """Take over the keys of ``value``, a mapping or a list of mappings, into ``node``.

        As in go-yaml v2's ``decoder.merge``, they win over keys written *before* the merge key,
        against the YAML specification, and lose to those after it.
        """
        line = node.lines.pop(MERGE)
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, Node) for source in sources):
            raise Unreadable(
                line, "the merge key << takes a mapping or a list of mappings, and this is neither"
            )
        for source in reversed(sources):
            for key, merged in source.items():
                place = (id(node), key)
                if key in node and place not in self._merged and node[key] != merged:
                    self._mark_overruled(node, key, line)
                node[key] = merged
                node.lines[key] = source.lines[key]
                self._merged.add(place)
                if (id(source), key) in self.written:
                    self.written[place] = self.written[id(source), key]

    def _find(self, event: Any) -> _Anchor:
        if event.anchor not in self._anchors:
            raise self._unreadable(event, NO_ANCHOR)
        return self._anchors[event.anchor]

    def _scalar(self, event: Any) -> Scalar:
        if event.tag is not None:
            return self.tagged(event)
        return self.plain(event) if event.implicit[0] else str(event.value)

    def _unreadable(self, event: Any, text: str) -> Unreadable:
        return Unreadable(self.lines[event.start_mark.line], text)

    def _mark_key(self, event: Any, node: Node, key: str) -> None:
        line = self.lines[event.start_mark.line]
        self.marks.append(
            Mark(
                node,
                "unquoted-key",
                key,
                line,
                f"the key {event.value} is not in quotes, so Kubernetes reads it as {key}; "
                f'write "{event.value}" if that is meant',
            )
        )

    def _mark_overruled(self, node: Node, key: str, line: int) -> None:
        self.marks.append(
            Mark(
                node,
                "duplicate-key",
                key,
                line,
                f"{key} is written on line {node.lines[key]}, and the merge key << after it on "
                f"line {line} brings another value; kubectl lets the later one win, which is what "
                "was read; put << first if the written value is meant",
            )
        )


def _allowed_copies(nodes: int) -> float:
    """How many of ``nodes`` may come from aliases, by go-yaml v2's ``allowedAliasRatio``."""
    if nodes <= 1_000:
        return nodes
    share = min(1.0, max(0.0, (nodes - 400_000) / 3_600_000))
    return max(100.0, nodes * (0.99 - 0.89 * share))
