"""The sizes that nginx reads."""

from __future__ import annotations

import pytest

from nginx2istio.nginx.facts.header_buffers import header_buffers
from nginx2istio.nginx.facts.sizes import max_body_size, readable_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0), ("500", 500), ("8K", 8192), ("1m", 1 << 20), ("2g", 2 << 30), (" 1m ", 1 << 20),
        ("1kb", 1 << 20), ("many", 1 << 20), ("", 1 << 20), (None, 1 << 20), ("1.5m", 1 << 20),
    ],
)  # fmt: skip
def test_what_nginx_cannot_read_is_its_default(text: str | None, size: int) -> None:
    assert max_body_size(text) == size


@pytest.mark.parametrize(
    ("text", "buffers"),
    [("4 8k", (4, 8192)), (" 8  32K ", (8, 32768)), ("2 1m", (2, 1 << 20)), ("4", None)],
)
def test_header_buffers_are_a_number_and_a_size(text: str, buffers: tuple[int, int] | None) -> None:
    assert header_buffers(text) == buffers


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (1500, "1500 bytes"), (2048, "2 KiB"), (3 << 30, "3 GiB")]
)
def test_a_size_is_shown_in_its_largest_whole_unit(size: int, text: str) -> None:
    assert readable_size(size) == text
