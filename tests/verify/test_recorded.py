"""A recorded case of each family is proved; ``python -m tests.verify`` proves them all."""

from __future__ import annotations

from functools import cache

import pytest

from ..conformance.records import Case, load, truth_files
from .recorded import proved

pytestmark = pytest.mark.no_cover


@cache
def first_of_families() -> dict[str, Case]:
    """The first case of each family."""
    cases: dict[str, Case] = {}
    for case in load(truth_files()):
        cases.setdefault(case["id"].partition("/")[0], case)
    return cases


@pytest.mark.parametrize("filters", [False, True], ids=["without-filters", "with-filters"])
@pytest.mark.parametrize("family", first_of_families())
def test_nothing_differs_unannounced(family: str, filters: bool) -> None:
    result = proved(first_of_families()[family], filters)
    assert not result.wrong, f"{result.name}\n{result.wrong}"
    assert result.classes or not result.served
