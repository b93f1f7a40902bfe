"""The pattern for lengths over a limit, and the sizes that nginx reads."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nginx2istio.rule.loader import load

load()
RULE = sys.modules["nginx2istio.rules.body_size"]


@given(st.integers(1, 1 << 40), st.integers(-3, 3), st.integers(0, 1 << 41))
def test_a_length_matches_when_it_is_over_the_limit(limit: int, near: int, far: int) -> None:
    pattern = re.compile(RULE.above(limit))
    for length in (max(limit + near, 0), far):
        assert bool(pattern.fullmatch(str(length))) is (length > limit), length


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0), ("500", 500), ("8K", 8192), ("1m", 1 << 20), ("2g", 2 << 30), (" 1m ", 1 << 20),
        ("1kb", 1 << 20), ("many", 1 << 20), ("", 1 << 20), (None, 1 << 20), ("1.5m", 1 << 20),
    ],
)  # fmt: skip
def test_what_nginx_cannot_read_is_its_default(text: str | None, size: int) -> None:
    assert RULE.limit(text) == size
