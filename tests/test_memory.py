"""A conversion owns its memory: once dropped, nothing of it stays."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

from nginx2istio import api
from nginx2istio.base.memo import MAX_RESULTS, Memory, memo
from nginx2istio.nginx.config import NginxConfig

FIXTURES = Path(__file__).parent.parent / "fixtures"


def alive() -> int:
    gc.collect()
    return sum(isinstance(each, NginxConfig) for each in gc.get_objects())


def test_ten_conversions_leave_nothing_behind() -> None:
    paths = [str(path) for path in sorted(FIXTURES.glob("*/unchanged/ingress.yaml"))]
    before = alive()
    most = 0
    for _ in range(10):
        conversion = api.convert_files(paths)
        assert conversion.config.servers
        most = max(most, alive() - before)
        del conversion
    assert most == 1
    assert alive() == before


class Owner:
    def __init__(self) -> None:
        self.memory: Memory = {}


def test_results_are_kept_in_their_owner() -> None:
    calls: list[object] = []

    @memo
    def doubled(owner: Owner, texts: list[str], times: int = 2) -> list[str]:
        calls.append(texts)
        return texts * times

    owner, texts = Owner(), ["a"]
    assert doubled(owner, texts) is doubled(owner, texts)
    assert doubled(owner, ["a"]) == ["a", "a"]
    assert doubled(owner, texts, times=3) == ["a", "a", "a"]
    assert doubled(Owner(), texts) == ["a", "a"]
    assert len(calls) == 4


def test_an_owner_ends_without_the_collector() -> None:
    @memo
    def number(owner: Owner, key: str) -> int:
        return len(key)

    owner = Owner()
    number(owner, "abc")
    reference = weakref.ref(owner)
    gc.disable()
    try:
        del owner
        assert reference() is None
    finally:
        gc.enable()


def test_the_results_of_a_function_are_few() -> None:
    @memo
    def same(owner: Owner, key: list[int]) -> list[int]:
        return key

    owner = Owner()
    for number in range(MAX_RESULTS + 10):
        assert same(owner, [number]) == [number]
    assert all(len(results) <= MAX_RESULTS for results in owner.memory.values())
