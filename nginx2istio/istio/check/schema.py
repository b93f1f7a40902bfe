"""Istio's CustomResourceDefinitions, and what of a value does not fit them.

schema.json is written by ``tests/istio/crd_schema.py``. A schema is ``any``, ``string``,
``boolean``, ``number``, ``duration`` or ``integer or string``; or a mapping: ``fields`` with the
``required`` ones and groups with at most ``one of`` each; ``values`` of any name; ``items``, the
``fewest`` and the ``most`` of them; an ``enum``; a string, the ``shortest`` and the ``longest``, in
bytes; an integer between ``least`` and ``most``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from nginx2istio.istio.check.values import LONGEST_KEY, duration, octets, shown

Schema = str | Mapping[str, Any]
TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "duration": (str,),
    "boolean": (bool,),
    "number": (int, float),
    "integer or string": (int, str),
}
MAPPINGS = (dict, Mapping)
"""Most mappings are dicts, and to ask for a Mapping takes its time."""


@cache
def spec_schema(kind: str) -> Mapping[str, Any]:
    """The schema of the spec of a kind."""
    text = resources.files(__package__).joinpath("schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text)[kind])


def below(outer: Schema, *path: str) -> Schema:
    """The schema of a field some levels deeper; lists and their elements are one level."""
    for name in path:
        assert isinstance(outer, Mapping)
        inner: Schema = outer["fields"][name]
        outer = inner["items"] if isinstance(inner, Mapping) and "items" in inner else inner
    return outer


def misfits(known: Schema, value: Any, where: str = "") -> Iterator[str]:
    """What of a value does not fit a schema."""
    if isinstance(known, str):
        if known != "any" and type(value) not in TYPES[known]:
            yield f"{where} is {shown(value)}, which is no {known}"
        elif known == "duration" and duration(value):
            yield f"{where}: {duration(value)}"
    elif "least" in known:
        if type(value) is not int or not known["least"] <= value <= known["most"]:
            yield f"{where} is {shown(value)}, Istio takes {known['least']} to {known['most']}"
    elif "fields" in known or "values" in known:
        if isinstance(value, MAPPINGS):
            yield from _fields(known, value, where)
        else:
            yield f"{where} is {shown(value)}, which has no fields"
    elif "items" in known:
        if not isinstance(value, list | tuple):
            yield f"{where} is {shown(value)}, which is no list"
        elif len(value) > known.get("most", len(value)):
            yield f"{where} has {len(value)} entries, Istio takes {known['most']}"
        elif len(value) < known.get("fewest", 0):
            yield f"{where} has {len(value)} entries, Istio takes {known['fewest']} or more"
        else:
            for element in value:
                yield from misfits(known["items"], element, where)
    elif "longest" in known:
        if not isinstance(value, str) or octets(value) > known["longest"]:
            yield f"{where} is {shown(value)}, Istio takes {known['longest']} bytes"
        elif octets(value) < known.get("shortest", 0):
            yield f"{where} is empty"
    elif value not in known["enum"]:
        yield f"{where} is {shown(value)}, Istio takes {', '.join(known['enum'])}"


def _fields(known: Mapping[str, Any], value: Mapping[Any, Any], where: str) -> Iterator[str]:
    fields = known.get("fields")
    for name, inner in value.items():
        path = f"{where}.{name}" if where else str(name)
        if octets(str(name)) > LONGEST_KEY:
            yield f"a name of {octets(str(name))} bytes, YAML takes {LONGEST_KEY} for a key"
        if fields is None:
            yield from misfits(known["values"], inner, path)
        elif name in fields:
            yield from misfits(fields[name], inner, path)
        else:
            yield f"Istio has no field {shown(path)}"
    for name in known.get("required", ()):
        if name not in value:
            yield f"{where} lacks {name}"
    for group in known.get("one of", ()):
        if len(value.keys() & group) > 1:
            yield f"{where} has more than one of {', '.join(group)}"
