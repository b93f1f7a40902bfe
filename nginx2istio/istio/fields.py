"""Setting fields of nested mappings: merging what agrees, collecting what doesn't."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two wishes for one field that can't both be had."""

    field: str
    kept: str
    refused: str


def copied(value: Any) -> Any:
    """A deep copy of dicts and lists; the rest can't change."""
    if isinstance(value, dict):
        return {k: copied(v) for k, v in value.items()}
    if isinstance(value, list):
        return [copied(v) for v in value]
    return value


def put(where: dict[str, Any], path: str, value: Any) -> list[Conflict]:
    """Sets the field at a dotted path. Dicts merge leaf by leaf, lists are extended.

    Returns the leaves that already had another value; they keep it.
    """
    *parents, leaf = path.split(".")
    for parent in parents:
        where = where.setdefault(parent, {})
    return _merge(where, leaf, value, path)


def _merge(where: dict[str, Any], key: str, value: Any, path: str) -> list[Conflict]:
    there = where.get(key)
    if key not in where:
        where[key] = copied(value)
        return []
    if isinstance(there, dict) and isinstance(value, dict):
        found = []
        for name, inner in value.items():
            found += _merge(there, name, inner, f"{path}.{name}")
        return found
    if isinstance(there, list) and isinstance(value, list):
        there += [copied(x) for x in value if x not in there]
        return []
    if there != value:
        return [Conflict(path, str(there), str(value))]
    return []


def frozen(value: Any) -> Any:
    """A hashable twin of a nested value, for comparing and grouping."""
    if isinstance(value, dict):
        return tuple((k, frozen(v)) for k, v in sorted(value.items()))
    if isinstance(value, list | tuple):
        return tuple(frozen(v) for v in value)
    return value
