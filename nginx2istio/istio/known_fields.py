"""The fields that Istio knows, for edits with a name that Istio does not have.

What a rule writes as ``route`` or ``mirrors`` are destinations of its own form: they are values.
The values themselves are checked in the finished objects (``check``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from nginx2istio.istio.check.schema import Schema, below, spec_schema
from nginx2istio.istio.edits import (
    Destination,
    Edit,
    GatewayField,
    HostRoute,
    PerRequest,
    Route,
    RouteBefore,
)

PLACES = {
    "HTTPRoute": ("VirtualService", "http"),
    "TrafficPolicy": ("DestinationRule", "trafficPolicy"),
    "ServerTLSSettings": ("Gateway", "servers", "tls"),
}
"""Where the messages of Istio stand that edits write."""
OWN_FORM = {"HTTPRoute.route", "HTTPRoute.mirrors"}


def check_fields(edit: Edit) -> None:
    """Raises ValueError for a field that Istio does not have, with the nearest name."""
    for message, fields in _written(edit):
        kind, *path = PLACES[message]
        _check(message, below(spec_schema(kind), *path), fields)


def _written(edit: Edit) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What an edit writes: the kind of the message of Istio, and its fields."""
    match edit:
        case Route():
            yield "HTTPRoute", _nested(edit.field, edit.value)
        case Destination():
            yield "TrafficPolicy", _nested(edit.field, edit.value)
        case GatewayField():
            yield "ServerTLSSettings", _nested(edit.field, edit.value)
        case RouteBefore() | PerRequest() | HostRoute():
            yield "HTTPRoute", edit.fields
            yield "HTTPRoute", {"match": edit.match}


def _nested(path: str, value: Any) -> Mapping[str, Any]:
    """A value at a dotted path, as nested mappings."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)


def _check(where: str, known: Schema, value: Any) -> None:
    if isinstance(known, str) or where in OWN_FORM:
        return
    known = known.get("items", known)
    if isinstance(value, list | tuple):
        for element in value:
            _check(where, known, element)
    elif isinstance(value, Mapping) and isinstance(known, Mapping):
        fields = known.get("fields")
        for name, inner in value.items():
            if fields is not None and name not in fields:
                near = get_close_matches(str(name), fields, n=1, cutoff=0.5)
                hint = f"; the nearest name is {near[0]}" if near else ""
                raise ValueError(f"Istio's {where} has no field {name}{hint}")
            deeper = known.get("values", "any") if fields is None else fields[name]
            _check(f"{where}.{name}", deeper, inner)
