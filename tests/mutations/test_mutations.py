"""A few mutations on a real gateway, and what the operators do."""

from __future__ import annotations

import copy
import random

import pytest

from ..conformance.parts import Parts
from ..conformance.records import load, truth_files
from .estate import estate
from .gateway import Gateway
from .operators import OPERATORS, Operator
from .run import WRONG, mutations


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.__name__)
def test_a_seed_gives_one_mutation(operator: Operator) -> None:
    [case] = load(truth_files(), ["mixed/009"])
    own = estate(case)
    assert own is not None
    texts = []
    for _ in range(2):
        objects = copy.deepcopy(own.objects)
        texts.append((operator(random.Random(5), objects), objects))
    assert texts[0] == texts[1]


def test_what_changes_an_answer_is_found_and_nothing_else(parts: Parts) -> None:
    gateway = Gateway(parts)
    try:
        tried = list(mutations(gateway, load(truth_files(), ["mixed/*", "plain/*"]), 11, 24))
    finally:
        gateway.close()
    wrong = [each for each in tried if each.verdict in WRONG]
    assert not wrong
    assert sum(each.verdict == "found and shown" for each in tried) >= 8
