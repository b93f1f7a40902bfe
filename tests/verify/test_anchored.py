"""What nginx does with a request, as the evaluator says it, is what was recorded."""

from __future__ import annotations

import pytest

from nginx2istio.api import convert_text
from nginx2istio.nginx.serve import serve_as_nginx

from ..conformance.records import exported, load, truth_files
from .anchored import Anchors, AuthCache, add, asked
from .surroundings import as_pods_see, world

UNKNOWN = 1.0
"""Per cent of the exchanges."""


@pytest.fixture(scope="module")
def anchors() -> Anchors:
    """All recorded exchanges, each asked of the evaluator."""
    result = Anchors()
    for case in load(truth_files()):
        config = convert_text(exported(case)).config
        keys = {setting.key for setting in config.settings}
        here, cache = world(case, config), AuthCache()
        for exchange in case["exchanges"]:
            request = asked(case, config, exchange, cache)
            if request is not None:
                outcome = as_pods_see(case, config, serve_as_nginx(config, request, here))
                add(result, case, exchange, request, outcome, None, keys)
    return result


def test_every_exchange_is_right_in_every_aspect_or_not_told(anchors: Anchors) -> None:
    assert anchors.all > 13000
    assert not anchors.wrong, anchors.examples
    assert 100 * anchors.unknown.total() / anchors.all <= UNKNOWN, anchors.unknown
