"""What nginx does with a request, as the evaluator says it, is what was recorded."""

from __future__ import annotations

import pytest

from ..conformance.evaluators import tally
from ..conformance.records import load, truth_files
from .evaluated import evaluated_as_nginx

pytestmark = pytest.mark.no_cover

UNKNOWN = 1.0
"""Per cent of the exchanges."""


def test_every_exchange_is_right_in_every_aspect_or_not_told() -> None:
    results = [
        {"id": case["id"], "evaluated": {"nginx": evaluated_as_nginx(case)}}
        for case in load(truth_files())
    ]
    wrong = [(each["id"], each["evaluated"]["nginx"]["wrong"]) for each in results]
    assert not [each for each in wrong if each[1]]
    counts = tally(results, "nginx")
    assert counts.total() > 13000
    assert 100 * counts["unknown"] / counts.total() <= UNKNOWN, counts
