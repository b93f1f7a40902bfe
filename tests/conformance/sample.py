"""Some of the cases, chosen so that every kind of EnvoyFilter and every family is among them."""

from __future__ import annotations

import collections
import contextlib
import re
from collections.abc import Iterable, Iterator

from .converter import Converter
from .records import Case, exported

OF_EACH_FILTER = 6  # cases in which a kind of EnvoyFilter is among the objects
EVERY = 12  # of the others
FILTER = re.compile(r"nginx2istio/filter: ([a-z-]+)")


def sampled(cases: Iterable[Case], convert: Converter, envoy_filters: bool) -> Iterator[Case]:
    """The sample, in the order of the cases, always the same."""
    counts: collections.Counter[str] = collections.Counter()
    families: set[str] = set()
    for number, case in enumerate(cases):
        family = case["id"].partition("/")[0]
        text = ""
        with contextlib.suppress(Exception):  # is seen when the case is run
            text, _ = convert(exported(case), case, envoy_filters)
        kinds = set(FILTER.findall(text))
        if (
            number % EVERY
            and family in families
            and all(counts[k] >= OF_EACH_FILTER for k in kinds)
        ):
            continue
        families.add(family)
        counts.update(kinds)
        yield case
