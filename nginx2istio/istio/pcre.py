"""Reads regular expressions as nginx has them: PCRE without UTF-8, which matches bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nginx2istio.istio.path_spellings import DIGITS, LETTERS

ALL = frozenset(range(256))
NEWLINE = frozenset(b"\n")
"""What a dot does not match."""
WORD_BYTES = LETTERS | DIGITS | {ord("_")}
SPACE = frozenset(b" \t\n\r\f\v")
SHORT = {
    "d": DIGITS,
    "w": WORD_BYTES,
    "s": SPACE,
    "D": ALL - DIGITS,
    "W": ALL - WORD_BYTES,
    "S": ALL - SPACE,
}
CONTROL = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "a": 7, "e": 27}
POSIX = {
    "alpha": LETTERS,
    "digit": DIGITS,
    "alnum": LETTERS | DIGITS,
    "word": WORD_BYTES,
    "space": SPACE,
    "upper": frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "lower": frozenset(b"abcdefghijklmnopqrstuvwxyz"),
    "xdigit": frozenset(b"0123456789ABCDEFabcdef"),
    "punct": frozenset(b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    "graph": frozenset(range(33, 127)),
    "print": frozenset(range(32, 127)),
    "cntrl": frozenset(range(32)) | {127},
    "blank": frozenset(b" \t"),
}
QUANTIFIER = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\}|\{,\d+\})[?+]?")
OPENING = re.compile(r"\((?:\?(?:[imsUJn^-]*:|P?<\w+>|'\w+'|[=!>|]|<[=!]))?")
HEX_ESCAPE = re.compile(r"x(?:\{([0-9A-Fa-f]{1,2})\}|([0-9A-Fa-f]{0,2}))")
CLASS = re.compile(r"\[(\^?)(\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*)\]", re.DOTALL)
MEMBER = re.compile(r"\[:(\^?)(\w+):\]|\\(x\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{0,2}|.)|(.)", re.DOTALL)


class NotReadable(ValueError):
    """What is left of a pattern is no regular expression; google-re2 says why."""


@dataclass(frozen=True, slots=True)
class OneByte:
    """One byte of some. ``negated`` is the inside of a negated class of RE2 with the same meaning."""  # noqa: E501

    those: frozenset[int]
    source: str
    negated: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Alternatives in parentheses."""

    opening: str
    choices: tuple[Sequence, ...]


@dataclass(frozen=True, slots=True)
class Other:
    """What matches no byte by itself: anchors, flags; and what RE2 will refuse."""

    source: str


Atom = OneByte | Group | Other
Sequence = tuple[tuple[Atom, str], ...]


def read_pattern(pattern: str) -> tuple[Sequence, ...]:
    """The alternatives of a pattern. Raises NotReadable."""
    reader = _Reader(pattern.encode().decode("latin-1"))
    choices = reader.choices()
    if reader.at < len(reader.text):
        raise NotReadable
    return choices


class _Reader:
    """Reads a pattern, each char of which stands for a byte."""

    def __init__(self, text: str):
        self.text, self.at = text, 0

    def choices(self) -> tuple[Sequence, ...]:
        """Alternatives up to a closing parenthesis or the end."""
        choices: list[Sequence] = []
        items: list[tuple[Atom, str]] = []
        while self.at < len(self.text) and self.text[self.at] != ")":
            if self.text[self.at] == "|":
                self.at += 1
                choices.append(tuple(items))
                items = []
                continue
            if QUANTIFIER.match(self.text, self.at):
                raise NotReadable
            atoms = list(self._atoms())
            quantifier = QUANTIFIER.match(self.text, self.at) if atoms else None
            self.at = quantifier.end() if quantifier else self.at
            items += [(atom, "") for atom in atoms[:-1]]
            items += [(atom, quantifier[0] if quantifier else "") for atom in atoms[-1:]]
        return (*choices, tuple(items))

    def _atoms(self) -> Iterator[Atom]:
        char = self.text[self.at]
        if char == "(":
            yield self._group()
        elif char == "[":
            yield self._class()
        elif char == "\\":
            yield from self._escape()
        else:
            self.at += 1
            if char in "^$":
                yield Other(char)
            elif char == ".":
                yield OneByte(ALL - NEWLINE, char, "")
            else:
                yield OneByte(frozenset({ord(char)}), char)

    def _group(self) -> Atom:
        opening = OPENING.match(self.text, self.at)
        assert opening
        if opening[0] == "(" and self.text.startswith("(?", self.at):  # flags, a comment
            end = self.text.find(")", self.at) + 1
            if not end:
                raise NotReadable
            source, self.at = self.text[self.at : end], end
            return Other(source)
        self.at = opening.end()
        choices = self.choices()
        if not self.text.startswith(")", self.at):
            raise NotReadable
        self.at += 1
        return Group(opening[0], choices)

    def _escape(self) -> Iterator[Atom]:
        letter = self.text[self.at + 1 : self.at + 2]
        if letter == "Q":
            end = self.text.find("\\E", self.at)
            quoted = self.text[self.at + 2 : end if end >= 0 else None]
            self.at = end + 2 if end >= 0 else len(self.text)
            yield from (OneByte(frozenset({ord(c)}), re.escape(c)) for c in quoted)
            return
        number = HEX_ESCAPE.match(self.text, self.at + 1)
        if number:
            source, self.at = "\\" + number[0], number.end()
            yield OneByte(frozenset({int(number[1] or number[2] or "0", 16)}), source)
            return
        source = "\\" + letter
        self.at += 2
        if letter in SHORT:
            negated = f"\\{letter.lower()}" if letter.isupper() else None
            yield OneByte(SHORT[letter], source, negated)
        elif letter in CONTROL:
            yield OneByte(frozenset({CONTROL[letter]}), source)
        elif not letter or letter.isalnum():
            yield Other(source)
        else:
            yield OneByte(frozenset({ord(letter)}), source)

    def _class(self) -> OneByte:
        whole = CLASS.match(self.text, self.at)
        if not whole:
            raise NotReadable
        self.at = whole.end()
        those = frozenset(_members(whole[2]))
        if whole[1]:
            return OneByte(ALL - those, whole[0], whole[2])
        return OneByte(those, whole[0])


def _members(inside: str) -> Iterator[int]:
    parts = [(m[0], *_part(m)) for m in MEMBER.finditer(inside)]
    i = 0
    while i < len(parts):
        _, single, those = parts[i]
        if i + 2 < len(parts) and parts[i + 1][0] == "-" and single is not None:
            last = parts[i + 2][1]
            if last is not None:
                yield from range(single, last + 1)
                i += 3
                continue
        yield from those
        i += 1


def _part(member: re.Match[str]) -> tuple[int | None, frozenset[int]]:
    """A member of a class: its byte, if it is a single one, and all its bytes."""
    if member[2]:
        those = POSIX.get(member[2], frozenset())
        return None, ALL - those if member[1] else those
    if member[4]:
        return ord(member[4]), frozenset({ord(member[4])})
    letter = member[3]
    if letter in SHORT:
        return None, SHORT[letter]
    if letter[0] == "x":
        byte = int(letter[1:].strip("{}") or "0", 16) & 255
    else:
        byte = 8 if letter == "b" else CONTROL.get(letter, ord(letter))
    return byte, frozenset({byte})
