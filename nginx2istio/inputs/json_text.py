"""JSON text to Nodes with lines: one object, or a stream of objects, as kubectl takes it."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from nginx2istio.inputs.document import (
    MAX_DEPTH,
    MAX_NODES,
    MAX_SCALAR,
    TOO_DEEP,
    TOO_LONG,
    TOO_MANY,
    Document,
    Mark,
    Unreadable,
    repeated,
)
from nginx2istio.inputs.resource import Node

_BLANK = re.compile(r"[ \t\r\n]*")
_KEY = re.compile(r'"([^"\\\x00-\x1f]*)"[ \t\r\n]*:[ \t\r\n]*')  # a key without escapes
_STRING = re.compile(r'"([^"\\\x00-\x1f]*)"')  # a string without escapes
_ESCAPED = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*+"')
_NEXT = re.compile(r"[ \t\r\n]*([,}\]])[ \t\r\n]*")
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD = re.compile(r"true|false|null")
_WORDS = {"true": True, "false": False, "null": None}
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


def load_json(data: bytes) -> Any:
    """Read JSON that a program wrote, with plain mappings and without lines.

    Halves of characters (lone surrogates) become U+FFFD, as in Go's encoding/json. Raises
    ValueError for what is not JSON in UTF-8, and for what is nested too deeply to be read.
    """
    try:
        # json.loads reads bytes with "surrogatepass", so halves that are no escapes would pass.
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    if b"\\ud" not in data.lower():
        return value
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(_LONE_SURROGATE.sub("\ufffd", text))


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


class JsonText:
    """Reads the objects of a text one after the other.

    ``position`` is where the next object begins. Lines count from ``first_line``.
    """

    __slots__ = ("_counted", "_keys", "_line", "_marks", "_nodes", "_text", "_written", "position")

    def __init__(self, text: str, first_line: int = 1):
        self._text = text
        self._line = first_line
        self._counted = 0  # how far newlines have been counted
        self._keys: dict[str, str] = {}
        self._marks: list[Mark] = []
        self._nodes = 0  # of the object that is being read
        self._written: dict[tuple[int, str], str] = {}
        self.position = self._blank(0)

    @property
    def at_end(self) -> bool:
        """Whether nothing is left but white space."""
        return self.position == len(self._text)

    def next_document(self) -> Document:
        """Read the object at ``position``. Raises Unreadable where it is not JSON."""
        self._written, self._marks, self._nodes = {}, [], 0
        line = self._line_at(self.position)
        if self._text[self.position] != "{":
            raise self._wrong(self.position, "an object must begin here, with {")
        body, self.position = self._mapping(self.position, 1)
        self.position = self._blank(self.position)
        return Document(body, line, self._written, self._marks)

    def skip_object(self) -> bool:
        """After a failure: go to the next line that begins with {. False when there is none."""
        begin = self._text.find("\n{", self.position)
        self.position = begin + 1 if begin >= 0 else len(self._text)
        return begin >= 0

    def _mapping(self, position: int, depth: int) -> tuple[Node, int]:
        """Return the object that begins at ``position``, and the position after it."""
        node, text, keys = Node(), self._text, self._keys
        position = self._blank(position + 1)
        if text.startswith("}", position):
            return node, position + 1
        while True:
            line = self._line_at(position)
            self._count(2)
            plain = _KEY.match(text, position)
            key, after = (plain[1], plain.end()) if plain else self._odd_key(position)
            key = keys.setdefault(key, key)
            if key in node:
                self._marks.append(repeated(node, key, line))
            node.lines[key] = line
            string = _STRING.match(text, after)
            if string and len(string[1]) <= MAX_SCALAR:
                node[key], position = string[1], string.end()
            else:
                value, position = self._value(after, depth)
                node[key] = value
                if not isinstance(value, str | Node | list):
                    self._written[id(node), key] = text[after:position]
            next_part = _NEXT.match(text, position)
            if not next_part or next_part[1] == "]":
                raise self._wrong(self._blank(position), "a comma or } must stand here")
            if next_part[1] == "}":
                return node, next_part.end(1)
            position = next_part.end()

    def _list(self, position: int, depth: int) -> tuple[list[Any], int]:
        """Return the list that begins at ``position``, and the position after it."""
        items: list[Any] = []
        position = self._blank(position + 1)
        if self._text.startswith("]", position):
            return items, position + 1
        while True:
            self._count(1)
            value, position = self._value(position, depth)
            items.append(value)
            next_part = _NEXT.match(self._text, position)
            if not next_part or next_part[1] == "}":
                raise self._wrong(self._blank(position), "a comma or ] must stand here")
            if next_part[1] == "]":
                return items, next_part.end(1)
            position = next_part.end()

    def _value(self, position: int, depth: int) -> tuple[Any, int]:
        """Return the value that begins at ``position``, and the position after it."""
        text = self._text
        first = text[position : position + 1]
        if first == '"':
            return self._string(position)
        if first and first in "{[":
            if depth >= MAX_DEPTH:
                raise Unreadable(self._line_at(position), TOO_DEEP)
            read = self._mapping if first == "{" else self._list
            return read(position, depth + 1)
        literal = _NUMBER.match(text, position)
        if literal:
            return self._number(literal), literal.end()
        literal = _WORD.match(text, position)
        if literal:
            return _WORDS[literal[0]], literal.end()
        raise self._wrong(position, "a value must stand here")

    def _number(self, literal: re.Match[str]) -> int | float:
        """Keep whole numbers whole that fit int64, as in k8s.io/apimachinery's util/json."""
        whole, fraction, exponent = literal.groups()
        if not fraction and not exponent and len(whole) <= 20 and -(2**63) <= int(whole) < 2**63:
            return int(whole)
        number = float(literal[0])
        if math.isinf(number):
            raise self._wrong(literal.start(), "this number is larger than Kubernetes takes")
        return number

    def _string(self, position: int) -> tuple[str, int]:
        literal = _ESCAPED.match(self._text, position)
        if not literal:
            raise self._wrong(position, "a string is opened here and not closed on the same line")
        if literal.end() - position > MAX_SCALAR:
            raise Unreadable(self._line_at(position), TOO_LONG)
        try:
            value: str = json.loads(literal[0])
        except json.JSONDecodeError:
            raise self._wrong(
                position, "a string holds an escape that JSON does not know"
            ) from None
        return _LONE_SURROGATE.sub("\ufffd", value), literal.end()  # as Go's encoding/json

    def _odd_key(self, position: int) -> tuple[str, int]:
        """Return a key that ``_KEY`` does not match, and the position of its value."""
        if not self._text.startswith('"', position):
            raise self._wrong(position, "a key in double quotes must stand here")
        key, after = self._string(position)
        after = self._blank(after)
        if not self._text.startswith(":", after):
            raise self._wrong(after, "a colon must stand here, after a key")
        return key, self._blank(after + 1)

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise Unreadable(self._line, TOO_MANY)

    def _blank(self, position: int) -> int:
        blank = _BLANK.match(self._text, position)
        return blank.end() if blank else position

    def _line_at(self, position: int) -> int:
        """Return the line of ``position``, which is never before that of the call before."""
        if position > self._counted:
            self._line += self._text.count("\n", self._counted, position)
            self._counted = position
        return self._line

    def _wrong(self, position: int, text: str) -> Unreadable:
        if position >= len(self._text):
            text = f"{text}, and the text ends; part of the file seems to be missing"
        return Unreadable(self._line_at(position), f"this JSON cannot be parsed: {text}")
