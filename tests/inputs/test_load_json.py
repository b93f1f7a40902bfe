"""JSON of programs: what a snapshot's line and an API server's answer may hold."""

from __future__ import annotations

import pytest

from nginx2istio.inputs.json_text import load_json


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (rb'"\ud800"', "\ufffd"),
        (rb'"\ud83e\udd8a"', "\U0001f98a"),
        (rb'"a \\ud800"', r"a \ud800"),
    ],
)
def test_half_a_character_is_replaced(data: bytes, value: str) -> None:
    assert load_json(data) == value


@pytest.mark.parametrize("data", [b'"\xed\xa0\x80"', b'"\xff"', b"NaN", b"[" * 100_000])
def test_what_is_not_json(data: bytes) -> None:
    with pytest.raises(ValueError):
        load_json(data)
