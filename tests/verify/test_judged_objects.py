"""Objects that no cluster takes: they cost themselves, and nothing that is left fails the proof."""

from __future__ import annotations

import copy
import random
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nginx2istio import api
from nginx2istio.cli import command_line
from nginx2istio.inputs.resource import Node, Resource
from nginx2istio.verify.judged_objects import judged_objects
from nginx2istio.verify.proof import prove
from nginx2istio.verify.sides import sides

from ..conformance.objects import documents
from .test_proof import SHOP

Json = dict[str, Any]
# Lists of addresses and origins multiply what has to be compared.
LISTS = [
    re.compile(r".*/(enable-cors|cors-allow-origin): .*\n"),
    re.compile(r".*/whitelist-source-range: .*\n"),
]


def broken(dice: random.Random, objects: list[Json]) -> None:
    """Drops any field or entry of an object, or gives it another value."""
    node: Any = dice.choice(objects)
    while True:
        key, value = dice.choice([*(node.items() if isinstance(node, dict) else enumerate(node))])
        if isinstance(value, dict | list) and value and dice.random() < 0.7:
            node = value
        elif dice.random() < 0.5:
            del node[key]
            return
        else:
            node[key] = dice.choice([None, [], {}, "x", 5, True])
            return


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(40))
def test_any_field_may_be_missing_or_odd(seed: int) -> None:
    options = api.Options(compat="exact", envoy_filters=bool(seed % 2))
    conversion = api.convert_text(LISTS[seed // 2 % 2].sub("", SHOP), options)
    objects: list[Json] = copy.deepcopy(documents(api.yaml(conversion)))
    broken(random.Random(seed), objects)
    accepted, problems = judged_objects(Resource(Node(each)) for each in objects)
    assert len(accepted) + len(problems) <= len(objects)
    prove(sides(conversion, api.report(conversion)["findings"], accepted))


def test_an_object_that_no_cluster_takes_is_named(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    out = tmp_path / "out.yaml"
    out.write_text(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
        "metadata: {name: a, namespace: web}\nspec: {hosts: [a.io], http: 5}\n",
        encoding="utf-8",
    )
    args = ["verify", "-q", str(tmp_path / "shop.yaml"), "--against", str(out)]
    result = CliRunner().invoke(command_line, args)
    assert result.exit_code == 1, result.output
    assert "VirtualService, left out of the proof" in result.stderr
    assert "http is 5, which is no list" in result.stderr
