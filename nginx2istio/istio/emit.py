"""Istio objects as YAML text: plain block style, comments, the same bytes every time.

ruamel.yaml needs half a minute for the 20,000 objects of a large estate; objects of ours are
mappings, lists and scalars only, which takes this page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from nginx2istio.istio.objects import Noted

# Plain scalars: nothing that any YAML reader takes for a number, a boolean, null or a date.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9/_.-]*(?: [A-Za-z0-9(][A-Za-z0-9/_.()-]*)*")
_WORDS = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null|inf|nan")
_CONTROL = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def scalar(value: Any) -> str:
    """One scalar in YAML that every reader takes for the same value."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else repr(value)


@lru_cache(maxsize=4096)  # the same few names and values stand in every route
def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and not _WORDS.fullmatch(text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _CONTROL.sub(lambda m: f"\\u{ord(m[0]):04x}", quoted)


@lru_cache(maxsize=1024)
def _head(indent: str, key: str) -> str:
    return f"{indent}{_text(key)}:"


def _lines(value: Any, indent: str, out: list[str]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            head = _head(indent, key)
            if key in SHARED and inner and isinstance(inner, dict):
                out += (head, *_shared(inner, indent + "  "))
            else:
                _entry(head, inner, indent, out)
        return
    for inner in value:
        if isinstance(inner, (dict, list)) and inner:
            if isinstance(inner, Noted) and inner.note:
                out += [f"{indent}# {line}" for line in inner.note.splitlines()]
            start = len(out)
            _lines(inner, indent + "  ", out)
            # The first line that isn't a comment carries the dash.
            out[start] = f"{indent}- {out[start][len(indent) + 2 :]}"
        else:
            out.append(f"{indent}- {_leaf(inner)}")


SHARED = frozenset({"headers", "retries", "destination"})
"""Fields of routes that are most of all text, and one value in all routes alike."""
_KNOWN: dict[tuple[int, str], tuple[Any, list[str]]] = {}


def _shared(value: Any, indent: str) -> list[str]:
    known = _KNOWN.get((id(value), indent))
    if known is None:
        if len(_KNOWN) >= 1024:
            _KNOWN.clear()
        lines: list[str] = []
        _lines(value, indent, lines)
        known = _KNOWN[id(value), indent] = value, lines  # held, so that its identity is its own
    return known[1]


def _leaf(value: Any) -> str:
    if isinstance(value, dict):
        return "{}"
    return "[]" if isinstance(value, (list, tuple)) else scalar(value)


def _entry(head: str, value: Any, indent: str, out: list[str]) -> None:
    if isinstance(value, str):
        out.append(f"{head} {_text(value)}")
    elif isinstance(value, dict) and value:
        out.append(head)
        _lines(value, indent + "  ", out)
    elif isinstance(value, (list, tuple)) and value:
        out.append(head)
        _lines(value, indent, out)
    else:
        out.append(f"{head} {_leaf(value)}")


def document(obj: Mapping[str, Any]) -> str:
    """One object as a YAML document, without separator."""
    out: list[str] = []
    if isinstance(obj, Noted) and obj.note:
        out += [f"# {line}" for line in obj.note.splitlines()]
    _lines(obj, "", out)
    return "\n".join(out) + "\n"


def documents(objects: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Several objects as one multi-document YAML text, in as many parts."""
    for i, obj in enumerate(objects):
        yield f"---\n{document(obj)}" if i else document(obj)
