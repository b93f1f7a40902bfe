"""Paths as Envoy compares them."""

from __future__ import annotations

import pytest

from nginx2istio.istio.serve.normalize import NotNormalizable, normalized_target

SENT = "/a//b/%2E%2e/c%2Fd\\e/%7e%41%3b?x=//y"


@pytest.mark.parametrize(
    ("normalization", "path"),
    [
        ("NONE", "/a//b/%2E%2e/c%2Fd\\e/%7e%41%3b"),
        ("BASE", "/a//c%2Fd/e/~A%3b"),
        ("DEFAULT", "/a//c%2Fd/e/~A%3b"),
        ("MERGE_SLASHES", "/a/c%2Fd/e/~A%3b"),
        ("DECODE_AND_MERGE_SLASHES", "/a/c/d/e/~A%3b"),
    ],
)
def test_each_normalization(normalization: str, path: str) -> None:
    assert normalized_target(SENT, normalization) == path + "?x=//y"


def test_what_cannot_be_normalized() -> None:
    with pytest.raises(NotNormalizable):
        normalized_target("/a%00b", "BASE")
    assert normalized_target("/a%00b", "NONE") == "/a%00b"
    with pytest.raises(NotNormalizable):
        normalized_target("*", "NONE")
