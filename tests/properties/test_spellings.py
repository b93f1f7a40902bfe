"""However a path is spelled, Envoy decides about it what nginx decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.conformance.parts import Parts
from tests.properties.spelled_estates import spelled_estate
from tests.properties.spellings import Gateway, differences


@pytest.fixture(scope="module")
def gateway(parts: Parts) -> Iterator[Gateway]:
    running = Gateway(parts)
    yield running
    running.close()


@pytest.mark.parametrize("index", range(6))
def test_no_spelling_passes_a_protection(gateway: Gateway, index: int) -> None:
    tried = Counter[str]()
    estate = spelled_estate(11, index)
    wrong = list(differences(gateway, estate, index % 2 == 0, f"11 {index}", 300, tried))
    assert not [each for each in wrong if each.kind == "open" or not each.announced]
    assert tried["refused by nginx"] > 10
    assert tried["served"] > 10
