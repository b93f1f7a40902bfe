"""Shares and counts: what chance may do, and what it may not."""

from __future__ import annotations

import pytest

from nginx2istio.verify.judged.chance import SURE, shares_differ

from .records import Exchange
from .samples import aspects, exchange


def split(**counts: int) -> Exchange:
    names = {name.replace("_", ":"): n for name, n in counts.items()}
    return exchange(times=sum(counts.values()), distribution=names)


def test_shares() -> None:
    assert aspects(split(a=70, b=30), split(a=62, b=38)) == set()
    assert aspects(split(a=70, b=30), split(a=30, b=70)) == {"routing"}
    assert aspects(split(a=100), split(a=80, b=20)) == {"routing"}


def test_shares_that_need_a_closer_look() -> None:
    assert shares_differ({"a": 70, "b": 30}, {"a": 55, "b": 45}, SURE)
    assert not shares_differ({"a": 70, "b": 30}, {"a": 55, "b": 45})
    assert not shares_differ({"a": 70, "b": 30}, {"a": 68, "b": 32}, SURE)


@pytest.mark.parametrize(
    ("nginx", "istio", "expected"),
    [
        ({"a": 80, "status_503": 20}, {"a": 75, "status_503": 25}, set()),
        ({"a": 80, "status_503": 20}, {"a": 40, "status_503": 60}, {"status"}),
        ({"a": 100}, {"a": 98, "status_503": 2}, {"status"}),
        ({"status_503": 100}, {"status_503": 90, "a": 10}, {"status"}),
        ({"a": 100}, {"status_503": 100}, set()),  # that somebody else answers says it
        ({"a": 5, "status_429": 15}, {"a": 20}, {"rate-limit"}),
    ],
)
def test_statuses(nginx: dict[str, int], istio: dict[str, int], expected: set[str]) -> None:
    assert aspects(split(**nginx), split(**istio)) == expected


def test_limits_are_known_by_their_annotation() -> None:
    differing = aspects(split(a=5, status_503=15), split(a=20), "limit-rps")
    assert differing == {"rate-limit"}


def test_sessions_stay_at_one_pod() -> None:
    asked = {"session": "s"}
    sticky, loose = (
        exchange(times=8, distribution={"a": 8}, same_pod=same, asked=asked)
        for same in (True, False)
    )
    assert aspects(sticky, loose) == {"affinity"}
    assert aspects(sticky, sticky) == set()
