"""What libyaml's complaints mean, in the terms of the author of a manifest.

Whatever cannot be parsed may be a Secret. So each text here is a constant: it is chosen by the
kind of the complaint, says a position, and holds nothing of the document or of the parser's words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from nginx2istio.inputs.document import Unreadable

TEMPLATE = (
    "this looks like a template that was not rendered ({{ ... }}); give the output of "
    "`helm template`, or of what renders it"
)
TAB = "a tab stands in the indentation; YAML takes spaces only, so replace the tabs"
OTHERWISE = (
    "YAML does not allow what stands here; check the quotes and the indentation of this line and "
    "the one before"
)
COLLECTION_AS_KEY = (
    "a mapping or a list is used as a key, which Kubernetes refuses; put a value that begins with "
    "{ or [ in quotes"
)

_ADVICE = (
    ("found a tab character", TAB),
    (
        "mapping values are not allowed",
        "a `: ` stands where no key can be; put the value in "
        "quotes if it holds a colon, or check the indentation of this line and the one before",
    ),
    (
        "block sequence entries are not allowed",
        "a `- ` stands where no list can begin; check the "
        "indentation of this line and the one before",
    ),
    (
        "did not find expected key",
        "a key of the mapping was expected here; check the indentation, "
        "and the quotes of the lines before",
    ),
    (
        "did not find expected '-' indicator",
        "the next `- ` of the list was expected here; check the indentation",
    ),
    (
        "expected node content",
        "a value was expected here; put it in quotes if it is text, "
        "and close what was opened with { or [",
    ),
    (
        "found unknown escape character",
        "an unknown escape in a value in double quotes; write the "
        "backslash twice, or use single quotes",
    ),
    (
        "invalid Unicode character escape",
        "\\u escapes of characters above U+FFFF come in pairs in "
        "JSON and as \\U in YAML; write the character itself",
    ),
    ("undefined tag handle", "a ! begins a tag; put the value in quotes if it is text"),
    (
        "did not find expected alphabetic or numeric",
        "a * or & begins an alias or an anchor; put "
        'the value in quotes if it is text (as in host: "*.example.com")',
    ),
    ("incompatible YAML document", "the %YAML line asks for a version other than 1.1 and 1.2"),
    (
        "expected <document start>",
        "text stands after the end of the document; begin a new one with ---",
    ),
)

_UNFINISHED = (
    (
        "could not find expected ':'",
        "a key stands here without its colon; check the indentation, "
        "and whether a quote or a colon is missing here or on the line before",
    ),
    (
        "expected ',' or",
        "a { or [ is opened here and not closed; close it, or put the value in "
        "quotes if it is text that begins so, and quote what holds a ? inside of it",
    ),
    ("found unexpected end of stream", "a quote is opened here and not closed"),
    ("found unexpected document indicator", "a quote is opened here and not closed before the ---"),
)
"""Complaints whose cause is where the unfinished thing began, not where libyaml gave up."""

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def line_numbers(text: bytes, first: int) -> Sequence[int]:
    """Give the line in the file for each of libyaml's line numbers, which begin at 0.

    libyaml, by YAML 1.1, takes U+0085, U+2028 and U+2029 for line breaks; editors and grep do not.
    """
    if not (b"\xe2\x80\xa8" in text or b"\xe2\x80\xa9" in text or b"\xc2\x85" in text):
        return range(first, first + len(text) + 2)
    numbers = [first]
    for line_break in _BREAK.finditer(text.decode("utf-8", "replace")):
        numbers.append(numbers[-1] + (line_break.group() not in ("\x85", "\u2028", "\u2029")))
    return [*numbers, numbers[-1]]


def explain(error: YAMLError, text: bytes, lines: Sequence[int]) -> Unreadable:
    """Say what a complaint of libyaml means, and quote nothing of the text."""
    if isinstance(error, ReaderError):
        return _bad_character(text, lines[0])
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return Unreadable(lines[0], f"this YAML cannot be parsed ({type(error).__name__})")
    mark, begun = error.problem_mark, error.context_mark
    last = lines[0] + max(text.count(b"\n"), 1) - 1
    line = min(lines[min(mark.line, len(lines) - 1)], last)  # the end of the text is no line
    problem = str(error.problem)
    if b"{{" in text:
        return Unreadable(line, TEMPLATE)
    if "cannot start any token" in problem:
        return Unreadable(line, _bad_start(text.decode("utf-8", "replace"), mark.index))
    for part, advice in _UNFINISHED:
        if part in problem and begun is not None:
            return Unreadable(lines[begun.line], f"this YAML cannot be parsed: {advice}")
    advice = next((advice for part, advice in _ADVICE if part in problem), OTHERWISE)
    return Unreadable(line, f"this YAML cannot be parsed: {advice}")


def explain_template(error: Unreadable) -> Unreadable:
    """``{{ x }}`` is YAML: a mapping as the key of a mapping. Say what it was meant to be."""
    return Unreadable(error.line, TEMPLATE) if error.text == COLLECTION_AS_KEY else error


def _bad_start(text: str, index: int) -> str:
    character = text[index : index + 1]
    if character == "\t":
        return TAB
    if character in ("@", "`", "%"):
        return "a value begins with @, ` or %, which YAML reserves; put it in quotes"
    return "a value begins with a character that none can begin with; put it in quotes"


def _bad_character(text: bytes, first: int) -> Unreadable:
    """Find what libyaml refused: it only counts bytes from where it had read to."""
    try:
        character = _CONTROL.search(decoded := text.decode("utf-8"))
    except UnicodeDecodeError as error:
        return not_utf8(text, error, first)
    line = first + decoded.count("\n", 0, character.start()) if character else first
    code = f" (U+{ord(character.group()):04X})" if character else ""
    return Unreadable(
        line,
        f"a control character that YAML does not take stands here{code}; remove it, or write it "
        "as an escape in double quotes",
    )


def not_utf8(text: bytes, error: UnicodeDecodeError, first: int) -> Unreadable:
    """Say where a text is not UTF-8, without quoting the byte."""
    return Unreadable(
        first + text.count(b"\n", 0, error.start),
        "this is not UTF-8 text; save the file as UTF-8",
    )
