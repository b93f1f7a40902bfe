"""One aspect in which nginx and Istio disagree about one exchange."""

from __future__ import annotations

from typing import Any

from nginx2istio.base.records import record

# What no recorded exchange can show: findings about nothing else are never false alarms.
UNSEEN = frozenset({"mirror", "logging", "waf", "buffering", "balancing", "body"})


@record(frozen=True, slots=True)
class Difference:
    """A disagreement; a finding with any aspect of `accepts` announces it.

    `always` marks what nginx does with no annotation at all. `what` names the thing that differs
    within the aspect (a header, the status, the service). `grave`: somebody else answers (served or
    not, let in or not, redirected or not).
    """

    aspect: str
    what: str
    expected: Any
    got: Any
    accepts: frozenset[str]
    always: bool = False
    grave: bool = False


def difference(
    aspect: str,
    what: str,
    expected: Any,
    got: Any,
    *also: str,
    always: bool = False,
    grave: bool = False,
) -> Difference:
    """A difference that its own aspect announces, and each of `also`."""
    return Difference(aspect, what, expected, got, frozenset({aspect, *also}), always, grave)
