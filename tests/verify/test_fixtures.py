"""Every fixture is proved: what it converts is answered alike, or its report says so."""

from __future__ import annotations

import pytest

from nginx2istio import api
from nginx2istio.verify.proof import prove
from nginx2istio.verify.sides import sides
from nginx2istio.verify.words import proof_lines

from ..golden import Fixture, fixtures

FOLLOWED = [f for f in fixtures() if not f.options.trial]
"""The other names of a trial are not followed."""


@pytest.mark.parametrize("fixture", FOLLOWED, ids=lambda fixture: fixture.name)
def test_nothing_differs_unannounced(fixture: Fixture) -> None:
    conversion = fixture.conversion
    if len(conversion.parts) > 1 or any(each.gateway for each in conversion.options.each):
        assert "controllers/" in fixture.name  # whose objects are at several gateways
        return
    proof = prove(sides(conversion, api.report(conversion, with_plan=False)["findings"]))
    assert not proof.unannounced, "\n".join(proof_lines(proof))
