"""What operators choose from: parts of objects, by kind; and how a value becomes another."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
Operator = Callable[[random.Random, list[Json]], str | None]


def of_kind(objects: list[Json], kind: str) -> list[Json]:
    """The specs of the objects of a kind."""
    return [each["spec"] for each in objects if each["kind"] == kind]


def http_routes(objects: list[Json]) -> list[Json]:
    """All HTTP routes."""
    return [r for spec in of_kind(objects, "VirtualService") for r in spec.get("http", ())]


def matches(objects: list[Json]) -> list[Json]:
    """All matches of HTTP routes."""
    return [match for route in http_routes(objects) for match in route.get("match", ())]


def uris(objects: list[Json]) -> list[Json]:
    """All string matches of paths."""
    return [match["uri"] for match in matches(objects) if match.get("uri")]


def some(rng: random.Random, things: list[Any]) -> Any:
    return rng.choice(things) if things else None


def another(rng: random.Random, text: str) -> str:
    """Another address, path, method, port or text."""
    address = re.fullmatch(r"(\d+\.\d+\.\d+\.)(\d+)(/\d+)?", text)
    if address:
        start, last, bits = address.groups()
        if bits and rng.random() < 0.5:
            return f"{start}{last}/{max(8, int(bits[1:]) - 1)}"
        return f"{start}{(int(last) + 1) % 256}/32"
    if text.endswith("*") and len(text) > 2:
        return rng.choice([text[:-1], text[:-2] + "*", text[:-1] + "x*"])
    if text in ("GET", "POST", "OPTIONS", "PUT", "HEAD", "DELETE"):
        return rng.choice([m for m in ("GET", "OPTIONS", "POST") if m != text])
    if text.isdigit():
        return "443" if text == "80" else "80"
    return text + rng.choice(["x", "*", "/"])


def leaves(node: Any) -> Iterator[tuple[Any, Any]]:
    """The places of all values that hold no others: what holds them, and the key or number."""
    items = node.items() if isinstance(node, dict) else enumerate(node or ())
    for key, below in items:
        if isinstance(below, dict | list):
            yield from leaves(below)
        else:
            yield node, key


def value_lists(node: Any, key: str = "") -> Iterator[tuple[str, list[str]]]:
    """All lists of texts, each with its key."""
    if isinstance(node, dict):
        for name, below in node.items():
            yield from value_lists(below, name)
    elif isinstance(node, list):
        if node and all(isinstance(each, str) for each in node):
            yield key, node
        else:
            for each in node:
                yield from value_lists(each, key)
