"""Istio objects as YAML text: what is small in one line, comments, the same bytes every time.

ruamel.yaml needs half a minute for the 20,000 objects of a large estate; objects of ours are
mappings, lists and scalars only, which takes this page.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any

from nginx2istio.istio.objects import Lines, Noted

# Plain scalars: nothing that any YAML reader takes for a number, a boolean, null or a date.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9/_.-]*(?: [A-Za-z0-9(][A-Za-z0-9/_.()-]*)*")
_WORDS = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null|inf|nan")
_CONTROL = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_NOT_LITERAL = re.compile(r"[^\n -~\xa0-\ud7ff\ue000-\ufffd]| $|\n +\n", re.MULTILINE)
"""What a block would not keep, or would hide: control characters, blanks at the end of a line."""


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


WIDTH = 100
"""The longest line that a value in braces or brackets may make."""
MOST_FIELDS, MOST_ITEMS, LONG_ITEM = 3, 16, 32
"""So many fields in all may stand in one line, and so many items, none this long, in two."""


def _short(value: Any, room: int, depth: int = 2) -> str:
    """A small mapping or list of scalars as one line, "" where it is none or has no room."""
    if isinstance(value, dict):
        if not 0 < len(value) <= MOST_FIELDS or not depth:
            return ""
        parts, fields = [], 0
        for key, inner in value.items():
            if isinstance(inner, (dict, list, tuple)) and inner:
                text = _short(inner, room, depth - 1)
                if not text:
                    return ""
                fields += text.count(": ") or 1
            elif isinstance(inner, str) and "\n" in inner:
                return ""
            else:
                text = _leaf(inner)
                fields += 1
            parts.append(f"{_text(key)}: {text}")
        line = f"{{{', '.join(parts)}}}"
        return line if fields <= MOST_FIELDS and len(line) <= room else ""
    if len(value) == 1 and isinstance(value[0], dict) and not getattr(value[0], "note", ""):
        text = _short(value[0], room - 2, 3)
        return f"[{text}]" if text else ""
    items = [] if any(isinstance(v, (dict, list, tuple)) for v in value) else list(value)
    line = f"[{', '.join(map(scalar, items))}]"
    return line if items and len(line) <= room else ""


def _wrapped(value: Iterable[Any], head: str, indent: str) -> list[str]:
    """A list of words as two lines, none where it is none or has no room."""
    words = [scalar(v) for v in value if not isinstance(v, (dict, list, tuple))]
    if len(words) > MOST_ITEMS or max(map(len, words), default=LONG_ITEM) >= LONG_ITEM:
        return []
    lines = textwrap.wrap(
        f"[{', '.join(words)}]",
        WIDTH,
        initial_indent=f"{head} ",
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines if len(lines) == 2 else []


Fragments = dict[tuple[int, str], tuple[Any, str]]
"""The text of values that many routes share, for as long as their objects are written."""


def _mapping(
    value: Mapping[str, Any], first: str, indent: str, out: list[str], fragments: Fragments
) -> None:
    """The lines of a mapping; ``first`` stands before the first, ``indent`` before all others."""
    for key, inner in value.items():
        head = _head(first, key)
        first = indent
        if isinstance(inner, Lines):
            out += _literal(head, inner, indent + "  ")
        elif isinstance(inner, str):
            out.append(f"{head} {_text(inner)}")
        elif not isinstance(inner, (dict, list, tuple)) or not inner:
            out.append(f"{head} {_leaf(inner)}")
        elif key in SHARED and isinstance(inner, dict):
            out.append(_shared(inner, head, partial(_field, inner, head, indent), fragments))
        elif key in SHARED_ITEMS and isinstance(inner, list) and isinstance(inner[0], dict):
            if len(inner) == 1:
                out.append(_shared(inner[0], head, partial(_field, inner, head, indent), fragments))
                continue
            out.append(head)
            dash = indent + "- "
            for item in inner:
                lines = partial(_sequence, [item], indent, dash)
                out.append(_shared(item, dash, lines, fragments))
        else:
            _field(inner, head, indent, out, fragments)


def _field(value: Any, head: str, indent: str, out: list[str], fragments: Fragments) -> None:
    """The lines of a field that is a mapping or a list; ``head`` is its name, indented."""
    short = _short(value, WIDTH - len(head) - 1)
    if short:
        out.append(f"{head} {short}")
    elif isinstance(value, dict):
        out.append(head)
        deeper = indent + "  "
        _mapping(value, deeper, deeper, out, fragments)
    else:
        wrapped = _wrapped(value, head, indent)
        out += wrapped or [head]
        if not wrapped:
            _sequence(value, indent, indent + "- ", out, fragments)


def _sequence(
    value: Iterable[Any], indent: str, dash: str, out: list[str], fragments: Fragments
) -> None:
    """The lines of a list; ``dash`` stands before its first item, deeper for a list in a list."""
    for inner in value:
        if isinstance(inner, dict) and inner:
            if isinstance(inner, Noted) and inner.note:
                out += [f"{indent}# {line}" for line in inner.note.splitlines()]
            _mapping(inner, dash, indent + "  ", out, fragments)
        elif isinstance(inner, (list, tuple)) and inner:
            _sequence(inner, indent + "  ", dash + "- ", out, fragments)
        else:
            out.append(f"{dash}{_leaf(inner)}")
        dash = indent + "- "


def _literal(head: str, text: str, indent: str) -> list[str]:
    """A text as a block, where YAML can say it so; else in quotes on one line."""
    lines = text.split("\n")
    plain = text.endswith("\n") and not text.endswith("\n\n") and not text.startswith((" ", "\n"))
    if not plain or _NOT_LITERAL.search(text):
        return [f"{head} {_text(text)}"]
    return [f"{head} |", *(f"{indent}{line}" if line else "" for line in lines[:-1])]


SHARED = frozenset({"headers", "retries", "destination"})
"""Fields of routes that are most of all text, and one value in all routes alike."""
SHARED_ITEMS = frozenset({"match", "route"})
"""Lists of routes whose items are such values."""
MOST_FRAGMENTS = 4096


def _shared(
    value: Any, head: str, write: Callable[[list[str], Fragments], None], fragments: Fragments
) -> str:
    """The text of a value behind a head, as ``write`` writes it the first time."""
    known = fragments.get((id(value), head))
    if known is None:
        if len(fragments) >= MOST_FRAGMENTS:
            fragments.clear()
        lines: list[str] = []
        write(lines, fragments)
        # It is held, so its identity stays its own.
        known = fragments[id(value), head] = value, "\n".join(lines)
    return known[1]


def _leaf(value: Any) -> str:
    if isinstance(value, dict):
        return "{}"
    return "[]" if isinstance(value, (list, tuple)) else scalar(value)


def document(obj: Mapping[str, Any], fragments: Fragments | None = None) -> str:
    """One object as a YAML document, without separator.

    ``fragments``, empty at first, serve the documents of objects that are written together.
    """
    out: list[str] = []
    if isinstance(obj, Noted) and obj.note:
        out += [f"# {line}" for line in obj.note.splitlines()]
    _mapping(obj, "", "", out, {} if fragments is None else fragments)
    return "\n".join(out) + "\n"


def documents(
    objects: Iterable[Mapping[str, Any]], fragments: Fragments | None = None
) -> Iterator[str]:
    """Several objects as one multi-document YAML text, in as many parts."""
    fragments = {} if fragments is None else fragments
    for i, obj in enumerate(objects):
        yield f"---\n{document(obj, fragments)}" if i else document(obj, fragments)
