"""Whatever stands in annotations, the gateway takes what becomes of it, and serves the others.

``python -m tests.hostile`` runs any number of estates.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nginx2istio.istio.yaml import documents
from tests.conformance.oracle import Oracle
from tests.conformance.parts import Parts
from tests.conformance.ports import Block
from tests.hostile.estate import estate
from tests.hostile.objects import mutants, on_hosts, refused
from tests.hostile.served import Gateway

pytestmark = pytest.mark.no_cover

ESTATES, BATCHES = 20, 10


@pytest.fixture(scope="module")
def gateway(parts: Parts) -> Iterator[Gateway]:
    """Real pilot and real Envoy, for one estate after another."""
    ports = Block()
    oracle = Oracle(parts.oracle, parts.envoy, ports.first)
    yield Gateway(oracle, ports.first)
    oracle.close()
    ports.close()


@pytest.mark.parametrize("number", range(ESTATES))
def test_the_gateway_takes_it_and_serves_the_others(gateway: Gateway, number: int) -> None:
    assert list(gateway.faults(estate("0", number))) == []


@pytest.mark.parametrize("number", range(BATCHES))
def test_istio_takes_objects_without_a_fault(validator: Oracle, number: int) -> None:
    assert [reason for _, reason in refused(validator, mutants("0", number))] == []


@pytest.mark.parametrize("number", range(BATCHES))
def test_envoy_takes_routes_without_a_fault(gateway: Gateway, number: int) -> None:
    routes = on_hosts(mutants("0", number))
    answer = gateway.oracle.put("".join(documents(routes)))
    assert not answer.get("refused")
    assert not answer.get("rejected")
