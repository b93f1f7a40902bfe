from __future__ import annotations

import json

import pytest

from nginx2istio.inputs.document import MAX_DEPTH, MAX_SCALAR, Document, Unreadable
from tests.inputs.text import body, documents, refusal, same


def test_lines_of_keys() -> None:
    value = body('\n{"a": 1,\n "b" :\n {"c":[\n{"d"\n:null}]}, "e\\n": true}\n')
    assert value == {"a": 1, "b": {"c": [{"d": None}]}, "e\n": True}
    assert value.lines == {"a": 2, "b": 3, "e\n": 6}
    assert value["b"].lines == {"c": 4}
    assert value["b"]["c"][0].lines == {"d": 5}


def test_values() -> None:
    text = r"""{"a": ["", "\u00e9\ud83d\ude00\/\"", -0, 1.0, 1e2, 9223372036854775808, {}, []],
      "b": "yes", "c": "tab\tx", "d": "\ud800", "": "http://x/"}"""
    assert same(
        body(text),
        {
            "a": ["", 'é😀/"', 0, 1.0, 100.0, 9223372036854775808.0, {}, []],
            "b": "yes",
            "c": "tab\tx",
            "d": "\ufffd",
            "": "http://x/",
        },
    )


def test_what_was_written() -> None:
    [document] = documents('{"a": 1.10, "b": null, "c": "x", "d": true}')
    assert isinstance(document, Document)
    assert document.written == {
        (id(document.body), "a"): "1.10",
        (id(document.body), "b"): "null",
        (id(document.body), "d"): "true",
    }


def test_repeated_keys() -> None:
    [document] = documents('{"a": {"b": 1,\n"b": 2}}')
    assert isinstance(document, Document)
    assert document.body == {"a": {"b": 2}}
    [mark] = document.marks
    assert (mark.code, mark.key, mark.line, mark.node) == ("duplicate-key", "b", 2, {"b": 2})


def test_a_broken_object_in_a_stream_costs_itself() -> None:
    first, broken, last = documents('{"a": 1}\n{"b":\n  {"c" 1}\n}\n{"d": 2}\n')
    assert isinstance(first, Document)
    assert isinstance(broken, Unreadable)
    assert isinstance(last, Document)
    assert broken.line == 3
    assert last.body == {"d": 2}
    assert last.line == 5


def test_a_broken_first_object() -> None:
    broken, last = documents('{"a" 1}\n{"b": 2}')
    assert broken.line == 1
    assert isinstance(last, Document)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"a": 1\n', 2, "comma or }, and the text ends"),
        ('{"a": [1,\n2}', 2, "comma or ]"),
        ('{"a": 1\n"b": 2}', 2, "comma or }"),
        ('{"a":\n"x\n}', 2, "opened here and not closed"),
        ('{"a": "\\x"}', 1, "escape"),
        ('{"a":\nb: c}', 2, "value must stand here"),
        ('{"a": 1, 2: 3', 1, "key in double quotes"),
        ('{"a": "\\q", "b": }', 1, "escape"),
        ('{"a": {"b\\u0041" 1}', 1, "colon"),
        ('{"a": 1}\n\n[2]\n{,', 3, "object must begin here"),
        ('{"a": {"b": [', 1, "text ends"),
    ],
)
def test_says_what_is_wrong_and_where(text: str, line: int, words: str) -> None:
    problem = next(document for document in documents(text) if isinstance(document, Unreadable))
    assert problem.line == line
    assert all(word in problem.text for word in words.split(", "))


def test_nesting_is_bounded() -> None:
    def deep(levels: int) -> str:
        return '{"a":' * levels + "1" + "}" * levels

    assert body(deep(MAX_DEPTH))
    assert "levels deep" in refusal(deep(MAX_DEPTH + 1)).text
    assert "levels deep" in refusal('{"a":' * 100_000).text
    assert "levels deep" in refusal('{"a":' + "[" * 100_000).text


def test_a_value_is_bounded() -> None:
    assert body(json.dumps({"a": "x" * MAX_SCALAR}))
    for value in ("x" * (MAX_SCALAR + 1), "x" * MAX_SCALAR + "\n"):
        assert "4 MiB" in refusal(json.dumps({"a": value})).text


def test_not_utf8() -> None:
    problem = refusal(b'{"a": 1,\n"b": "\xe9"}')
    assert problem.line == 2
    assert "UTF-8" in problem.text


def test_what_is_not_json_may_be_yaml() -> None:
    assert body("{a: 1, b: [c]}") == {"a": 1, "b": ["c"]}
    assert body('{"a": 1,}  # comment') == {"a": 1}
    assert body('--- # {\n{"a": "x\\/y"}') == {"a": "x/y"}
    assert "YAML" in refusal("{a: 1, b: ]}").text
