"""What becomes of real requests, in words and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nginx2istio.base.printable import printable
from nginx2istio.verify.judged.exchange import FindingData
from nginx2istio.verify.traffic.classes import Traffic
from nginx2istio.verify.traffic.concerned import TrafficVerdicts
from nginx2istio.verify.words import MOST_SHOWN, by_count, request_text, trace_lines


def traffic_lines(traffic: Traffic, verdicts: TrafficVerdicts) -> Iterator[str]:
    """The result first, then what differs unannounced, the findings, and what was not read."""
    yield (
        f"requests: {traffic.requests:,} of {len(traffic.classes):,} classes: "
        f"{verdicts.alike:,} alike, {verdicts.announced:,} announced, "
        f"{verdicts.in_part:,} alike in all that can be told, {verdicts.unannounced:,} unannounced"
    )
    for both, count in verdicts.counterexamples[:MOST_SHOWN]:
        yield ""
        yield printable(f"N2I900 {count:,} requests such as {request_text(both.request)}")
        for difference in both.unannounced:
            what = f"{difference.what}: nginx {difference.expected}, Istio {difference.got}"
            yield printable(f"  {difference.aspect}: {what}")
        yield from (f"  nginx: {line}" for line in trace_lines(both.nginx))
        yield from (f"  istio: {line}" for line in trace_lines(both.istio))
    if len(verdicts.counterexamples) > MOST_SHOWN:
        yield f"and {len(verdicts.counterexamples) - MOST_SHOWN:,} more classes"
    if verdicts.findings:
        yield ""
        yield "findings by the requests that they concern (of these differ):"
    for each in verdicts.findings[:MOST_SHOWN]:
        finding = each.finding
        yield printable(
            f"  {each.covered:,} ({each.differing:,})  {finding['severity']} {finding['code']}"
            f" {_place(finding)}{finding.get('title', '')}"
        )
    if len(verdicts.findings) > MOST_SHOWN:
        yield f"  and {len(verdicts.findings) - MOST_SHOWN:,} more"
    if traffic.unread:
        yield ""
        yield f"not read: {traffic.unread.total():,} lines:"
        yield from (f"  {count:,}  {why}" for why, count in by_count(traffic.unread))
    if traffic.ambiguous:
        yield ""
        yield (
            f"{traffic.ambiguous:,} requests could be of several hosts: the log names none, and"
            " they count for the first whose path has the backend"
        )


def _place(finding: FindingData) -> str:
    obj = finding["object"]
    hosts: Sequence[str] = finding["hosts"]
    if hosts == ["*"]:
        return "every host: "
    return f"{obj['namespace']}/{obj['name']}: " if obj["name"] else ""


def traffic_data(traffic: Traffic, verdicts: TrafficVerdicts) -> dict[str, object]:
    """The result as JSON has it."""
    return {
        "requests": traffic.requests,
        "classes": len(traffic.classes),
        "alike": verdicts.alike,
        "alike_in_part": verdicts.in_part,
        "announced": verdicts.announced,
        "unannounced": verdicts.unannounced,
        "findings": [
            {
                **{name: each.finding[name] for name in ("code", "severity", "object", "hosts")},
                "paths": each.finding["paths"],
                "title": each.finding.get("title", ""),
                "requests": each.covered,
                "differing": each.differing,
            }
            for each in verdicts.findings
        ],
        "counterexamples": [
            {
                "request": request_text(both.request),
                "requests": count,
                "aspects": sorted({difference.aspect for difference in both.unannounced}),
            }
            for both, count in verdicts.counterexamples
        ],
        "not_read": dict(sorted(traffic.unread.items())),
        "ambiguous": traffic.ambiguous,
    }
