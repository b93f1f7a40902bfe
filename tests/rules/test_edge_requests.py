"""Requests that nginx refuses are those that the findings about them name."""

from __future__ import annotations

import random
import re
import time

import pytest

from nginx2istio.nginx.uri import BadTarget, normalized
from nginx2istio.rule import Message
from nginx2istio.rule.loader import load

PARTS = (
    *("/", "/a", "/.", "/..", "/%2e", "/.%2E", "/%2e%2E", "%2F", "/%2f..", "%2F."),
    *("/..b", "/.a", "/a.", "/...", "/b%20c"),
)


def message(code: str) -> Message:
    return load().messages[code]


def above_the_root(target: str) -> bool:
    try:
        normalized(target.encode())
    except BadTarget:
        return True
    return False


def test_paths_above_the_root_are_announced_and_no_others() -> None:
    pattern = re.compile(message("N2I905").requests[0].target)
    chance = random.Random(5)
    for _ in range(20_000):
        target = "/" + "".join(chance.choices(PARTS, k=chance.randint(1, 9)))
        assert bool(pattern.search(target)) == above_the_root(target), target


def test_paths_of_slashes_and_lone_dots_alone_are_announced() -> None:
    pattern = re.compile(message("N2I924").requests[1].target)
    for target in ("//", "/.//", "//%2e", "/%2E/%2F./"):
        assert pattern.search(target), target
    for target in ("/", "/./", "//a", "/./..", "//.."):
        assert not pattern.search(target), target


@pytest.mark.parametrize("code", ["N2I905", "N2I924"])
@pytest.mark.parametrize("part", ["/", "/a", "/./", "/a/./", "/a/../", "/a/a/a/../.."])
def test_long_paths_take_no_time(code: str, part: str) -> None:
    target = "/" + part * (8000 // len(part)) + "b"
    for requests in message(code).requests:
        start = time.perf_counter()
        re.search(requests.target, target)
        assert time.perf_counter() - start < 1
