"""The one gate between input and conversion: objects that no API server would hold stay outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nginx2istio.base.printable import printable
from nginx2istio.inputs.names import placeholder
from nginx2istio.inputs.resource import Problem, Resource
from nginx2istio.inputs.shapes import OTHER, SHAPES, ListShape, MappingShape, ScalarShape, Shape

SHOWN = 60
"""Characters of a wrong value in a message."""

_GROUPS: dict[str, tuple[str, ...]] = {}
for _group, _kind in SHAPES:
    _GROUPS[_kind] = (*_GROUPS.get(_kind, ()), _group)

_OTHER_INGRESSES = frozenset({"config.openshift.io", "networking.internal.knative.dev"})


def validated(resource: Resource) -> Iterator[Resource | Problem]:
    """Yield the object, or the Problem that keeps it out; nothing for another API's namesake.

    Knative's Service and the Gateway of Gateway API are such namesakes.
    """
    shape = _shape(resource)
    if shape is None:
        return
    try:
        _mapping(resource.body, shape)
        if shape is not OTHER and resource.kind != "Snapshot" and not resource.name:
            raise _Wrong(["metadata", "name"], "is missing")
    except _Wrong as wrong:
        yield _problem(resource, wrong)
    else:
        yield resource


class _Wrong(Exception):
    """What is wrong with the part at ``path``; the path grows on the way out."""

    def __init__(self, path: list[str | int], text: str, value: str = ""):
        super().__init__(text)
        self.path = path
        self.text = text
        self.value = value


def _shape(resource: Resource) -> MappingShape | None:
    """The shape of a kind; None for an object of another API that shares the name of the kind."""
    kind = resource.kind
    groups = _GROUPS.get(kind)
    if groups is None:
        return OTHER
    group = str(resource.body.get("apiVersion") or "").rpartition("/")[0]
    if kind == "Ingress":
        if group in _OTHER_INGRESSES:
            return None
        old = any(note.code == "old-api-version" for note in resource.notes)
        metadata = resource.metadata
        # What is stored may be older than the rule, and is served all the same.
        stored = metadata.get("uid") or metadata.get("resourceVersion")
        return SHAPES["extensions" if old or stored else "networking.k8s.io", kind]
    if "." in group and group not in groups:
        return None
    return SHAPES[group if group in groups else groups[0], kind]


def _check(value: Any, shape: Shape) -> None:
    """Raise _Wrong unless a value that is not null has a shape."""
    if isinstance(shape, ScalarShape):
        _scalar(value, shape)
    elif isinstance(shape, MappingShape):
        _mapping(value, shape)
    else:
        _items(value, shape)


def _mapping(value: Any, shape: MappingShape) -> None:
    if not isinstance(value, dict):
        raise _Wrong([], f"must be a mapping, not {_type(value)}")
    for name, inner in shape.fields.items():
        field = value.get(name)
        if field is not None:
            _below(name, field, inner)
    if shape.keys is not None:
        for key in value:
            if not shape.keys.valid(key):
                raise _Wrong([key], f"is no valid key: it must {shape.keys.must}")
    if shape.each is not None:
        for key, field in value.items():
            if field is not None:
                _below(key, field, shape.each)


def _items(value: Any, shape: ListShape) -> None:
    if not isinstance(value, list):
        raise _Wrong([], f"must be a list, not {_type(value)}")
    for index, item in enumerate(value):
        if item is None:
            raise _Wrong([index], "is empty; write a value after the -")
        _below(index, item, shape.item)


def _below(step: str | int, value: Any, shape: Shape) -> None:
    try:
        _check(value, shape)
    except _Wrong as wrong:
        wrong.path.insert(0, step)
        raise


def _scalar(value: Any, shape: ScalarShape) -> None:
    if isinstance(value, str) and "text" in shape.kinds:
        if shape.name is not None and value and not shape.name.valid(value):
            raise _Wrong([], f"must {shape.name.must}{placeholder(value)}", value)
    elif isinstance(value, bool):
        if "boolean" not in shape.kinds:
            raise _Wrong([], f"must be {_expected(shape)}, not true or false")
    elif isinstance(value, int) and "integer" in shape.kinds:
        if not shape.least <= value <= shape.most:
            raise _Wrong([], f"must be {_expected(shape)}")
    else:
        raise _Wrong([], f"must be {_expected(shape)}, not {_type(value)}")


def _shown(text: str) -> str:
    return printable(text[:SHOWN]) + ("..." if len(text) > SHOWN else "")


def _expected(shape: ScalarShape) -> str:
    words = {
        "text": "text",
        "integer": f"a whole number from {shape.least} to {shape.most}",
        "boolean": "true or false",
    }
    return " or ".join(words[kind] for kind in shape.kinds)


def _type(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, bool):
        return "true or false"
    types = {list: "a list", str: "text", int: "a number", float: "a number"}
    return types.get(type(value), "empty")


def _named(resource: Resource) -> str:
    kind, name = _shown(resource.kind), _shown(resource.name)
    if resource.metadata.get("namespace"):
        name = f"{_shown(resource.namespace)}/{name}"
    return f"{kind} {name}" if name else kind


def _problem(resource: Resource, wrong: _Wrong) -> Problem:
    """Say which object and which field. Of a Secret nothing is quoted but its name.

    Objects of kinds that the tool does not read may be meant for Secrets.
    """
    named, path, value = _named(resource), wrong.path, f' "{_shown(wrong.value)}"'
    if resource.kind == "Secret" or resource.kind not in _GROUPS:
        path = path[: 2 if path[:1] == ["metadata"] else 1]
        value = ""
    if resource.kind not in _GROUPS:
        named = "an object of a kind that is not read"
    where = "".join(f"[{x}]" if isinstance(x, int) else f".{_shown(x)}" for x in path)
    text = f"{named}: {where.removeprefix('.')}{value if wrong.value else ''} {wrong.text}"
    return Problem(resource.file, resource.document, resource.line(*wrong.path), text)
