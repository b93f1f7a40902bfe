"""Envoy takes what every fixture converts to: one refused route would cost the whole gateway."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..golden import ROOT, Fixture, fixtures
from .oracle import Oracle
from .parts import Parts
from .ports import Block

pytestmark = pytest.mark.no_cover


@pytest.fixture(scope="module")
def gateway(parts: Parts) -> Iterator[Oracle]:
    """Real pilot and real Envoy, for one configuration after another."""
    ports = Block()
    oracle = Oracle(parts.oracle, parts.envoy, ports.first)
    yield oracle
    oracle.close()
    ports.close()


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda fixture: fixture.name)
def test_envoy_takes_it(gateway: Oracle, fixture: Fixture) -> None:
    answer = gateway.put((fixture.folder / "istio.yaml").read_text(encoding="utf-8"))
    assert not answer.get("refused")
    assert not answer.get("rejected")


def test_a_patch_that_makes_half_a_route_is_noticed(gateway: Oracle) -> None:
    file = ROOT / "forwarded_headers" / "withheld-beside-a-filter" / "istio.yaml"
    patched = file.read_text(encoding="utf-8").replace(", action: ROUTE", "")
    assert gateway.put(patched).get("rejected")
