"""How right the two evaluators are: nginx's of the recordings, Istio's of what the gateway did."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args

from .records import Case

Evaluator = Literal["nginx", "istio"]
EVALUATORS: tuple[Evaluator, ...] = get_args(Evaluator)
Tally = collections.Counter[str]
"""Exchanges that an evaluator has right, cannot tell (unknown) or has wrong."""

EVALUATED = """\
## The evaluators

`verify` and `explain` rest on two evaluators (proof.md). nginx's is held against the recordings,
Istio's against what pilot and Envoy did in these runs. Right is an exchange of which all compared
aspects are. Unknown are those with an aspect of which the evaluator says that it cannot tell. What
chance decides, or the pod itself, is not asked: shares, delays, gRPC, WebSockets.
"""
_TITLES = ("nginx", "Istio, with EnvoyFilters", "Istio, without")


def tally(results: Sequence[Case], evaluator: Evaluator) -> Tally:
    """The exchanges of cases, by how right an evaluator is."""
    counts: Tally = collections.Counter()
    for result in results:
        evaluated = _evaluated(result, evaluator)
        counts.update(right=evaluated.get("right", 0), unknown=evaluated.get("unknown", 0))
        counts.update(wrong=len(evaluated.get("wrong", ())))
    return counts


def _evaluated(result: Case, evaluator: Evaluator) -> dict[str, Any]:
    """What is known of an evaluator's answers; nothing of a case that it was not asked about."""
    evaluated: dict[str, Any] = (result.get("evaluated") or {}).get(evaluator, {})
    return evaluated


def evaluator_lines(results: Sequence[Case]) -> Iterator[str]:
    """How right each evaluator is, a line each, and each exchange that one has wrong."""
    for evaluator in EVALUATORS:
        counts = tally(results, evaluator)
        if counts.total():
            yield (
                f"the evaluator of {evaluator} is right on {counts['right']} of {counts.total()} "
                f"exchanges, {counts['unknown']} unknown, {counts['wrong']} wrong"
            )
        for result in results:
            for wrong in _evaluated(result, evaluator).get("wrong", ()):
                yield f"  wrong: {result['id']} {wrong['request']}: {wrong['differences']}"


def evaluator_complaints(
    results: Sequence[Case], min_right: float, max_wrong: int | None
) -> Iterator[str]:
    """What is wrong with the evaluators: too few exchanges right (per cent), or too many wrong."""
    for evaluator in EVALUATORS:
        counts = tally(results, evaluator)
        if counts.total() and 100 * counts["right"] / counts.total() < min_right:
            yield (
                f"the evaluator of {evaluator} is right on {counts['right']} of {counts.total()} "
                f"exchanges, at least {min_right:.1f} % wanted"
            )
        if max_wrong is not None and counts["wrong"] > max_wrong:
            yield f"the evaluator of {evaluator} is wrong on {counts['wrong']} exchanges"


def evaluators_section(with_filters: dict[str, Any], without: dict[str, Any]) -> Iterator[str]:
    """The lines of the page about the evaluators: a row a family."""
    sides: tuple[tuple[dict[str, Any], Evaluator], ...] = (
        (with_filters, "nginx"),
        (with_filters, "istio"),
        (without, "istio"),
    )
    families: dict[str, list[Tally]] = {}
    for column, (run, evaluator) in enumerate(sides):
        for result in run["cases"]:
            row = families.setdefault(
                result["id"].partition("/")[0], [collections.Counter() for _ in sides]
            )
            row[column].update(tally([result], evaluator))
    yield "| family | " + " | ".join(_TITLES) + " |"
    yield "|---|" + "---:|" * len(_TITLES)
    for family in sorted(families):
        yield f"| {family} | {' | '.join(map(_cell, families[family]))} |"
    columns = zip(*families.values(), strict=True)
    totals = [sum(column, collections.Counter[str]()) for column in columns]
    yield f"| **all** | {' | '.join(map(_cell, totals))} |"


def _cell(counts: Tally) -> str:
    """The exchanges that are right, and how many are not, if any."""
    others = [f"{counts[kind]:,} {kind}" for kind in ("unknown", "wrong") if counts[kind]]
    return ", ".join([f"{counts['right']:,}", *others])
