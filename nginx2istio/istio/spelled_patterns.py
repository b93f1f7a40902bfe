"""Regular expressions over decoded paths, as nginx compares them, for paths as Envoy has them.

What matches one byte is made to match each spelling of it (``path_spellings``) and nothing else: a
dot takes a whole escape. ``.*`` and the like stay as they are where they can't end within an
escape.
"""

from __future__ import annotations

import re
from functools import lru_cache

from nginx2istio.istio.path_spellings import ANY_ESCAPE, ESCAPED, RAW, byte_regex, escapes, ranges
from nginx2istio.istio.pcre import (
    NEWLINE,
    Atom,
    Group,
    NotReadable,
    OneByte,
    Other,
    Sequence,
    read_pattern,
)

NO_NEWLINE = "%(?:0[0-9B-Fb-f]|[1-9A-Fa-f][0-9A-Fa-f])"
"""An escape of any byte but a line feed."""
HEX = frozenset(b"0123456789ABCDEFabcdef%")
UNBOUNDED = re.compile(r"[*+]|\{[01],\}")
NONE: frozenset[int] = frozenset()


@lru_cache(maxsize=4096)
def spelled(pattern: str, query: bool = False) -> str:
    """The pattern for paths as Envoy has them. With ``query``, nothing negated takes a ``?``."""
    try:
        choices = read_pattern(pattern)
    except NotReadable:
        return pattern
    writer = _Writer("?" if query else "")
    text = "|".join(writer.sequence(c, NONE) for c in choices)
    return text.encode("latin-1").decode(errors="replace")


class _Writer:
    """Writes what was read; ``kept_out`` stands in all negated classes."""

    def __init__(self, kept_out: str):
        self.kept_out = kept_out

    def sequence(self, items: Sequence, follow: frozenset[int]) -> str:
        """A sequence; ``follow`` are the bytes that may come right behind it."""
        text = ""
        for atom, quantifier in reversed(items):
            text = self._item(atom, quantifier, follow) + text
            follow = _first(atom, quantifier) | (
                follow if _may_be_nothing(atom, quantifier) else NONE
            )
        return text

    def _item(self, atom: Atom, quantifier: str, follow: frozenset[int]) -> str:
        match atom:
            case Other():
                return atom.source + quantifier
            case Group():
                again = _first(atom, "") if quantifier not in ("", "?") else NONE
                inside = (self.sequence(c, follow | again) for c in atom.choices)
                return f"{atom.opening}{'|'.join(inside)}){quantifier}"
        source = atom.source
        if self.kept_out and atom.negated is not None:
            source = f"[^{self.kept_out}{atom.negated}]"
        if not atom.those & ESCAPED:
            return source + quantifier
        if _takes_all(atom, quantifier) and not follow & HEX:
            return source + quantifier
        text = self._one(atom)
        return (f"(?:{text})" if quantifier and not text.startswith("(?:") else text) + quantifier

    def _one(self, atom: OneByte) -> str:
        """An expression for the spellings of one byte of these."""
        if len(atom.those) == 1:
            return byte_regex(*atom.those)
        those = atom.those & ESCAPED
        widest = {ESCAPED: ANY_ESCAPE, ESCAPED - NEWLINE: NO_NEWLINE}.get(those)
        choices = [widest] if widest else list(escapes(those))
        if atom.negated is not None:
            choices.insert(0, f"[^%{self.kept_out}{atom.negated}]")
        elif atom.those & RAW:
            choices.insert(0, f"[{ranges(atom.those & RAW)}]")
        return f"(?:{'|'.join(choices)})" if len(choices) > 1 else choices[0]


def _takes_all(atom: Atom, quantifier: str) -> bool:
    """Whether it takes any number of characters of whatever escapes there are.

    A dot does not take a line feed; where it takes any number of characters it is left as it is.
    """
    unbounded = UNBOUNDED.match(quantifier)
    whatever = isinstance(atom, OneByte) and atom.those | NEWLINE >= ESCAPED | HEX
    return whatever and unbounded is not None


def _first(atom: Atom, quantifier: str) -> frozenset[int]:
    """The bytes that may come first; what takes the rest of an escape as well does not count."""
    match atom:
        case OneByte():
            rest = _takes_all(atom, quantifier) and _may_be_nothing(atom, quantifier)
            return NONE if rest else atom.those
        case Group():
            return frozenset(byte for c in atom.choices for byte in _first_of(c))
    return NONE


def _first_of(items: Sequence) -> frozenset[int]:
    first = NONE
    for atom, quantifier in items:
        first |= _first(atom, quantifier)
        if not _may_be_nothing(atom, quantifier):
            break
    return first


def _may_be_nothing(atom: Atom, quantifier: str) -> bool:
    if quantifier.startswith(("?", "*", "{0", "{,")) or isinstance(atom, Other):
        return True
    if isinstance(atom, Group):
        return any(all(_may_be_nothing(a, q) for a, q in c) for c in atom.choices)
    return False
