"""Parts of a text in the value of a header: accepted by Istio's webhook, and what they come to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nginx2istio.base.outcome import Request
from nginx2istio.istio.check.values import header_value
from nginx2istio.istio.extract import extracted
from nginx2istio.istio.serve.headers.formatter import Moment, filled
from nginx2istio.istio.serve.matching import Arrived

PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)


def value(path: str, pattern: str, replacement: str) -> str:
    arrived = Arrived(Request(host="shop.example.com", target=path), path, 80)
    return filled(extracted("request.url_path", pattern, replacement), Moment(arrived))


@pytest.mark.parametrize(
    ("path", "pattern", "replacement", "expected"),
    [
        ("/old/a", "^/old/(.*)$", r"/new/\1", "/new/a"),
        ("/old/a/b", "(?i)^/OLD/([^/]*)/(.*)$", r"/\2-\1", "/b-a"),
        ("/else", "^/old/(.*)$", r"/new/\1", ""),
        ("/a'b", "^/a'(.*)$", "/100%'\\1", "/100%'b"),
        ("/x", "^/(.*)$", r"\\\1", r"\x"),
    ],
)
def test_a_part_of_the_path(path: str, pattern: str, replacement: str, expected: str) -> None:
    assert value(path, pattern, replacement) == expected


@given(PRINTABLE)
def test_any_replacement_is_taken_by_the_webhook_and_comes_out(text: str) -> None:
    replacement = text.replace("\\", r"\\")
    written = extracted("request.url_path", "^/(.*)$", replacement)
    assert header_value(written) == ""
    assert value("/x", "^/(.*)$", replacement) == text


def test_a_function_without_a_percent_sign_behind_its_bracket_is_refused() -> None:
    plain = "%CEL(re.extract(request.url_path, '^/(.*)$', 'x'))%"
    assert header_value(plain)
    assert header_value(plain, webhook=False) == ""
