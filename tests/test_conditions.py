"""nginx's conditions and patterns as Istio's matches."""

from __future__ import annotations

import re
from typing import Any

import pytest

from nginx2istio.bridge.snippets.conditions import condition, path_regex, reaches
from nginx2istio.istio.re2 import Untranslatable
from nginx2istio.nginx.model import Location, Origin


@pytest.mark.parametrize(
    ("args", "match", "port"),
    [
        (("$request_method", "=", "POST"), {"method": {"exact": "POST"}}, 0),
        (
            ("$request_method", "!~", "^(GET|HEAD)$"),
            {"withoutHeaders": {":method": {"regex": "(GET|HEAD)"}}},
            0,
        ),
        (
            ("$http_user_agent", "~*", "bot"),
            {"headers": {"user-agent": {"regex": "(?i).*?bot.*"}}},
            0,
        ),
        (("$http_x", "=", ""), {"withoutHeaders": {"x": {"regex": ".+"}}}, 0),
        (("$http_x", "!=", ""), {"headers": {"x": {"regex": ".+"}}}, 0),
        (("$scheme", "=", "http"), {}, 80),
        (("$scheme", "!=", "https"), {}, 80),
        (("$https", "=", "on"), {}, 443),
        (("$arg_a", "=", "1"), {"queryParams": {"a": {"exact": "1"}}}, 0),
    ],
)
def test_condition(args: tuple[str, ...], match: dict[str, Any], port: int) -> None:
    translated = condition(args)
    assert (translated.match, translated.port) == (match, port)


@pytest.mark.parametrize(
    "args",
    [
        ("$remote_addr", "=", "192.0.2.1"),
        ("-f", "$request_filename"),
        ("$http_x", "~", "a*"),  # an absent header matches, which Istio's does not
        ("$http_x", "~", "(?!a)b"),
        ("$http_x", "=", "$http_y"),
        ("$http_x_forwarded_proto", "=", "http"),  # which Envoy writes itself
        ("$arg_a", "!=", "1"),
        ("$uri",),
    ],
)
def test_what_istio_cannot_ask(args: tuple[str, ...]) -> None:
    with pytest.raises(Untranslatable):
        condition(args)


@pytest.mark.parametrize("path", ["/a/old/b", "/old/", "/x/oldie", "/older/y", "/a?q=/old/b"])
@pytest.mark.parametrize("pattern", ["^(.*)/old/(.*)$", "/old/", "^/a", "old$", r"^/x/\w+"])
def test_a_pattern_for_the_path_never_looks_into_the_query(pattern: str, path: str) -> None:
    before = re.search(pattern, path.partition("?")[0])
    whole = re.fullmatch(path_regex(pattern), path)
    assert (before is None) == (whole is None)


def test_a_pattern_that_begins_elsewhere_never_matches() -> None:
    place = Location("/shop/", "prefix", "up", Origin())
    assert reaches(place, "^/shop/old/(.*)$")
    assert reaches(place, "^/(.*)$")
    assert reaches(place, "old")
    assert not reaches(place, "^/blog/(.*)$")
    assert reaches(Location("/", "prefix", "up", Origin()), "^/blog/(.*)$")
