"""Parts of HTTPRoutes as one: matches, and other mappings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nginx2istio.istio.fields import merge_field
from nginx2istio.istio.objects import Object

BY_NAME = ("headers", "withoutHeaders", "queryParams")


def both_match(first: Mapping[str, Any], second: Mapping[str, Any]) -> Object | None:
    """A match for what two matches take, None where Istio can't ask for both.

    It has one condition a header, a query parameter, a path or a method.
    """
    both = {k: dict(v) if isinstance(v, Mapping) else v for k, v in first.items()}
    for name, value in second.items():
        if name not in both:
            both[name] = value
        elif name in BY_NAME:
            if any(both[name].get(key, text) != text for key, text in value.items()):
                return None
            both[name].update(value)
        elif both[name] != value:
            return None
    return both


def exclude_each_other(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether two matches take no request in common, as far as their texts tell."""
    for name in first.keys() & second.keys():
        left, right = first[name], second[name]
        if name in ("headers", "queryParams"):
            pairs = [(left[key], right[key]) for key in left.keys() & right.keys()]
        else:
            pairs = [(left, right)] if name in ("uri", "method", "authority") else []
        if any("exact" in a and "exact" in b and a != b for a, b in pairs):
            return True
    return False


def joined(*parts: Mapping[str, Any]) -> Object:
    """Mappings merged leaf by leaf; the first that says something wins."""
    both: Object = {}
    for part in parts:
        for name, value in part.items():
            merge_field(both, name, value)
    return both
