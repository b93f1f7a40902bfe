from __future__ import annotations

import pytest
import re2 as judge  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from nginx2istio.istio.re2 import (
    Untranslatable,
    above,
    alternatives,
    groups,
    starting_with,
    takes_nothing,
    whole,
)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/foo", "/foo", True),
        ("/foo", "/FOObar/x", True),
        ("/foo", "/x/foo", False),
        ("/foo$", "/foo", True),
        ("/foo$", "/foox", False),
        ("/a(/|$)(.*)", "/a", True),
        ("/a(/|$)(.*)", "/ab", False),
        ("/a|/b", "/a/x", True),
        ("/a|/b", "/x/b/y", True),  # nginx's ^ binds to the first half only
        ("/[a|b]c", "/bc", True),
        (r"/a\|b", "/a%7Cb", True),
    ],
)
def test_matches_what_nginx_matches(pattern: str, path: str, expected: bool) -> None:
    assert bool(judge.fullmatch(starting_with(pattern), path)) is expected


@pytest.mark.parametrize(
    "pattern", [r"/a\Qb", "/(?!x)", "/b(", r"/(a)\1", "/(?<=x)", "/" + "a" * 1100]
)
def test_says_what_envoy_can_not_have(pattern: str) -> None:
    with pytest.raises(Untranslatable):
        starting_with(pattern)


def test_an_end_that_can_not_be_read_is_no_crash() -> None:
    with pytest.raises(Untranslatable):
        takes_nothing("(?!y)")


def test_a_rewrite_takes_the_rest_of_the_path() -> None:
    assert judge.sub(whole("/a(/|$)(.*)"), r"/\2", "/a/b/c") == "/b/c"
    assert judge.sub(whole("/old"), "/new", "/old/rest") == "/new"
    assert groups(whole("/a(/|$)(.*)")) == 2


def test_alternatives_inside_groups_do_not_count() -> None:
    assert not alternatives("/(a|b)/[|]")
    assert not alternatives(r"/a\Q|(\E")
    assert not alternatives("/a[^](]")
    assert alternatives("/a[](]|b")  # the first ] is a member of the class
    assert alternatives(r"/a\Q(\E|b")
    assert alternatives("/(?#(|)a")  # a comment hides what is a group
    assert alternatives("/(a)|/b")


@given(st.integers(1, 1 << 40), st.integers(-3, 3), st.integers(0, 1 << 41))
def test_a_number_matches_when_it_is_above_the_limit(limit: int, near: int, far: int) -> None:
    for number in (max(limit + near, 0), far):
        assert bool(judge.fullmatch(above(limit), str(number))) is (number > limit), number
