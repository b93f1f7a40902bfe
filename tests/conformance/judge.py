"""A case's verdict: how each exchange compares, and what a report announces of it."""

from __future__ import annotations

import collections
import dataclasses
from typing import Any

from nginx2istio.verify.judged.announce import alarms, announcers, covering
from nginx2istio.verify.judged.compare import FAKE, compare
from nginx2istio.verify.judged.declared import Declared
from nginx2istio.verify.judged.difference import Difference
from nginx2istio.verify.judged.exchange import FindingData
from nginx2istio.verify.judged.headers import added_by_envoy

from .claims import Claims
from .records import Exchange, describe

# An exchange is as bad as its worst difference, in this order.
CLASSES = ("same", "specific", "global", "always", "silent")


def judge(
    report: dict[str, Any],
    pairs: list[tuple[Exchange, Exchange]],
    declared: Declared,
    result: dict[str, Any],
) -> None:
    """Adds to a result what the exchanges, recorded and observed, say of the report."""
    findings: list[FindingData] = report.get("findings") or []
    judged, claims = [], Claims()
    for record, observed in pairs:
        differences = compare(record, observed, declared.keys)
        if declared.weighted and record["request"].get("session"):
            # Which service a session fell to is chance.
            differences = [d for d in differences if d.what != "service"]
        judged.append((record, differences))
        covered = covering(findings, record, declared)
        claims.add(covered, differences)
        ways = [_way(difference, covered) for difference in differences]
        result["exchanges"].append(
            {
                "class": max((way["way"] for way in ways), key=CLASSES.index, default="same"),
                "request": describe(record["request"]),
                "fake": record["response"].get("cert") == FAKE,
                "differences": ways,
                "loose": sum(_only_as_status(d, covered) for d in differences),
                "envoy_adds": added_by_envoy(observed),
            }
        )
    by_exchanges = alarms(findings, judged, declared)
    result["true_alarms"] = len(by_exchanges.true)
    result["false_alarms"] = [_short(finding) for finding in by_exchanges.false]
    result["idle_findings"] = [_short(finding) for finding in by_exchanges.idle]
    result["findings"] = dict(collections.Counter(f.get("severity") for f in findings))
    result["global_findings"] = [f for f in findings if "*" in (f.get("hosts") or [])]
    result["titles"] = {f.get("code"): f.get("title") for f in findings}
    result["claims"] = claims.data()


def _way(difference: Difference, covered: list[tuple[FindingData, str]]) -> dict[str, Any]:
    """A difference as the results have it, with how it is announced and by which codes."""
    how, by = announcers(difference, covered)
    return {
        "aspect": difference.aspect,
        "what": difference.what,
        "nginx": difference.expected,
        "istio": difference.got,
        "way": how or ("always" if difference.always else "silent"),
        "by": sorted({str(finding.get("code")) for finding in by}),
    }


def _only_as_status(difference: Difference, covered: list[tuple[FindingData, str]]) -> bool:
    """Whether only findings of a mere change of status announce a difference that is more."""
    if difference.aspect == "status" or not announcers(difference, covered)[0]:
        return False
    more = dataclasses.replace(difference, accepts=difference.accepts - {"status"})
    return not announcers(more, covered)[0]


def _short(finding: FindingData) -> str:
    where = f"{finding.get('hosts')} {finding.get('paths')}"
    return f"{finding.get('code')} {finding.get('key')} {finding.get('aspects')} at {where}"
