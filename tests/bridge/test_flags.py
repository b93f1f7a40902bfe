"""Variables of snippets that hold fixed texts, and when an ``if`` about them holds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from nginx2istio.bridge.snippets.conditions import Condition, condition
from nginx2istio.bridge.snippets.flags import Flags
from nginx2istio.istio.re2 import Untranslatable

ONE, TWO = condition(["$http_one"]), condition(["$cookie_two", "=", "2"])
BOTH = {"headers": {**ONE.match["headers"], **TWO.match["headers"]}}


def when(flags: Flags, *args: str) -> Sequence[Condition]:
    return flags.conditions(args)


def test_a_flag_holds_under_the_condition_that_set_it() -> None:
    flags = Flags()
    flags.assign("a", "0")
    flags.assign("a", "1", ONE)
    assert when(flags, "$a", "=", "1") == [ONE]
    assert when(flags, "$a") == [ONE]
    with pytest.raises(Untranslatable):
        when(flags, "$a", "=", "0")


def test_several_conditions_set_one_flag() -> None:
    flags = Flags()
    flags.assign("a", "1", ONE)
    flags.assign("a", "1", TWO)
    assert when(flags, "$a", "=", "1") == [TWO, ONE]


def test_a_text_grows_under_each_condition() -> None:
    flags = Flags()
    flags.assign("a", "")
    flags.assign("a", "A", ONE)
    flags.assign("a", "${a}B", TWO)
    assert [c.match for c in when(flags, "$a", "=", "AB")] == [BOTH]
    with pytest.raises(Untranslatable):
        when(flags, "$a", "=", "A")


def test_what_is_no_flag_is_asked_of_the_request() -> None:
    assert when(Flags(), "$http_one") == [ONE]
    flags = Flags()
    flags.assign("a", "$request_id")
    with pytest.raises(Untranslatable):
        when(flags, "$a")
