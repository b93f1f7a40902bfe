"""One request on both sides: what decides, what differs, and what announces it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nginx2istio.base.outcome import Aspect, Outcome, Request, World
from nginx2istio.base.printable import printable
from nginx2istio.istio.serve import serve_as_istio
from nginx2istio.nginx.serve import serve_as_nginx
from nginx2istio.verify.judged.announce import announcers, covering
from nginx2istio.verify.judged.compare import compare
from nginx2istio.verify.judged.difference import Difference
from nginx2istio.verify.judged.exchange import FindingData
from nginx2istio.verify.record import exchange_record
from nginx2istio.verify.sides import Sides
from nginx2istio.verify.words import request_text, trace_lines


@dataclass(frozen=True, slots=True)
class Explained:
    """Both outcomes, and each difference with the findings that announce it."""

    request: Request
    nginx: Outcome
    istio: Outcome
    differences: tuple[tuple[Difference, tuple[FindingData, ...]], ...]

    @property
    def unknown(self) -> frozenset[Aspect]:
        """The aspects of which one side can't be told."""
        return self.nginx.unknown | self.istio.unknown


def explained(sides: Sides, request: Request, world: World | None = None) -> Explained:
    """What both sides do with a request."""
    nearby = world or World()
    nginx = serve_as_nginx(sides.config, request, nearby)
    istio = serve_as_istio(sides.gateway, sides.at_gateway(request, nginx), nearby)
    expected, got = exchange_record(request, nginx), exchange_record(request, istio)
    covered = covering(sides.findings, expected, sides.declared)
    pairs = tuple(
        (difference, tuple(announcers(difference, covered)[1]))
        for difference in compare(expected, got, sides.declared.keys)
        if difference.aspect not in nginx.unknown | istio.unknown
    )
    return Explained(request, nginx, istio, pairs)


def explained_lines(explanation: Explained) -> Iterator[str]:
    """The request, both ways, and the differences."""
    yield printable(request_text(explanation.request))
    for name, outcome in (("nginx", explanation.nginx), ("Istio", explanation.istio)):
        yield ""
        yield f"{name}: {answer_text(outcome)}"
        yield from (f"  {line}" for line in trace_lines(outcome))
        if outcome.target:
            yield printable(f"  the backend gets {outcome.method} {outcome.target}")
            yield printable(f"    Host: {outcome.host}")
            yield from (printable(f"    {n}: {v}") for n, v in outcome.request_headers)
        if outcome.response_headers:
            yield "  the client gets"
            yield from (printable(f"    {n}: {v}") for n, v in outcome.response_headers)
    yield ""
    if not explanation.differences and not explanation.unknown:
        yield "the same in every aspect"
    for difference, findings in explanation.differences:
        text = f"{difference.what}: nginx {difference.expected}, Istio {difference.got}"
        yield printable(f"{difference.aspect}: {text}")
        for finding in findings:
            yield printable(
                f"  announced by {finding['code']} {finding.get('title', '')}{_place(finding)}"
            )
        if not findings:
            yield "  announced by nothing (N2I900)"
    if explanation.unknown:
        yield f"not known: {', '.join(sorted(explanation.unknown))}"


def _place(finding: FindingData) -> str:
    places = finding.get("places") or [finding]
    first = places[0] if isinstance(places, list) and places else {}
    return f" ({first['file']}:{first.get('line', 0)})" if first.get("file") else ""


def answer_text(outcome: Outcome) -> str:
    """Who answers, in a few words."""
    if outcome.status is None:
        return printable(" or ".join(f"{name}" for name in outcome.backends))
    if outcome.status == 0:
        return "no answer"
    return printable(f"{outcome.status} {outcome.location}".rstrip())


def explained_data(explanation: Explained) -> dict[str, Any]:
    """The explanation as JSON has it."""

    def side(outcome: Outcome) -> dict[str, Any]:
        return {
            "status": outcome.status,
            "location": outcome.location,
            "backends": {name: float(share) for name, share in outcome.backends.items()},
            "method": outcome.method,
            "target": outcome.target,
            "host": outcome.host,
            "request_headers": [list(h) for h in outcome.request_headers],
            "response_headers": [list(h) for h in outcome.response_headers],
            "trace": list(trace_lines(outcome)),
            "unknown": sorted(outcome.unknown),
        }

    return {
        "request": request_text(explanation.request),
        "nginx": side(explanation.nginx),
        "istio": side(explanation.istio),
        "differences": [
            {
                "aspect": difference.aspect,
                "what": difference.what,
                "nginx": difference.expected,
                "istio": difference.got,
                "announced_by": [finding["code"] for finding in findings],
            }
            for difference, findings in explanation.differences
        ],
    }
