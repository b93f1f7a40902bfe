"""What becomes of real requests: how many are answered alike, and which findings are about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from nginx2istio.base.outcome import Request
from nginx2istio.verify.compared import Compared, compared
from nginx2istio.verify.judged.exchange import FindingData
from nginx2istio.verify.record import request_record
from nginx2istio.verify.sides import Sides


@dataclass(frozen=True, slots=True)
class ConcernedRequests:
    """How many requests a finding is about, and how many of these differ as it says."""

    finding: FindingData
    covered: int
    differing: int


@dataclass(slots=True)
class TrafficVerdicts:
    """What becomes of requests, counted in requests.

    ``in_part`` are those alike in all that the evaluators can tell, which is not all. ``findings``
    are those that concern any, most requests first.
    """

    alike: int = 0
    in_part: int = 0
    announced: int = 0
    unannounced: int = 0
    findings: tuple[ConcernedRequests, ...] = ()
    counterexamples: list[tuple[Compared, int]] = field(default_factory=list)


def traffic_verdicts(sides: Sides, requests: Iterable[tuple[Request, int]]) -> TrafficVerdicts:
    """Compares both sides on each request, which stands for so many."""
    result = TrafficVerdicts()
    covered: Counter[int] = Counter()
    differing: Counter[int] = Counter()
    numbers = {id(finding): number for number, finding in enumerate(sides.findings)}
    for request, count in requests:
        both = compared(sides, request)
        for finding, _ in sides.covering(request_record(request)):
            covered[numbers[id(finding)]] += count
        for number in {numbers[id(f)] for _, findings in both.differences for f in findings}:
            differing[number] += count
        if both.unannounced:
            result.unannounced += count
            result.counterexamples.append((both, count))
        elif both.differences:
            result.announced += count
        elif both.unknown:
            result.in_part += count
        else:
            result.alike += count
    order = sorted(covered, key=lambda n: (-differing[n], -covered[n], n))
    result.findings = tuple(
        ConcernedRequests(sides.findings[n], covered[n], differing[n]) for n in order
    )
    result.counterexamples.sort(key=lambda pair: -pair[1])
    return result
