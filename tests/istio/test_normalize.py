"""Paths as Envoy normalizes them; each pair was seen at Envoy's backend."""

from __future__ import annotations

import pytest

from nginx2istio.istio.serve.normalize import normalized_target

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
    "/p/..%3b/y": "/p/..%3b/y",
}


@pytest.mark.parametrize("target", PARAMETERS)
def test_dot_segments_with_parameters(target: str) -> None:
    assert normalized_target(target, "DECODE_AND_MERGE_SLASHES") == PARAMETERS[target]
