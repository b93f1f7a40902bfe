"""Patterns over decoded paths match what they match in every spelling, and nothing else."""

from __future__ import annotations

import random
import re

import pytest
import re2 as judge  # type: ignore[import-untyped]

from nginx2istio.istio.path_spellings import byte_spellings, path_spellings, string_match
from nginx2istio.istio.spelled_patterns import spelled

PATTERNS = (
    *("/v1:a", "/a.b", "/[^:]+/x", "/.*edit", "/[a-c:;]+/", r"/\S+e", r"/\D\d", "/ö+", "/[äö]b"),
    *("/(?:a|:)+b", "/a:?b", "/.{2,3}b", "/[^/]+a", r"/\Qa:b\E*", "/(a|ö)(.*)x", r"/[\w.:-]+$"),
    *("/[[:alpha:] ]+b", r"/\x3ab", "/%3A", "/a b", "/(.*).*", "/[^a-f]*3", "/a*:*"),
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_spelled_pattern_matches_alike(pattern: str) -> None:
    chance = random.Random(pattern)
    nginx = re.compile(pattern.replace(r"\Qa:b\E", "a:b").replace("[:alpha:]", "a-zA-Z").encode())
    envoy = judge.compile(spelled(pattern))
    for _ in range(2000):
        path = b"/" + bytes(chance.choices(b"ab3e:;x/. %\xc3\xb6\xa4", k=chance.randint(0, 6)))
        path = path.replace(b"//", b"/")
        text = "".join(chance.choice(byte_spellings(byte)) for byte in path)
        assert bool(envoy.fullmatch(text)) is bool(nginx.fullmatch(path)), (path, text)


@pytest.mark.parametrize("pattern", ["/a.b", "/.{2,3}b", "/[^/]+a", r"/\D\d"])
def test_a_dot_takes_no_line_feed(pattern: str) -> None:
    chance = random.Random(pattern)
    nginx, envoy = re.compile(pattern.encode()), judge.compile(spelled(pattern))
    for _ in range(2000):
        path = b"/" + bytes(chance.choices(b"ab3:\n\x0b\x1a", k=chance.randint(2, 4)))
        text = "".join(chance.choice(byte_spellings(byte)) for byte in path)
        assert bool(envoy.fullmatch(text)) is bool(nginx.fullmatch(path)), (path, text)


@pytest.mark.parametrize(
    "pattern",
    [
        "/api/.*",
        "/api(/|$)(.*)",
        r"/.*\.(js|css)$",
        "/[a-z]+/[^/]+/x",
        r"/v\d+",
        "/b(",
        "/a(*SKIP)b",
    ],
)
def test_what_has_one_spelling_stays(pattern: str) -> None:
    assert spelled(pattern) == pattern


def test_no_question_mark_is_taken_where_a_query_follows() -> None:
    assert spelled("/a/.*", query=True) == "/a/[^?]*"


def test_literal_paths() -> None:
    assert string_match("prefix", "/api/v1.0") == {"prefix": "/api/v1.0"}
    assert string_match("exact", "/a%20b") == {"exact": "/a%2520b"}
    assert string_match("exact", "/a b") == {"exact": "/a%20b"}
    assert string_match("prefix", "/a:b") == {"regex": "/a(?::|%3[Aa])b.*"}
    assert path_spellings("/ö") == ("/%C3%B6", "/%C3%b6", "/%c3%B6", "/%c3%b6")
    assert path_spellings("/" + "ö" * 9) == ()
