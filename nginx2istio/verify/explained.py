"""One request on both sides in words: what decides, what differs, and what announces it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nginx2istio.base.outcome import Outcome
from nginx2istio.base.printable import printable
from nginx2istio.verify.compared import Compared
from nginx2istio.verify.judged.exchange import FindingData
from nginx2istio.verify.words import request_text, trace_lines


def explained_lines(explanation: Compared) -> Iterator[str]:
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
    if not (explanation.all_differences or explanation.unknown):
        yield "the same in every aspect"
    for difference, findings in explanation.all_differences:
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


def explained_data(explanation: Compared) -> dict[str, Any]:
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
