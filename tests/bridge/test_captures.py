"""What groups of a rewrite's pattern are known to hold."""

from __future__ import annotations

import pytest

from nginx2istio.bridge.snippets.captures import fill_known, kept_start


@pytest.mark.parametrize(
    ("pattern", "target", "start"),
    [
        ("^/(.*)$", "/$1", "/"),
        ("^^/(.*)", "/$1", "/"),
        ("/(.*)", "/$1", "/"),
        ("^/app(/|$)(.*)", "/app$1$2", "/app"),
        ("^/a(b(c))(.*)$", "/a$1$3", "/a"),
        ("^/x/([a-z]+)$", "/x/$1", "/x/"),
    ],
)
def test_the_path_stays(pattern: str, target: str, start: str) -> None:
    assert kept_start(pattern, target) == start


@pytest.mark.parametrize(
    ("pattern", "target"),
    [
        ("^/(.*)$", "/x/$1"),
        ("^/app/(.*)", "/$1"),
        ("^/a(b(c))(.*)$", "/a$1$2"),  # the second group is inside of the first
        ("^/x/([a-z]+)", "/x/$1"),  # leaves out what follows
        ("/x/([a-z]+)$", "/x/$1"),  # may be found further behind
        ("^/(a)?(.*)$", "/$1$2"),
        ("^/(.*)$|^/b", "/$1"),
        ("^/(", "/$1"),
        ("^/x", "/x"),
    ],
)
def test_the_path_may_change(pattern: str, target: str) -> None:
    assert kept_start(pattern, target) is None


@pytest.mark.parametrize(
    ("target", "pattern", "any_case", "filled"),
    [
        ("$1/", "^(/dashboard)$", False, "/dashboard/"),
        ("$1/", "^(/dashboard)$", True, "$1/"),
        ("$1/", "^(/2024)$", True, "/2024/"),
        ("/x$2", "^/(.*)$", True, "/x"),
        ("/$1/$2", "^/(a|b)/(c)", False, "/$1/c"),
        ("/$1", "^/(", False, "/$1"),
    ],
)
def test_known_groups_are_written_out(
    target: str, pattern: str, any_case: bool, filled: str
) -> None:
    assert fill_known(target, pattern, any_case) == filled
