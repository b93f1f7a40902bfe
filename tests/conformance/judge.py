"""A case's verdict: how each exchange compares, and what a report announces of it."""

from __future__ import annotations

import collections
import dataclasses
from typing import Any

from .announce import Finding, alarms, announced
from .compare import FAKE, compare
from .declared import Declared
from .difference import Difference
from .headers import added_by_envoy
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
    findings: list[Finding] = report.get("findings") or []
    judged = []
    for record, observed in pairs:
        differences = compare(record, observed, declared.keys)
        if declared.weighted and record["request"].get("session"):
            # Which service a session fell to is chance.
            differences = [d for d in differences if d.what != "service"]
        judged.append((record, differences))
        ways = [
            announced(d, record, findings, declared) or ("always" if d.always else "silent")
            for d in differences
        ]
        loose = sum(
            way in ("specific", "global")
            and not announced(_without_status(d), record, findings, declared)
            for d, way in zip(differences, ways, strict=True)
        )
        result["exchanges"].append(
            {
                "class": max(ways, key=CLASSES.index, default="same"),
                "request": describe(record["request"]),
                "fake": record["response"].get("cert") == FAKE,
                "differences": [
                    {
                        "aspect": d.aspect,
                        "what": d.what,
                        "nginx": d.expected,
                        "istio": d.got,
                        "way": way,
                    }
                    for d, way in zip(differences, ways, strict=True)
                ],
                "loose": loose,
                "envoy_adds": added_by_envoy(observed),
            }
        )
    false, idle = alarms(findings, judged, declared)
    result["false_alarms"] = [_short(finding) for finding in false]
    result["idle_findings"] = [_short(finding) for finding in idle]
    result["findings"] = dict(collections.Counter(f.get("severity") for f in findings))
    result["global_findings"] = [f for f in findings if "*" in (f.get("hosts") or [])]


def _without_status(difference: Difference) -> Difference:
    """The difference as announced by no finding of a mere change of status, if it is more."""
    if difference.aspect == "status":
        return difference
    return dataclasses.replace(difference, accepts=difference.accepts - {"status"})


def _short(finding: Finding) -> str:
    where = f"{finding.get('hosts')} {finding.get('paths')}"
    return f"{finding.get('code')} {finding.get('key')} {finding.get('aspects')} at {where}"
