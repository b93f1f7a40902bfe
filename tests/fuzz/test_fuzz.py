"""A bounded run of the fuzzer with a fixed seed; ``python -m tests.fuzz`` takes any other."""

from __future__ import annotations

import pytest

from tests.fuzz.run import BATCH, batch, findings

pytestmark = pytest.mark.no_cover

DOCUMENTS = 1_500


@pytest.mark.parametrize("part", range(5))
def test_no_mutant_does_harm(part: int) -> None:
    for number in range(part, DOCUMENTS // BATCH, 5):
        tried = batch("fixed", number)
        assert not tried.failures(), list(findings(tried))


def test_batches_are_the_same_each_time() -> None:
    assert batch("fixed", 7) == batch("fixed", 7) != batch("other", 7)


def test_enough_batches_must_spare_their_neighbours() -> None:
    assert sum(batch("fixed", number).spare for number in range(50)) > 10
