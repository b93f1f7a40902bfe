"""Every fixture is proved: what it converts is answered alike, or its report says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nginx2istio import api
from nginx2istio.verify.proof import prove
from nginx2istio.verify.sides import sides
from nginx2istio.verify.words import proof_lines

from ..golden import Fixture, fixtures

pytestmark = pytest.mark.no_cover

FOLLOWED = [f for f in fixtures() if not f.options.trial]
"""The other names of a trial are not followed."""


@pytest.mark.parametrize("fixture", FOLLOWED, ids=lambda fixture: fixture.name)
@pytest.mark.parametrize("filters", [False, True], ids=["as-it-is", "with-filters"])
def test_nothing_differs_unannounced(fixture: Fixture, filters: bool) -> None:
    if filters and fixture.options.envoy_filters is True:
        return  # as it is
    options = replace(fixture.options, envoy_filters=True) if filters else fixture.options
    conversion = fixture.converted(options)
    if len(conversion.parts) > 1 or any(each.gateway for each in conversion.options.each):
        assert "controllers/" in fixture.name  # whose objects are at several gateways
        return
    both = sides(conversion, api.report(conversion, with_plan=False)["findings"])
    assert not both.gateway.patches.opaque or "own" in fixture.name
    proof = prove(both)
    assert not proof.unannounced, "\n".join(proof_lines(proof))
