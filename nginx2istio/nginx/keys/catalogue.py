"""Every annotation, ConfigMap key, flag, Ingress field and silent default of ingress-nginx 1.15.1.

A closed set: the project is retired, so a key that is not here has never had a meaning for this
release. The data is catalogue.json, one entry a line.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal, get_args

from nginx2istio.nginx.values.go import Value

Kind = Literal["annotation", "configmap", "flag", "field", "default"]
Risk = Literal["", "Low", "Medium", "High", "Critical"]

RISKS: tuple[str, ...] = get_args(Risk)[1:]
"""Risk levels from harmless to dangerous, as CheckAnnotationRisk orders them."""


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One thing that ingress-nginx knows.

    ``value`` and ``default`` are for readers, ``type`` (bool, int, int32, float, str, list, codes,
    duration; "" for annotations and fields) and ``builtin`` are what the code goes by. ``scope`` is
    what the setting acts on, ``invalid`` what an unacceptable value leads to, ``source`` the file
    of the controller that decides. ``risk`` is set for annotations only. Group ``removed`` marks
    keys that older releases read and this one ignores.
    """

    key: str
    kind: Kind
    group: str
    scope: str
    value: str
    default: str
    risk: Risk
    aliases: tuple[str, ...]
    invalid: str
    behaviour: str
    source: str
    type: str = ""
    builtin: Value | None = None


@cache
def _entries() -> tuple[CatalogueEntry, ...]:
    text = resources.files(__package__).joinpath("catalogue.json").read_text(encoding="utf-8")
    return tuple(
        CatalogueEntry(
            **{
                "risk": "",
                **entry,
                "aliases": tuple(entry.get("aliases", ())),
                "builtin": _frozen(entry.get("builtin")),
            }
        )
        for entry in json.loads(text)
    )


def _frozen(value: Value | list[str] | None) -> Value | None:
    return tuple(value) if isinstance(value, list) else value


@cache
def _of(kind: Kind, removed: bool = False) -> Mapping[str, CatalogueEntry]:
    return MappingProxyType(
        {
            known.key: known
            for known in _entries()
            if known.kind == kind and (known.group == "removed") is removed
        }
    )


@cache
def _names() -> Mapping[str, str]:
    found = {}
    for known in _of("annotation").values():
        found[known.key] = known.key
        found.update(dict.fromkeys(known.aliases, known.key))
    return MappingProxyType(found)


@cache
def known() -> Mapping[str, tuple[CatalogueEntry, ...]]:
    """Return everything by the name that its owner in rules/ goes by: flags with their two dashes.

    A name can be both an annotation and a ConfigMap key.
    """
    found: dict[str, tuple[CatalogueEntry, ...]] = {}
    for entry in _entries():
        name = f"--{entry.key}" if entry.kind == "flag" else entry.key
        found[name] = (*found.get(name, ()), entry)
    return MappingProxyType(found)


def canonical(key: str) -> str | None:
    """Return an annotation's main short name, None when ingress-nginx does not know it.

    ``whitelist-source-range`` is ``allowlist-source-range``; when both are written, the main name
    wins unless it is empty (checkAnnotation in parser/validators.go).
    """
    return _names().get(key)


def nearest(key: str) -> str | None:
    """Return the annotation that ``key`` was probably meant to be, None when none is near."""
    found = difflib.get_close_matches(key.lower(), _names(), n=1, cutoff=0.75)
    return found[0] if found else None


def __getattr__(name: str) -> Mapping[str, CatalogueEntry]:
    """Serve ANNOTATIONS and the like, read from the data on first use."""
    if name not in _MAPPINGS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _of(*_MAPPINGS[name])


_MAPPINGS: Mapping[str, tuple[Kind, bool]] = {
    "ANNOTATIONS": ("annotation", False),
    "CONFIGMAP": ("configmap", False),
    "FLAGS": ("flag", False),
    "FIELDS": ("field", False),
    "DEFAULTS": ("default", False),
    "REMOVED": ("annotation", True),
    "REMOVED_CONFIGMAP": ("configmap", True),
}

# The types of the names that __getattr__ serves, for mypy and for readers.
ANNOTATIONS: Mapping[str, CatalogueEntry]
CONFIGMAP: Mapping[str, CatalogueEntry]
FLAGS: Mapping[str, CatalogueEntry]
FIELDS: Mapping[str, CatalogueEntry]
DEFAULTS: Mapping[str, CatalogueEntry]
REMOVED: Mapping[str, CatalogueEntry]
REMOVED_CONFIGMAP: Mapping[str, CatalogueEntry]
