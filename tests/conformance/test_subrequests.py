"""Retries, calls for auth and mirrors, as pods see them."""

from __future__ import annotations

from typing import Any

from .records import Exchange
from .samples import aspects, exchange, sub

AUTH = sub(x_original_method="GET", x_original_url="http://a.test/foo/x", host="auth.test")
MIRROR = sub("default/shadow:80", host="shadow.test")
RETRY = sub("default/echo:80", x_forwarded_for="127.0.0.1")


def with_subs(*subs: dict[str, Any]) -> Exchange:
    return exchange(subrequests=list(subs))


def test_same() -> None:
    assert aspects(with_subs(AUTH, MIRROR, RETRY), with_subs(RETRY, AUTH, MIRROR)) == set()


def test_one_less() -> None:
    assert aspects(with_subs(AUTH), with_subs()) == {"auth"}
    assert aspects(with_subs(MIRROR), with_subs()) == {"mirror"}
    assert aspects(with_subs(RETRY), with_subs()) == {"retries"}


def test_one_more() -> None:
    assert aspects(with_subs(), with_subs(RETRY)) == {"retries"}
    assert aspects(with_subs(), with_subs(MIRROR), "mirror-target") == {"mirror"}
    assert aspects(with_subs(), with_subs(AUTH), "auth-url") == {"auth"}
    assert aspects(with_subs(), with_subs(AUTH)) == {"routing"}


def test_what_is_told() -> None:
    assert aspects(with_subs(AUTH), with_subs(AUTH | {"method": "POST"})) == {"auth"}
    untold = AUTH | {"headers": [["host", "auth.test"]]}
    assert aspects(with_subs(AUTH), with_subs(untold)) == {"auth"}
    assert aspects(with_subs(MIRROR), with_subs(MIRROR | {"body_bytes": 3})) == {"mirror"}


def test_unknown_is_not_none() -> None:
    assert aspects(exchange(), with_subs(RETRY)) == set()


def test_another_answer_says_it_all() -> None:
    other = exchange(403, "proxy", subrequests=[])
    assert aspects(with_subs(AUTH), other) == {"access"}
