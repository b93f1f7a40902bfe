"""Values that must be strings and were written without quotes: read as the user meant them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from nginx2istio.inputs.resource import Node, Note

_SHOWN = 60  # characters of a value in a Note
_TEXT_FIELDS = frozenset(
    ("ingressClassName", "host", "path", "pathType", "secretName", "serviceName", "name")
)
"""Fields in the spec of an Ingress that hold strings, wherever they stand in it."""


class Quoting:
    """Turns values into strings where one object must have them, and notes each.

    ``written`` is that of the document: what stood in the file for values that are no strings.
    """

    def __init__(self, written: Mapping[tuple[int, str], str]):
        self._written = written
        self._odd_fields = any(key in _TEXT_FIELDS for _, key in written)

    def object(self, body: Node) -> tuple[Node, list[Note]]:
        """Return ``body`` with strings in metadata, ConfigMap data and Ingress fields.

        A number becomes what was written, true and on likewise, null "". Lists and mappings
        become JSON. The notes quote values: those about a Secret go through ``redact_notes``.
        """
        notes: list[Note] = []
        kind = body.get("kind")
        fields: dict[str, Any] = {}
        metadata = body.get("metadata")
        if isinstance(metadata, Node):
            names = [n for n in ("name", "namespace") if metadata.get(n) is not None]
            changed = self._strings(metadata, names, notes)
            for name in ("annotations", "labels"):
                if isinstance(metadata.get(name), Node):
                    inner = self._strings(metadata[name], metadata[name], notes)
                    if inner is not metadata[name]:
                        changed = changed.replaced({name: inner})
            fields["metadata"] = changed
        for name in {"ConfigMap": ("data",), "Secret": ("data", "stringData")}.get(str(kind), ()):
            if isinstance(body.get(name), Node):
                fields[name] = self._strings(body[name], body[name], notes)
        if kind == "Ingress" and self._odd_fields and "spec" in body:
            fields["spec"] = self._ingress_part(body["spec"], notes)
        if all(body[name] is value for name, value in fields.items()):
            return body, notes
        return body.replaced(fields), notes

    def _ingress_part(self, part: Any, notes: list[Note]) -> Any:
        """Return a part of an Ingress with strings in the fields that must be such, null aside."""
        if isinstance(part, list):
            return [self._ingress_part(item, notes) for item in part]
        if not isinstance(part, Node):
            return part
        names = [
            name
            for name, value in part.items()
            if name in _TEXT_FIELDS and isinstance(value, bool | int | float)
        ]
        changed = self._strings(part, names, notes)
        return changed.replaced(
            {
                name: self._ingress_part(value, notes)
                for name, value in part.items()
                if isinstance(value, list | Node)
            }
        )

    def _strings(self, mapping: Node, names: Iterable[str], notes: list[Note]) -> Node:
        """Return ``mapping`` with strings under ``names``; itself when they are already."""
        fields: dict[str, str] = {}
        for name in names:
            value = mapping.get(name, "")
            if value.__class__ is str:
                continue
            fields[name] = self._text(mapping, name, value)
            text = _message(name, value, _shown(fields[name]))
            notes.append(Note("non-string-value", name, mapping.lines.get(name, 0), text))
        return mapping.replaced(fields) if fields else mapping

    def _text(self, mapping: Node, name: str, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, list | dict):
            return json.dumps(value)
        return self._written.get((id(mapping), name), str(value))


def _shown(text: str) -> str:
    return f' "{text}"' if len(text) <= _SHOWN else ""


def _message(name: str, value: Any, shown: str) -> str:
    if value is None:
        return f'{name} has no value; read as "", as the API server does'
    if isinstance(value, list | dict):
        what = "a list" if isinstance(value, list) else "a mapping"
        return f"{name} is {what} and must be text; the API server refuses it; read as its JSON"
    what = "true or false" if isinstance(value, bool) else "a number"
    return (
        f"{name} is not in quotes, so it counts as {what}, and the API server takes only text; "
        f"read as the text{shown}; put it in quotes"
    )
