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
from typing import Any, Literal, get_args

from nginx2istio.nginx.values.go import Value

EntryKind = Literal["annotation", "configmap", "flag", "field", "default"]
Risk = Literal["", "Low", "Medium", "High", "Critical"]

RISKS: tuple[str, ...] = get_args(Risk)[1:]
"""Risk levels from harmless to dangerous, as CheckAnnotationRisk orders them."""


Level = Literal[
    "location", "server-first", "server-any", "auth-tls", "upstream-first", "affinity", "canary"
]
"""What an annotation speaks for: see ``scopes``."""


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One thing that ingress-nginx knows: all that the package has to say of it, in one record.

    For readers: ``value`` and ``default`` (what is in force otherwise), ``scope`` is what the
    setting acts on, ``invalid`` what an unacceptable value leads to, ``source`` the file of the
    controller that decides. Group ``removed`` marks keys that older releases read and this one
    ignores.

    For the code: ``type`` (bool, int, int32, float, str, list, codes, duration; "" for fields) and
    ``builtin``, the default. The rest is for annotations only. ``risk`` is the controller's.
    ``family`` names the parser that reads it with others (``values.annotations.FAMILIES``); one
    without a family is read on its own by ``values.plain``, which explains ``refused``, ``need``,
    ``convert`` and ``instead``. ``check`` is the validator of a text, see ``values.checks``.
    ``configmap`` is the ConfigMap key that holds where no annotation is. ``catch_all`` is false
    where an Ingress with nothing but a defaultBackend says it in vain (``createServers``).
    """

    key: str
    kind: EntryKind
    group: str = ""
    scope: str = ""
    value: str = ""
    default: str = ""
    risk: Risk = ""
    aliases: tuple[str, ...] = ()
    invalid: str = ""
    behaviour: str = ""
    source: str = ""
    type: str = ""
    builtin: Value | None = None
    family: str = ""
    check: str | tuple[str, ...] = "anything"
    refused: Literal["default", "dropped"] = "default"
    need: str = ""
    convert: str | tuple[str, ...] = ""
    instead: Value | None = None
    configmap: str = ""
    level: Level = "location"
    catch_all: bool = True


def declare_annotation(
    key: str,
    type: Literal["str", "bool", "int"] = "str",
    builtin: Value | None = None,
    check: str | tuple[str, ...] = "anything",
) -> CatalogueEntry:
    """An annotation that ingress-nginx does not know and a fork of it does, set by location.

    ``key`` has no prefix, ``builtin`` is in force where it is not written, ``check`` is as in
    ``values.checks.check``. Raises ValueError for a key with a prefix, and for one that is in the
    catalogue.
    """
    prefix, slash, short = key.rpartition("/")
    if slash:
        raise ValueError(f"write the annotation without its prefix {prefix}/: {short}")
    if canonical(key):
        raise ValueError(f"ingress-nginx has an annotation {key} of its own")
    return CatalogueEntry(
        key, "annotation", "declared", risk="Low", type=type, builtin=builtin, check=check
    )


@cache
def _entries() -> tuple[CatalogueEntry, ...]:
    text = resources.files(__package__).joinpath("catalogue.json").read_text(encoding="utf-8")
    return tuple(
        CatalogueEntry(**{name: _frozen(value) for name, value in entry.items()})
        for entry in json.loads(text)
    )


def _frozen(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value


@cache
def _of(kind: EntryKind, removed: bool = False) -> Mapping[str, CatalogueEntry]:
    return MappingProxyType(
        {
            entry.key: entry
            for entry in _entries()
            if entry.kind == kind and (entry.group == "removed") is removed
        }
    )


@cache
def _names() -> Mapping[str, str]:
    names = {}
    for entry in _of("annotation").values():
        names[entry.key] = entry.key
        names.update(dict.fromkeys(entry.aliases, entry.key))
    return MappingProxyType(names)


@cache
def entries() -> Mapping[str, tuple[CatalogueEntry, ...]]:
    """Return everything by the name that its owner in rules/ goes by: flags with their two dashes.

    A name can be both an annotation and a ConfigMap key.
    """
    by_name: dict[str, tuple[CatalogueEntry, ...]] = {}
    for entry in _entries():
        name = f"--{entry.key}" if entry.kind == "flag" else entry.key
        by_name[name] = (*by_name.get(name, ()), entry)
    return MappingProxyType(by_name)


def canonical(key: str) -> str | None:
    """Return an annotation's main short name, None when ingress-nginx does not know it.

    ``whitelist-source-range`` is ``allowlist-source-range``; when both are written, the main name
    wins unless it is empty (checkAnnotation in parser/validators.go).
    """
    return _names().get(key)


def nearest(key: str) -> str | None:
    """Return the annotation that ``key`` was probably meant to be, None when none is near."""
    matches = difflib.get_close_matches(key.lower(), _names(), n=1, cutoff=0.75)
    return matches[0] if matches else None


def __getattr__(name: str) -> Mapping[str, CatalogueEntry]:
    """Serve ANNOTATIONS and the like, read from the data on first use."""
    if name not in _MAPPINGS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _of(*_MAPPINGS[name])


_MAPPINGS: Mapping[str, tuple[EntryKind, bool]] = {
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
