"""The report as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from json.encoder import encode_basestring
from typing import Any

from nginx2istio.base.printable import UNPRINTABLE
from nginx2istio.report.data import Data
from nginx2istio.report.plan.step import Remade

PIECES_OF_A_PART = 4096
"""So many pieces of text make one part: few parts, and none of them large."""


def json_text(data: Data) -> str:
    """The data as JSON that is safe in a terminal: unprintable characters become escapes."""
    return "".join(json_parts(data))


def json_parts(data: Data) -> Iterable[str]:
    """The same, part by part: as a whole the report of a large estate takes much memory.

    As ``json.dumps(data, indent=1)`` has it, which takes three times as long: its C code knows
    no ``indent``.
    """
    return chain.from_iterable(json_halves(data))


def json_halves(data: Data) -> tuple[Iterable[str], Iterable[str]]:
    """The same in two halves, each part by part: up to the plan, and from there on."""
    keys = list(data)
    at = keys.index("plan") if "plan" in keys else len(keys)
    end = "\n}\n" if data else "{}\n"
    return _entries(data, keys[:at]), chain(_entries(data, keys[at:]), [end])


def _entries(data: Data, keys: Iterable[str]) -> Iterator[str]:
    heads = dict(zip(data, _heads(tuple(data), "\n"), strict=True))
    pieces: list[str] = []
    texts: SharedTexts = {}
    for key in keys:
        pieces.append(heads[key])
        for _ in _pieces(data[key], "\n ", pieces, texts, LEVELS.get(key, 1)):
            if len(pieces) >= PIECES_OF_A_PART:
                yield "".join(pieces)
                pieces.clear()
    yield "".join(pieces)


LEVELS = {"plan": 3}
"""Lists whose items have long lists of their own, and how many levels down the items of these are.
"""


def _pieces(
    value: Any, line: str, pieces: list[str], texts: SharedTexts, levels: int
) -> Iterator[None]:
    """Does what ``_append`` does, and stops behind each value of so many levels."""
    deeper = f"{line} "
    if levels and isinstance(value, dict) and value:
        for head, inner in zip(_heads(tuple(value), line), value.values(), strict=True):
            pieces.append(head)
            yield from _pieces(inner, deeper, pieces, texts, levels - 1)
        pieces.append(line + "}")
    elif levels and ((isinstance(value, list) and value) or isinstance(value, Remade)):
        before = f"[{deeper}"
        for inner in value:
            pieces.append(before)
            yield from _pieces(inner, deeper, pieces, texts, levels - 1)
            before = f",{deeper}"
        pieces.append(line + "]")
    else:
        _append(value, line, pieces, texts)
        yield


SHARED_PARTS = frozenset({"object", "paths", "aspects", "requests", "assumed"})
"""Parts of findings that are one value where they are equal: see ``report.data``."""
SharedTexts = dict[tuple[int, str], str]
"""The text of such values, by their identity and what begins a line."""


def _append(value: Any, line: str, pieces: list[str], texts: SharedTexts) -> None:
    """Appends the pieces of a value; ``line`` is what begins a line at the value's depth."""
    if isinstance(value, dict) and value:
        deeper = f"{line} "
        for head, (key, inner) in zip(_heads(tuple(value), line), value.items(), strict=True):
            if inner.__class__ is not str:
                pieces.append(head)
                if key in SHARED_PARTS:
                    pieces.append(_shared(inner, deeper, texts))
                else:
                    _append(inner, deeper, pieces, texts)
            elif inner.isprintable():
                pieces.append(head + encode_basestring(inner))
            else:
                pieces.append(head + _string(inner))
        pieces.append(line + "}")
    elif isinstance(value, list | tuple) and value:
        before, deeper = f"[{line} ", f"{line} "
        for inner in value:
            if inner.__class__ is str:
                pieces.append(before + _string(inner))
            else:
                pieces.append(before)
                _append(inner, deeper, pieces, texts)
            before = f",{deeper}"
        pieces.append(line + "]")
    elif value.__class__ is int:
        pieces.append(str(value))
    else:
        pieces.append(_string(value) if isinstance(value, str) else json.dumps(value))


def _shared(value: Any, line: str, texts: SharedTexts) -> str:
    known = texts.get((id(value), line))
    if known is None:
        pieces: list[str] = []
        _append(value, line, pieces, texts)
        known = texts[id(value), line] = "".join(pieces)
    return known


@lru_cache(maxsize=1024)
def _heads(keys: tuple[str, ...], line: str) -> tuple[str, ...]:
    """What stands before each value of a mapping."""
    return tuple(f"{',' if i else '{'}{line} {_string(key)}: " for i, key in enumerate(keys))


def _string(text: str) -> str:
    encoded: str = encode_basestring(text)
    return encoded if text.isprintable() else UNPRINTABLE.sub(_escape, encoded)


def _escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]
