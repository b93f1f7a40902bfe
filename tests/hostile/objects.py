"""Our own objects with hostile values, such as no conversion writes.

What the check of our output lets through has to be taken by Istio's webhook.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from random import Random

from nginx2istio.istio.check.check import faults
from nginx2istio.istio.objects import Object, new_object
from nginx2istio.istio.yaml import documents
from tests.conformance.oracle import Oracle
from tests.fuzz.mutations import places
from tests.golden import fixtures
from tests.hostile.estate import NUMBERS, spoiled

BATCH = 40
OF_A_USER = frozenset({"value", "regex", "key", "remove", "fill_interval"})
"""Where a value of a user stands in an EnvoyFilter, besides numbers."""
EVERY_HOST = new_object(
    "Gateway",
    "istio-system",
    "every",
    {
        "selector": {"istio": "ingressgateway"},
        "servers": [
            {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*/*"]},
        ],
    },
    [],
)
"""The Gateway of all VirtualServices."""


MOST = 1 << 20
"""Bytes of an object: an API server takes no larger one, whoever wrote it."""


@cache
def _objects() -> tuple[Object, ...]:
    """The objects of Istio's of all fixtures."""
    written = (obj for fixture in fixtures() for obj in fixture.conversion.objects)
    return tuple(obj for obj in written if ".istio.io/" in obj["apiVersion"])


def mutants(seed: str, number: int) -> list[Object]:
    """A batch of objects with hostile values; the same at every call."""
    random = Random(f"objects/{seed}/{number}")
    batch = []
    for index in range(BATCH):
        obj = copy.deepcopy(dict(random.choice(_objects())))
        for _ in range(random.choice((1, 1, 2))):
            _spoil(random, obj)
        obj["metadata"]["name"] = f"m{index}"
        if len(json.dumps(obj)) < MOST:
            batch.append(obj)
    return batch


def _spoil(random: Random, obj: Object) -> None:
    """Makes one value of an object's spec hostile, or leaves it out."""
    holder, key = random.choice(list(places(obj["spec"])))
    value = holder[key]
    if obj["kind"] == "EnvoyFilter":  # whose form is ours, and no value of a user
        if isinstance(value, str) and key in OF_A_USER:
            holder[key] = spoiled(random, value)
        elif type(value) is int:
            holder[key] = _number(random)
    elif isinstance(value, str):
        holder[key] = spoiled(random, value) if random.random() < 0.9 else 7
    elif type(value) is int:
        holder[key] = _number(random) if random.random() < 0.9 else "x"
    elif random.random() < 0.5:
        del holder[key]
    elif isinstance(value, dict) and value:
        name = random.choice(sorted(value, key=str))
        value[spoiled(random, str(name))] = value.pop(name)
    elif isinstance(value, list):
        holder[key] = random.choice(([], value * 2, value * 600))


def _number(random: Random) -> int:
    return int(float(random.choice(NUMBERS[:-2])))


def passed(objects: list[Object]) -> Iterator[Object]:
    """The objects in which no fault is seen, of each alone."""
    for obj in objects:
        if not any(True for _ in faults([obj])):
            yield obj


def on_hosts(objects: list[Object]) -> list[Object]:
    """The VirtualServices among the objects, each on a host of its own at one Gateway."""
    own = [obj for obj in objects if obj["kind"] == "VirtualService" and "http" in obj["spec"]]
    for index, obj in enumerate(own):
        obj["spec"] |= {"hosts": [f"v{index}.test"], "gateways": ["istio-system/every"]}
    return [EVERY_HOST, *passed(own)]


def refused(oracle: Oracle, objects: list[Object]) -> Iterator[tuple[Object, str]]:
    """What the webhook refuses of the objects that our check lets through."""
    let_through = list(passed(objects))
    answer = oracle.validate("".join(documents(let_through)))
    for obj, verdict in zip(let_through, answer["resources"], strict=True):
        if verdict["errors"]:
            yield obj, verdict["errors"][0]
