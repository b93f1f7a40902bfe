"""How the bytes of a path are spelled where Envoy compares it.

Envoy's path normalization (``DECODE_AND_MERGE_SLASHES``: escaped slashes, then dot segments, then
doubled slashes) decodes escapes of letters, digits and ``-._~`` only. All others stay as the client
wrote them, with their letter case; what may not stand in a path by itself is escaped in upper case.
So a path that holds such bytes arrives in several spellings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import product
from math import prod
from typing import Literal

LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
DIGITS = frozenset(b"0123456789")
PLAIN = LETTERS | DIGITS | frozenset(b"-._~/")
"""Bytes with one spelling. An escaped slash is decoded before all else."""
BACKSLASH = ord("\\")
"""Envoy makes a slash of it, however it is spelled, and can't tell the two apart."""
RAW = PLAIN | frozenset(b"!$&'()*+,;=:@[]")
"""Bytes that a path may have as they are."""
ESCAPED = frozenset(range(256)) - PLAIN - {BACKSLASH}
"""Bytes that may come as an escape."""
ANY_ESCAPE = "%[0-9A-Fa-f]{2}"
MOST = 64
"""So many spellings of a path are listed where no regular expression is possible."""
_META = frozenset("\\.^$*+?()[]{}|")


@lru_cache(maxsize=4096)  # the same paths stand on many hosts
def string_match(kind: Literal["exact", "prefix"], path: str) -> Mapping[str, str]:
    """An Istio StringMatch for all spellings of a path, or of its beginning."""
    spellings = path_spellings(path)
    if len(spellings) == 1:
        return {kind: spellings[0]}
    return {"regex": spellings_regex(path) + (".*" if kind == "prefix" else "")}


def spellings_regex(path: str) -> str:
    """A regular expression for all spellings of a path."""
    return "".join(byte_regex(byte) for byte in path.encode())


def path_spellings(path: str) -> tuple[str, ...]:
    """All spellings of a path, none if there are too many."""
    bytes_spelled = [byte_spellings(byte) for byte in path.encode()]
    if prod(map(len, bytes_spelled)) > MOST:
        return ()
    return tuple("".join(parts) for parts in product(*bytes_spelled))


def plain_beginning(path: str) -> str:
    """What comes before the first byte of a path that has other spellings than itself."""
    for i, char in enumerate(path):
        if path_spellings(char) != (char,):
            return path[:i]
    return path


@lru_cache(maxsize=256)
def byte_spellings(byte: int) -> tuple[str, ...]:
    """The spellings of one byte."""
    if byte not in ESCAPED:
        return ("/" if byte == BACKSLASH else chr(byte),)
    upper, lower = f"%{byte:02X}", f"%{byte:02x}"
    high, low = f"%{byte:02X}"[1], f"%{byte:02X}"[2]
    mixed = (f"%{high.lower()}{low}", f"%{high}{low.lower()}")
    raw = (chr(byte),) if byte in RAW else ()
    return tuple(dict.fromkeys((*raw, upper, lower, *mixed)))


@lru_cache(maxsize=256)
def byte_regex(byte: int) -> str:
    """A regular expression for the spellings of one byte, to be quantified only in a group."""
    if byte not in ESCAPED:
        return escape(byte_spellings(byte)[0])
    raw = escape(chr(byte))
    escaped = f"%{_digits([byte >> 4])}{_digits([byte & 15])}"
    return f"(?:{raw}|{escaped})" if byte in RAW else escaped


def escape(char: str) -> str:
    """A character as a regular expression."""
    return "\\" + char if char in _META else char


def escapes(these: Iterable[int]) -> Iterator[str]:
    """Regular expressions for the escapes of some bytes, all of them in upper and lower case."""
    of_high: dict[int, list[int]] = {}
    for byte in sorted(ESCAPED.intersection(these)):
        of_high.setdefault(byte >> 4, []).append(byte & 15)
    of_low: dict[tuple[int, ...], list[int]] = {}
    for high, low in of_high.items():
        of_low.setdefault(tuple(low), []).append(high)
    for lows, highs in of_low.items():
        yield f"%{_digits(highs)}{_digits(lows)}"


def ranges(these: Iterable[int]) -> str:
    """The members of a character class for some bytes of ASCII."""
    text, ordered = "", sorted(these)
    while ordered:
        end = next((i for i, b in enumerate(ordered) if b != ordered[0] + i), len(ordered))
        run, ordered = ordered[:end], ordered[end:]
        shown = [("\\" if chr(b) in "\\]^-[" else "") + chr(b) for b in run]
        text += f"{shown[0]}-{shown[-1]}" if len(run) > 2 else "".join(shown)
    return text


def _digits(values: Iterable[int]) -> str:
    values = list(values)
    if len(values) == 1 and values[0] < 10:
        return str(values[0])
    return f"[{ranges(ord(c) for v in values for c in {f'{v:x}', f'{v:X}'})}]"
