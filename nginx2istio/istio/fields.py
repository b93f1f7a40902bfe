"""Setting fields of nested mappings: merging what agrees, collecting what doesn't."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two edits of one field with different values; the first one stays."""

    field: str
    effective: str
    refused: str


def merge_field(where: dict[str, Any], path: str, value: Any) -> list[Conflict]:
    """Sets the field at a dotted path. Dicts merge leaf by leaf, lists are extended.

    Only ``where`` itself changes: what stands in it may be shared with others, which keep what they
    have. Returns the leaves that already had another value; they keep it.
    """
    *parents, leaf = path.split(".")
    for parent in parents:
        where[parent] = where = dict(where.get(parent, ()))
    if leaf not in where:
        where[leaf] = value
        return []
    where[leaf], conflicts = _merged(where[leaf], value, path)
    return conflicts


def _merged(existing: Any, value: Any, path: str) -> tuple[Any, list[Conflict]]:
    if isinstance(existing, dict) and isinstance(value, dict):
        merged, conflicts = dict(existing), []
        for name, inner in value.items():
            if name in merged:
                merged[name], more = _merged(merged[name], inner, f"{path}.{name}")
                conflicts += more
            else:
                merged[name] = inner
        return merged, conflicts
    if isinstance(existing, list) and isinstance(value, list):
        return existing + [x for x in value if x not in existing], []
    return existing, [] if existing == value else [Conflict(path, str(existing), str(value))]


def frozen(value: Any) -> Any:
    """A hashable twin of a nested value, for comparing and grouping."""
    if isinstance(value, dict):
        return tuple((k, frozen(v)) for k, v in sorted(value.items()))
    if isinstance(value, list | tuple):
        return tuple(frozen(v) for v in value)
    return value


def without_headers(body: Mapping[str, Any], names: Set[str]) -> dict[str, Any]:
    """The body of a route without some response headers."""
    headers = body.get("headers", {})
    response = {
        how: {k: v for k, v in fields.items() if k.lower() not in names}
        if isinstance(fields, Mapping)
        else fields
        for how, fields in headers.get("response", {}).items()
    }
    return {**body, "headers": {**headers, "response": {k: v for k, v in response.items() if v}}}
