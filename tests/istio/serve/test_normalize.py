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


PARAMETERS = {
    "/p/.;/y": "/p/y",
    "/p/..;/y": "/y",
    "/p/.;": "/p/",
    "/p/..;": "/",
    "/p/..;a=b;c/y": "/y",
    "/p%2F..;/y": "/y",
    "/p/..;%2fy/z": "/y/z",
    "/p/..;\\y": "/",
    "/p/..;?q=1": "/?q=1",
    "/p/q/..;/..;/y": "/y",
    "/p//..;/y": "/p/y",
    "/p/;x/y": "/p/;x/y",
    "/p/...;/y": "/p/...;/y",
    "/p/%2e;/y": "/p/.;/y",
    "/p/.%2e;/y": "/p/..;/y",
    "/p/%2E%2E;/y": "/p/..;/y",
    "/p\\..;/y": "/p/..;/y",
    "/p%5c..;/y": "/p/..;/y",
    "/p/..%3b/y": "/p/..%3b/y",
}
"""What was asked of Envoy, and what its backend got."""


@pytest.mark.parametrize("target", PARAMETERS)
def test_dot_segments_with_parameters(target: str) -> None:
    assert normalized_target(target, "DECODE_AND_MERGE_SLASHES") == PARAMETERS[target]
