"""What the fixtures say that a conversion writes is what a cluster takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from nginx2istio import api

from ..golden import Fixture
from .analysis import analysis_errors
from .forge import Forge
from .objects import documents, join, key, text_of
from .oracle import Oracle
from .records import TRUTH
from .world import world

pytestmark = pytest.mark.no_cover

ANNOUNCED = (
    ("Referenced gateway not found", {"N2I096", "N2I097"}),
    ("IST0145", {"N2I054"}),
)
"""Errors of the analyzers that findings announce: parts of their texts, and the codes."""
OUTPUTS = sorted(TRUTH.parent.glob("*/*/istio.yaml"))


def named(output: Path) -> str:
    return output.parent.relative_to(TRUTH.parent).as_posix()


@pytest.mark.parametrize("output", OUTPUTS, ids=named)
def test_cluster_takes_it(validator: Oracle, output: Path) -> None:
    given = (output.parent / "ingress.yaml").read_text()
    conversion = api.convert_text(given, Fixture(output.parent).options)
    report = api.report(conversion)
    case = {"objects": given}
    existing = {each.gateway for each in conversion.options.each}
    gateways = [o for o in documents(given) if "/".join(key(o)[1:]) in existing]
    surroundings = text_of([*world(case, report, {}, Forge()), *gateways])
    validation = validator.validate(join(output.read_text(), surroundings))
    refused = [
        f"{r['kind']} {r['name']}: {r['errors']}" for r in validation["resources"] if r["errors"]
    ]
    assert refused == []
    assert not validation.get("failure")
    codes = {finding["code"] for finding in report["findings"]}
    errors = analysis_errors(validation.get("analysis") or [], case, report)
    assert [e for e in errors if not any(p in e and codes & c for p, c in ANNOUNCED)] == []
