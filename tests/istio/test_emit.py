from __future__ import annotations

import copy
import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from nginx2istio.istio.objects import Lines, Noted
from nginx2istio.istio.yaml import SHARED, SHARED_ITEMS, document, scalar

WORDS = [
    "yes",
    "on",
    "null",
    "~",
    "1.5",
    "0x1f",
    "1e3",
    "2024-01-01",
    "12:30",
    "-",
    "%x",
    "é",
    "\u2028",
    "\x7f",
    "🙂",
    "*",
    "&a",
    "!t",
    "y",
]
WORDS += ["", " a", "a ", "a: b", "a #b", "a\nb", "= /x"]
TEXT = st.one_of(st.sampled_from(WORDS), st.text(max_size=12))
LEAF = st.one_of(TEXT, st.integers(), st.booleans(), st.none())
VALUES = st.recursive(
    LEAF,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=20,
)


def loaded(text: str) -> Any:
    return YAML(typ="safe").load(io.StringIO(text))


@given(st.dictionaries(TEXT, VALUES, min_size=1, max_size=5))
def test_what_is_written_is_what_is_read(value: dict[str, Any]) -> None:
    assert loaded(document(value)) == value


ROUTES = st.dictionaries(
    st.sampled_from(sorted({*SHARED, *SHARED_ITEMS, "name"})), VALUES, min_size=1
)


@given(ROUTES, st.dictionaries(TEXT, VALUES, max_size=2))
def test_text_that_many_share_is_the_text_of_each(
    route: dict[str, Any], item: dict[str, Any]
) -> None:
    route |= {"match": [item, route.get("match"), item], "route": [item]}
    shared = {"http": [route, route], "spec": {"http": [route], "match": [item]}}
    assert document(shared) == document(copy.deepcopy(shared, NothingShared()))


class NothingShared(dict[int, Any]):
    """A memory for deepcopy by which it copies each value anew."""

    def get(self, key: int, default: Any = None) -> Any:
        return default


def test_comments_stand_before_their_element() -> None:
    text = document({"http": [Noted({"name": "a"}, "why"), Noted({"name": "b"})]})
    assert text == "http:\n# why\n- name: a\n- name: b\n"


def test_scalars_that_other_readers_take_for_something_else_are_quoted() -> None:
    for word in ("yes", "no", "on", "off", "y", "n", "null", "true", "1.10", "08", "1_000"):
        assert scalar(word).startswith('"')


BLANKS = st.lists(st.text(st.sampled_from(' ab:#\t\u00e9-"\\'), max_size=6), max_size=5)


@given(BLANKS, st.sampled_from(["", "\n", "\n\n"]))
def test_a_text_of_several_lines_is_read_as_it_was(lines: list[str], end: str) -> None:
    text = "\n".join(lines) + end
    obj = {"data": {"nginx.conf": Lines(text), "after": "x"}}
    assert loaded(document(obj)) == {"data": {"nginx.conf": text, "after": "x"}}


def test_a_text_of_several_lines_is_a_block() -> None:
    written = document({"data": {"a": Lines("one {\n    two;\n\n}\n")}})
    assert written == "data:\n  a: |\n    one {\n        two;\n\n    }\n"


def test_what_is_small_stands_in_one_line() -> None:
    words = ["DNT", "Keep-Alive", "User-Agent", "X-Requested-With", "If-Modified-Since"]
    obj = {
        "port": {"number": 80, "name": "http"},
        "match": [{"uri": {"exact": "/a"}}],
        "matches": [{"uri": {"exact": "/a"}}, {"uri": {"prefix": "/a/"}}],
        "many": {"a": 1, "b": 2, "c": 3, "d": 4},
        "words": [*words, *words[::-1]],
        "text": {"a": Lines("one\ntwo\n")},
    }
    text = document(obj)
    assert text.startswith("port: {number: 80, name: http}\nmatch: [{uri: {exact: /a}}]\n")
    assert "matches:\n- uri: {exact: /a}\n- uri: {prefix: /a/}\nmany:\n  a: 1\n" in text
    assert "text:\n  a: |\n" in text
    assert max(map(len, text.splitlines())) <= 100
    assert YAML(typ="safe").load(text) == obj
