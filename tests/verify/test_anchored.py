"""What nginx does with a request, as the evaluator says it, is what was recorded."""

from __future__ import annotations

import pytest

from nginx2istio.api import convert_text
from nginx2istio.nginx.serve import serve_as_nginx

from ..conformance.records import exported, load, truth_files
from .anchored import Anchors, add, asked, world

RIGHT, WRONG = 97.0, 3.0
"""Per cent of the exchanges."""


@pytest.fixture(scope="module")
def anchors() -> Anchors:
    """All recorded exchanges, each asked of the evaluator."""
    result = Anchors()
    for case in load(truth_files()):
        config = convert_text(exported(case)).config
        keys = {setting.key for setting in config.settings}
        here = world(case, config)
        for exchange in case["exchanges"]:
            request = asked(case, config, exchange)
            if request is not None:
                outcome = serve_as_nginx(config, request, here)
                add(result, case, exchange, request, outcome, None, keys)
    return result


def test_most_exchanges_are_right_in_every_aspect(anchors: Anchors) -> None:
    assert anchors.all > 13000
    wrong = anchors.wrong.most_common(10)
    assert 100 * anchors.right.total() / anchors.all >= RIGHT, wrong
    assert 100 * anchors.wrong.total() / anchors.all <= WRONG, wrong
