"""A few mutations on a real gateway, and what the operators do."""

from __future__ import annotations

import copy
import random

import pytest

from nginx2istio.base.outcome import Request

from ..conformance.parts import Parts
from ..conformance.records import load, truth_files
from ..conformance.reply import Received, reply_to
from .estate import estate, sendable
from .gateway import Gateway
from .operators import OPERATORS, Operator
from .run import WRONG, mutations

pytestmark = pytest.mark.no_cover


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


def test_pods_speak_what_they_are_asked_in() -> None:
    [case] = load(truth_files(), ["backendprotocol/grpcs"])
    own = estate(case)
    assert own is not None
    assert own.case["tls_pods"] == ["default/echo:80"]


def test_a_type_with_a_plus_is_asked_for_as_it_is() -> None:
    [case] = load(truth_files(), ["mixed/009"])
    own = estate(case)
    assert own is not None
    request = sendable(own, Request(backend_headers=(("content-type", "image/svg+xml"),)), [])
    assert request is not None
    received = Received("GET", request["target"], "1.1", [], 0)
    assert reply_to(received).headers == (("Content-Type", "image/svg+xml"),)


@pytest.mark.parametrize(
    ("names", "seed", "count", "shown"),
    [(["mixed/*", "plain/*"], 11, 24, 8), (["backendprotocol/grpcs"], 708, 8, 3)],
    ids=["many", "pods-with-http2-over-tls"],
)
def test_what_changes_an_answer_is_found_and_nothing_else(
    parts: Parts, names: list[str], seed: int, count: int, shown: int
) -> None:
    gateway = Gateway(parts)
    try:
        tried = list(mutations(gateway, load(truth_files(), names), seed, count))
    finally:
        gateway.close()
    wrong = [each for each in tried if each.verdict in WRONG]
    assert not wrong
    assert sum(each.verdict == "found and shown" for each in tried) >= shown
