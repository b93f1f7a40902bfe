"""A rule that runs once for alike locations says of each what it would say if it ran there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nginx2istio import api
from nginx2istio.convert.convert import convert
from nginx2istio.inputs.files import read
from nginx2istio.rule.loader import Rules, load
from tests.golden import Fixture, fixtures


def one_by_one(rules: Rules) -> Rules:
    each = {name: replace(rule, alike=False) for name, rule in rules.by_name.items()}
    owner = {key: each[rule.name] for key, rule in rules.owner.items()}
    return replace(rules, by_name=each, owner=owner)


TOGETHER = load()
APART = one_by_one(TOGETHER)


@pytest.mark.parametrize("filters", [False, True])
@pytest.mark.parametrize("fixture", fixtures(), ids=lambda f: f.name)
def test_the_same_is_said_one_by_one(fixture: Fixture, filters: bool) -> None:
    options = replace(fixture.options, envoy_filters=filters)
    made = []
    for rules in (TOGETHER, APART):
        conversion = convert(read([str(fixture.folder / "ingress.yaml")]), rules, options)
        made.append((api.yaml(conversion), api.report(conversion, with_plan=False)))
    assert made[0] == made[1]
