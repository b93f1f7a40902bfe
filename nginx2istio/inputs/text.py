"""The bytes of one file to documents: text encoding, ``---``, YAML or JSON.

What is broken costs its own document: a text is cut at ``---`` before anything is parsed, since at
the beginning of a line that ends a document wherever it stands, even inside quotes.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from nginx2istio.inputs.document import TOO_MANY, Document, Unreadable
from nginx2istio.inputs.json_text import JsonText
from nginx2istio.inputs.yaml.anchors import Memo
from nginx2istio.inputs.yaml.block_style import read_block_style
from nginx2istio.inputs.yaml.errors import not_utf8
from nginx2istio.inputs.yaml.reader import read_yaml

_BOUNDARY = re.compile(rb"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
_DIRECTIVES_ONLY = re.compile(rb"(?:%[^\n]*\n|[ \t]*(?:#[^\n]*)?\r?\n)*+")
_JSON_OBJECT = re.compile(rb"(?:---[ \t]*(?:#[^\n]*)?\r?\n)?[ \t\r\n]*(\{)([ \t\r\n]*[\"}])?")
_CONTROLS = bytes([*range(9), *range(14, 32)])
_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(data: bytes, memo: Memo) -> Iterator[tuple[int, Document | Unreadable]]:
    """Yield the documents of a file, each with its number from 1, and what could not be read.

    Documents without content are counted and come out with the body None. The number is 0 where
    the file as a whole cannot be read.
    """
    try:
        text = _as_utf8(data)
    except Unreadable as error:
        yield 0, error
        return
    number = 0
    for line, piece in _pieces(text):
        for document in _read_piece(piece, line, memo):
            number += 1
            yield number, document


def _as_utf8(data: bytes) -> bytes:
    """Return the text in UTF-8 without byte order mark, line ends LF or CRLF.

    kubectl too takes UTF-8 and UTF-16 with a byte order mark (its FileVisitor).
    """
    if data.startswith(b"\x1f\x8b"):
        raise Unreadable(0, "this file is compressed (gzip); unpack it first")
    for mark, encoding in _ENCODINGS:
        if data.startswith(mark):
            try:
                data = data.decode(encoding).encode()
            except UnicodeError:
                raise Unreadable(
                    0,
                    f"this file begins as {encoding.upper()} text and does not go on as such; "
                    "save it as UTF-8",
                ) from None
            break
    data = data.removeprefix(codecs.BOM_UTF8)
    if _is_binary(data[:8000]):
        raise Unreadable(
            0,
            "this is no text but a binary file, or UTF-16 without a byte order mark; leave it "
            "out, or save it as UTF-8",
        )
    if data.count(b"\r") != data.count(b"\r\n"):
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data


def _is_binary(begin: bytes) -> bool:
    """Tell binary files from text with a stray NUL, which costs only the document it is in."""
    controls = len(begin) - len(begin.translate(None, _CONTROLS))
    return b"\0" in begin and controls * 50 > len(begin)


def _pieces(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Cut a text at ``---`` and ``...``, each piece with the number of its first line.

    A piece of %-directives goes with the document after it.
    """
    start, line = 0, 1
    for boundary in _BOUNDARY.finditer(text):
        cut = after = boundary.start()
        piece = text[start:cut]
        if boundary[0] == b"...":
            end = text.find(b"\n", cut)
            after = end + 1 if end >= 0 else len(text)
        elif b"%" in piece and _DIRECTIVES_ONLY.fullmatch(piece):
            continue
        if piece:
            yield line, piece
        line += text.count(b"\n", start, after)
        start = after
    if start < len(text):
        yield line, text[start:]


def _read_piece(piece: bytes, line: int, memo: Memo) -> Iterator[Document | Unreadable]:
    json = _JSON_OBJECT.match(piece)
    if not json:
        yield from _read_yaml(piece, line, memo)
        return
    documents = _read_json(piece, json.start(1), line)
    first = next(documents)
    if isinstance(first, Unreadable) and first.text != TOO_MANY:
        # As kubectl: what begins with { and is not JSON may be YAML.
        as_yaml = list(_read_yaml(piece, line, memo))
        looks_like_json = json[2] is not None
        if not looks_like_json or not any(isinstance(item, Unreadable) for item in as_yaml):
            yield from as_yaml
            return
    yield first
    yield from documents


def _read_yaml(piece: bytes, line: int, memo: Memo) -> Iterator[Document | Unreadable]:
    document = read_block_style(piece, line, memo)
    if document is not None:
        yield document
        return
    try:
        yield from read_yaml(piece, line, memo)
    except Unreadable as error:
        yield error


def _read_json(piece: bytes, begin: int, line: int) -> Iterator[Document | Unreadable]:
    line += piece.count(b"\n", 0, begin)
    try:
        text = JsonText(piece[begin:].decode(), line)
    except UnicodeDecodeError as error:
        yield not_utf8(piece[begin:], error, line)
        return
    while not text.at_end:
        try:
            yield text.next_document()
        except Unreadable as error:
            yield error
            text.skip_object()
