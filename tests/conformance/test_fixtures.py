"""What the fixtures say that a conversion writes is what a cluster takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from nginx2istio import api

from ..golden import Fixture
from .analysis import analysis_errors
from .forge import Forge
from .objects import join, text_of
from .oracle import Oracle
from .records import TRUTH
from .world import world

OUTPUTS = sorted(TRUTH.parent.glob("*/*/istio.yaml"))


def named(output: Path) -> str:
    return output.parent.relative_to(TRUTH.parent).as_posix()


@pytest.mark.parametrize("output", OUTPUTS, ids=named)
def test_cluster_takes_it(validator: Oracle, output: Path) -> None:
    given = (output.parent / "ingress.yaml").read_text()
    conversion = api.convert_text(given, Fixture(output.parent).options)
    report = api.report(conversion)
    case = {"objects": given}
    surroundings = text_of(world(case, report, {}, Forge()))
    validation = validator.validate(join(output.read_text(), surroundings))
    refused = [
        f"{r['kind']} {r['name']}: {r['errors']}" for r in validation["resources"] if r["errors"]
    ]
    assert refused == []
    assert not validation.get("failure")
    assert analysis_errors(validation.get("analysis") or [], case, report) == []
