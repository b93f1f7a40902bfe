"""Documents to Kubernetes objects: lists are opened, what is no object is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from nginx2istio.inputs.document import Document, Mark
from nginx2istio.inputs.extent import KIND, readable
from nginx2istio.inputs.old_ingress import to_v1
from nginx2istio.inputs.quoting import Quoting
from nginx2istio.inputs.redact import redact_file, redact_notes
from nginx2istio.inputs.resource import Node, Note, Problem, Resource
from nginx2istio.inputs.validate import validated

_HINTS = {
    "values": "these look like Helm values; give the output of `helm template`",
    "chart": "this describes a Helm chart; give the output of `helm template`",
    "kustomization": "this is a kustomization; give the output of `kustomize build`",
}


def read_objects(document: Document, file: str, number: int) -> Iterator[Resource | Problem]:
    """Yield the valid objects of a document, and a Problem for each part that is none.

    ``kind: List`` and typed lists (``IngressList``) are opened, lists inside lists too.
    """
    if document.body is not None:
        yield from _Objects(document, file, number).read(document.body, document.line)


class _Objects:
    def __init__(self, document: Document, file: str, number: int):
        self._marks = document.marks
        self._quoting = Quoting(document.written)
        self._file = file
        self._number = number

    def read(
        self, body: Any, line: int, what: str = "this document"
    ) -> Iterator[Resource | Problem]:
        """Yield what is in ``body``, which begins at ``line``."""
        if not isinstance(body, Node):
            kind = "a list" if isinstance(body, list) else "a single value"
            yield self._problem(
                line,
                f"{what} is {kind}, and a Kubernetes object is a mapping with apiVersion and kind; "
                "correct it, or leave the file out if it is something else",
            )
            return
        missing = [
            field
            for field in ("apiVersion", "kind")
            if not (isinstance(body.get(field), str) and body[field])
        ]
        if missing:
            yield self._problem(min(body.lines.values(), default=line), self._say(what, missing))
        elif body["kind"].endswith("List") and isinstance(body.get("items"), list):
            yield from self._list(body, line)
        elif body["kind"] != "List":
            yield from self._object(body, line)
        elif body.get("items") is not None:
            yield self._problem(
                body.lines["items"], f"the items of {what} are no list; write each after a `- `"
            )

    def _list(self, body: Node, line: int) -> Iterator[Resource | Problem]:
        for mark in self._marks:
            if mark.node is body and mark.key == "items" and mark.code == "duplicate-key":
                yield self._problem(mark.line, f"objects are lost here: {mark.text}")
        inner = body["kind"].removesuffix("List")
        line = body.lines.get("items", line)
        for index, item in enumerate(body["items"]):
            if inner and isinstance(item, Node) and "kind" not in item:
                # The API server leaves these out of the items of a typed list.
                item = Node({"apiVersion": body["apiVersion"], "kind": inner, **item}, item.lines)
            yield from self.read(item, line, f"item {index + 1} of this {body['kind']}")

    def _object(self, body: Node, line: int) -> Iterator[Resource | Problem]:
        for result in validated(self._resource(body)):
            if isinstance(result, Problem):
                yield result
            elif result.kind != KIND:
                yield replace(result, body=redact_file(result.body))
            elif readable(result):
                yield result
            else:
                text = "this Snapshot is not as nginx2istio scan --save writes it; scan again"
                yield self._problem(min(body.lines.values(), default=line), text)

    def _resource(self, body: Node) -> Resource:
        notes = [
            Note(mark.code, mark.key, mark.line, mark.text) for mark in self._marks_within(body)
        ]
        body, quoted = self._quoting.object(body)
        body, old = to_v1(body)
        notes = redact_notes(body["kind"], [*notes, *quoted, *old])
        notes.sort(key=lambda note: (note.line, note.code, note.key))
        return Resource(body, self._file, self._number, tuple(notes))

    def _marks_within(self, body: Node) -> list[Mark]:
        if not self._marks:
            return []
        inside: set[int] = set()
        left: list[Any] = [body]
        while left:
            part = left.pop()
            if isinstance(part, Node | list) and id(part) not in inside:
                inside.add(id(part))
                left.extend(part.values() if isinstance(part, Node) else part)
        return [mark for mark in self._marks if id(mark.node) in inside]

    def _say(self, what: str, missing: list[str]) -> str:
        lacks = " and no ".join(missing)
        stem = os.path.splitext(os.path.basename(self._file))[0].lower()
        hint = next((hint for start, hint in _HINTS.items() if stem.startswith(start)), "")
        return f"{what} has no {lacks}, so it is no Kubernetes object; " + (
            hint or "add what is missing, or leave the file out if it is something else"
        )

    def _problem(self, line: int, text: str) -> Problem:
        return Problem(self._file, self._number, line, text)
