"""YAML as programs write it, read by lines: three times as fast as by libyaml's events.

That is block style with a key or an item a line, in ASCII. Whatever else stands in a text, such as
an anchor, an escape, a comment after a value or a mistake, leaves all of it to ``reader.py``, and
what both can read they read alike (``tests/inputs/test_block_style.py``).
"""

from __future__ import annotations

import re
from typing import Any

from nginx2istio.inputs.document import MAX_NODES, MAX_SCALAR, Document
from nginx2istio.inputs.resource import Node
from nginx2istio.inputs.yaml.anchors import Memo
from nginx2istio.inputs.yaml.scalars import key_text, resolve

DEEPEST = 100
"""Levels of indentation; the other reader takes more, and says why no more."""
_ODD = re.compile(rb"[^\n -~]")
_LINE = re.compile(
    r"""(\ *) (-\ )? (?: ([A-Za-z][A-Za-z0-9_./-]{0,300}) : (?=[ \n]) \ ? )?
    (?: "([ !#-\[\]-~]*)" | '([ -&(-~]*)' | (\|-?) | (\{\}|\[\])
      | ( [A-Za-z0-9/_.$^(~] (?: [!"$-9;-~]++ | :(?=[!-~]) | (?<=[!-~])\# | \ +(?=[!"$-9;-~]) )* )
    )? \n""",
    re.VERBOSE,
)
"""Indentation, dash, key; a text in double quotes, in single ones, a block, {} or [], plain."""
_EMPTY = re.compile(r"(?: *(?:#[^\n]*)?\n)+")
_BLOCK = re.compile(r"( +)[^ \n]")


def read_block_style(piece: bytes, first_line: int, memo: Memo) -> Document | None:
    """The one document of a text that begins with the line ``first_line``; None leaves it alone."""
    if _ODD.search(piece) or (len(piece) > MAX_SCALAR and _is_too_much(piece)):
        return None
    text = piece.decode("ascii")
    if not text.endswith("\n"):
        text += "\n"
    return _read(text, first_line, memo)


def _is_other_text(key: str) -> bool:
    """Whether YAML takes a plain key for something else than its text, or refuses it."""
    try:
        return key_text(key) != key
    except ValueError:
        return True


def _is_too_much(piece: bytes) -> bool:
    """Whether the other reader may find too many nodes, or too long a value, in a large text."""
    lines = piece.split(b"\n")
    return len(lines) * 4 > MAX_NODES or max(map(len, lines)) > MAX_SCALAR


def _read(text: str, line: int, memo: Memo) -> Document | None:
    """Reads a document whose text ends with a line break.

    Nothing is raised, and nothing of the text is left over: what is not understood ends it.
    """
    known_keys, known_scalars, match_line = memo.keys, memo.scalars, _LINE.match
    written: dict[tuple[int, str], str] = {}
    position, end = 0, len(text)
    starts = 0
    if text.startswith("---\n"):
        position, starts, line = 4, line, line + 1
    root: Node | None = None
    stack: list[tuple[int, Node | None, list[Any]]] = []  # column, mapping or else list
    pending: str | None = None  # a key of the innermost mapping whose value is on the next lines
    nothing: list[Any] = []
    while position < end:
        match = match_line(text, position)
        if match is None or match.end() == position + 1:
            match = _EMPTY.match(text, position)
            if match is None:
                return None
            position = match.end()
            line += text.count("\n", match.start(), position)
            continue
        indent, dash, key, double, single, block, empty, plain = match.groups()
        column = len(indent)
        if root is None:
            if dash or column or key is None:
                return None
            root = Node.__new__(Node)
            root.lines = {}
            stack.append((0, root, nothing))
            starts = starts or line
        elif dash:
            if pending is not None:
                above, node, _ = stack[-1]
                if column < above or node is None:
                    return None
                inner: list[Any] = []
                node[pending] = inner
                pending = None
                stack.append((column, None, inner))
            else:
                while stack[-1][0] > column:
                    stack.pop()
                if stack[-1][0] != column or stack[-1][1] is not None:
                    return None
        elif pending is not None:
            above, node, _ = stack[-1]
            if column <= above or node is None:
                return None
            mapping = Node.__new__(Node)
            mapping.lines = {}
            node[pending] = mapping
            pending = None
            stack.append((column, mapping, nothing))
        else:
            while stack[-1][0] > column or (stack[-1][1] is None and stack[-1][0] == column):
                stack.pop()
                if not stack:
                    return None
            if stack[-1][0] != column:
                return None
        if len(stack) > DEEPEST:
            return None
        if key is None:
            items = stack[-1][2]
            if not dash or block:
                return None
            node = None
        else:
            if dash:
                mapping = Node.__new__(Node)
                mapping.lines = {}
                stack[-1][2].append(mapping)
                stack.append((column + 2, mapping, nothing))
            node = stack[-1][1]
            if node is None or key in node:
                return None
            name = known_keys.get(key)
            if name is None:
                if _is_other_text(key):
                    return None
                name = known_keys[key] = key
            elif name != key:
                return None
            key = name
            node.lines[key] = line
        value: Any
        if plain is not None:
            if plain in known_scalars:
                value = known_scalars[plain]
            else:
                try:
                    value = known_scalars[plain] = resolve(plain)
                except ValueError:
                    return None
            if node is not None and key is not None and value.__class__ is not str:
                written[id(node), key] = plain
        elif double is not None:
            value = double
        elif single is not None:
            value = single
        elif empty is not None:
            value = [] if empty == "[]" else Node()
        elif node is None or key is None:
            return None
        elif block is not None:
            begin = match.end()
            first = _BLOCK.match(text, begin)
            if first is None or len(first[1]) <= stack[-1][0]:
                return None
            lines: list[str] = []
            prefix = first[1]
            while begin < end:
                stop = text.index("\n", begin)
                if text.startswith(prefix, begin):
                    lines.append(text[begin + len(prefix) : stop])
                elif stop == begin:
                    lines.append("")
                else:
                    break
                begin = stop + 1
            if begin - match.end() > MAX_SCALAR:
                return None
            node[key] = "\n".join(lines).rstrip("\n") + ("\n" if block == "|" else "")
            node.blocks[key] = line + 1
            position = begin
            line += 1 + len(lines)
            continue
        else:
            pending = key
            position = match.end()
            line += 1
            continue
        if node is None:
            items.append(value)
        elif key is not None:
            node[key] = value
        position = match.end()
        line += 1
    if root is None or pending is not None:
        return None
    return Document(root, starts, written, [])
