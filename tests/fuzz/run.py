"""Batches of mutants, and the least part of a batch that still fails."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.fuzz.check import Failure, choose, failures
from tests.fuzz.corpus import WHOLE, by_kind
from tests.fuzz.mutations import mutant, places, written

BATCH = 12
"""Mutants that are converted together; what fails is then looked for one by one."""


@dataclass(frozen=True)
class Batch:
    """Documents, the options, and whether their neighbours must come out as without them."""

    documents: tuple[str, ...]
    options: int
    spare: bool
    scan: str = ""
    """The seed of the scan that brings the documents; "" for a file."""

    def failures(self) -> list[Failure]:
        return list(failures(self.documents, self.options, self.spare, self.scan))


def batch(seed: str, number: int) -> Batch:
    """The batch of a seed with a number; the same at every call."""
    random = Random(f"{seed}/{number}")
    spare = random.random() < 0.7
    kinds = tuple(kind for kind in by_kind() if not (spare and kind in WHOLE))
    bodies = [mutant(random, kinds, i) for i in range(BATCH)]
    documents = tuple(written(random, body) for body in bodies)
    # A broken text or a renamed kind may still be any kind.
    whole = any(kind in document for kind in WHOLE for document in documents)
    scan = f"{seed}/{number}" if random.random() < 0.25 else ""
    return Batch(documents, choose(random), spare and not whole, scan)


@dataclass(frozen=True)
class Finding:
    """A failure, and the documents that suffice for it."""

    failure: Failure
    documents: tuple[str, ...]
    options: int


def findings(tried: Batch) -> Iterator[Finding]:
    """Each kind of failure of a batch with the least documents that show it."""
    for failure in {f.kind: f for f in tried.failures()}.values():
        documents = tried.documents
        for document in documents:
            alone = replace(tried, documents=(document,))
            if _shows(alone, failure):
                documents = (_reduced(document, alone, failure),)
                break
        yield Finding(failure, documents, tried.options)


def _shows(tried: Batch, failure: Failure) -> bool:
    return any(other.kind == failure.kind for other in tried.failures())


def _reduced(document: str, tried: Batch, failure: Failure) -> str:
    """Leave out of a document all that the failure does not need."""
    try:
        body = json.loads(document)
    except ValueError:
        return document
    if not isinstance(body, dict):
        return document
    for _ in range(10):
        smaller = _without_one(body, tried, failure)
        if smaller is None:
            break
        body = smaller
    return json.dumps(body)


def _without_one(body: Any, tried: Batch, failure: Failure) -> Any:
    """The body without whatever can be left out of it; None when nothing can."""
    changed = None
    index = 0
    while index < len(list(places(body))):
        smaller = copy.deepcopy(body)
        holder, key = list(places(smaller))[index]
        del holder[key]
        if _shows(replace(tried, documents=(json.dumps(smaller),)), failure):
            body = changed = smaller
        else:
            index += 1
    return changed
