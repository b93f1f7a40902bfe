"""The fields that Istio knows, for edits with a name that Istio does not have.

known_fields.json holds the names of Istio's CustomResourceDefinitions (istio/api,
kubernetes/customresourcedefinitions.gen.yaml): an empty mapping is a value, ``*`` is any key.
What a rule writes as ``route`` or ``mirrors`` are destinations of its own form: they are values.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any

from nginx2istio.istio.edits import (
    Destination,
    Edit,
    GatewayField,
    HostRoute,
    PerRequest,
    Route,
    RouteBefore,
)

KnownFields = Mapping[str, Any]


def check_fields(edit: Edit) -> None:
    """Raises ValueError for a field that Istio does not have, with the nearest name."""
    for kind, fields in _written(edit):
        _check(kind, _known()[kind], fields)


def _written(edit: Edit) -> Iterator[tuple[str, KnownFields]]:
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


def _nested(path: str, value: Any) -> KnownFields:
    """A value at a dotted path, as nested mappings."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)


def _check(where: str, known: KnownFields, value: Any) -> None:
    if isinstance(value, Mapping) and known:
        for name, inner in value.items():
            if "*" not in known and name not in known:
                near = get_close_matches(str(name), known, n=1, cutoff=0.5)
                hint = f"; the nearest name is {near[0]}" if near else ""
                raise ValueError(f"Istio's {where} has no field {name}{hint}")
            _check(f"{where}.{name}", known.get(name, known.get("*", {})), inner)
    elif isinstance(value, list | tuple):
        for element in value:
            _check(where, known, element)


@cache
def _known() -> KnownFields:
    text = resources.files(__package__).joinpath("known_fields.json").read_text(encoding="utf-8")
    return dict(json.loads(text))
