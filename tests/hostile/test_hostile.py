"""Whatever stands in annotations, the gateway takes what becomes of it, and serves the others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.oracle import Oracle
from tests.conformance.parts import Parts
from tests.conformance.ports import Block
from tests.hostile.estate import estate
from tests.hostile.served import Gateway

COUNT = 60


@pytest.fixture(scope="module")
def gateway(parts: Parts) -> Iterator[Gateway]:
    """Real pilot and real Envoy, for one estate after another."""
    ports = Block()
    oracle = Oracle(parts.oracle, parts.envoy, ports.first)
    yield Gateway(oracle, ports.first)
    oracle.close()
    ports.close()


@pytest.mark.parametrize("number", range(COUNT))
def test_the_gateway_takes_it_and_serves_the_others(gateway: Gateway, number: int) -> None:
    assert list(gateway.faults(estate("0", number))) == []
