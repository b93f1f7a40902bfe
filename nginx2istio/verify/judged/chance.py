"""What chance decides: shares of services, counts of statuses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set

from nginx2istio.nginx.facts.checks.rate_limits import LIMIT_STATUS
from nginx2istio.verify.judged.difference import Difference, difference
from nginx2istio.verify.judged.exchange import Exchange

Z = 3.3  # two-sided: one false difference in a thousand comparisons of shares
SURE = 1.96  # shares closer than this need no closer look
SLACK = 0.15  # of the requests sent: what counts of statuses may differ by


def distributions(recorded: Exchange, observed: Exchange, keys: Set[str]) -> list[Difference]:
    """Shares of services beyond what chance allows; counts of statuses.

    Counts may be 15 % of the requests apart when nginx itself answers now so, now so; else none.
    """
    e, o = recorded.get("distribution") or {}, observed.get("distribution") or {}
    differences = []
    left, right = _services(e), _services(o)
    if shares_differ(left, right):
        differences.append(difference("routing", "shares", left, right, "balancing"))
    refused, refuses = ({k: v for k, v in d.items() if k.startswith("status:")} for d in (e, o))
    if (left and right) or (left and refused) or (right and refuses):
        differences += _statuses(recorded, refused, refuses, keys)
    # Else one side serves all, the other nothing: that somebody else answers says it.
    return differences


def _statuses(
    recorded: Exchange, left: dict[str, int], right: dict[str, int], keys: Set[str]
) -> list[Difference]:
    # Where nginx always does the same there is nothing for chance to decide.
    slack = (
        max(1.0, SLACK * recorded["times"]) if len(recorded.get("distribution") or {}) > 1 else 0
    )
    services = set(left) | set(right)
    if any(abs(left.get(k, 0) - right.get(k, 0)) > slack for k in services):
        limited = "status:429" in services or not keys.isdisjoint(LIMIT_STATUS)
        aspect = "rate-limit" if limited else "status"
        outage = not (left and right)  # one side refuses some, the other serves all
        also = ("retries",) if outage else ("status", "retries")
        return [difference(aspect, "statuses", left, right, *also, grave=outage)]
    return []


def shares_differ(left: Mapping[str, int], right: Mapping[str, int], z: float = Z) -> bool:
    """Whether two counts by service are too far apart to be samples of the same shares.

    The test of two proportions, for each service; `z` is how many standard deviations are too far.
    False when either has no requests.
    """
    n, m = sum(left.values()), sum(right.values())
    if not n or not m:
        return False
    for service in set(left) | set(right):
        a, b = left.get(service, 0), right.get(service, 0)
        p = (a + b) / (n + m)
        if abs(a / n - b / m) > z * math.sqrt(p * (1 - p) * (1 / n + 1 / m)):
            return True
    return False


def _services(distribution: Mapping[str, int]) -> dict[str, int]:
    return {k: v for k, v in distribution.items() if not k.startswith("status:")}
