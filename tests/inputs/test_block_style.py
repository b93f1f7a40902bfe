"""What the reader of plain block style reads, the other reader reads alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.estate import estate
from nginx2istio.inputs.document import Document, Unreadable
from nginx2istio.inputs.resource import Node
from nginx2istio.inputs.text import _pieces
from nginx2istio.inputs.yaml.anchors import Memo
from nginx2istio.inputs.yaml.block_style import read_block_style
from nginx2istio.inputs.yaml.reader import read_yaml

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"


def seen_by(document: Document) -> Any:
    """All that a document says, with types, lines and source texts."""

    def of(value: Any) -> Any:
        if isinstance(value, Node):
            written = {k: document.written.get((id(value), k)) for k in value}
            inner = [(k, of(v)) for k, v in value.items()]
            return inner, list(value.lines.items()), value.blocks, written
        return [of(v) for v in value] if isinstance(value, list) else (type(value), value)

    return of(document.body), document.line, document.marks, len(document.written)


def compare(text: bytes, line: int = 1) -> bool:
    """Whether the text is in the plain style; fails where the two readers differ."""
    quick = read_block_style(text, line, Memo())
    if quick is None:
        return False
    assert [seen_by(d) for d in read_yaml(text, line, Memo())] == [seen_by(quick)]
    return True


def test_fixtures_are_read_alike() -> None:
    quick = 0
    for path in sorted(FIXTURES.rglob("*.yaml")):
        if path.name == "istio.yaml":
            continue
        for line, piece in _pieces(path.read_bytes()):
            try:
                quick += compare(piece, line)
            except Unreadable as error:
                pytest.fail(f"{path}:{line}: only one reader reads it: {error.text}")
    assert quick > 100


def test_an_estate_is_in_the_plain_style() -> None:
    texts = [text.encode() for text in estate(300) if "kind: Ingress" in text]
    assert sum(map(compare, texts)) > len(texts) * 0.8


PIECES = st.sampled_from(
    [
        *("a", "key", "b-c", "x.io/y", "on", "y", "null", "<<", "1", "- ", "-", "  ", " ", "\n"),
        *(":", ": ", ":\n", "|", "|-", "|+", ">", "# no", " # no", "''", '""', "'a'", '"b c"'),
        *('"\\n"', "{}", "[]", "[a]", "{a: 1}", "&a ", "*a", "!!str ", "true", "0644", "1.10"),
        *("10:20", "a:b", "a: b", "~", "/p(/|$)(.*)", "$x", "^/a", "\t", "é", "---", "...", "%"),
        *("http://h/p", "a#b", "2024-01-01T00:00:00Z", "1_000", ".inf", "=", "@", "`", "?", ","),
        *("\n  ", "\n    ", "\n- ", "\n  - ", "\n  key: ", "\nkey:\n  ", "\n      "),
    ]
)
LINES = st.lists(
    st.tuples(
        st.sampled_from(["", "", "  ", "    ", "- ", "  - ", "    - ", " "]),
        st.sampled_from(["", "a", "b", "c.d/e", "on"]),
        st.sampled_from(["", ":", ": ", ": |", ": |-", ": x", ': "1"', ": 1", ": 0x1F", ": {}"]),
        st.sampled_from(["", "", "", " # c", " ", "x"]),
    ).map("".join),
    max_size=9,
).map("\n".join)


@settings(max_examples=1500, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=14).map("".join), LINES))
def test_whatever_is_read_is_read_alike(text: str) -> None:
    if not re.search(r"^(---|\.\.\.)(?=[ \t\r\n]|\Z)", text, re.MULTILINE):
        try:
            compare(text.encode())
        except Unreadable as error:
            pytest.fail(f"only one reader reads it: {error.text}")
