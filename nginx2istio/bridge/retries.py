"""When a request is tried again: nginx's causes (``proxy_next_upstream``) in Istio's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

UNSENT = ("connect-failure", "refused-stream", "reset-before-request")
"""What Envoy calls it when no backend has received the request."""
BROKEN = ("connect-failure", "refused-stream", "reset")
"""Any failure before the answer begins, a timeout included (``wouldRetryFromReset``)."""
NEVER = ("retriable-headers",)
"""Matches no answer while no header is named: Istio has no perTryTimeout without retries."""


def nginx_causes(text: str, non_idempotent: bool) -> dict[str, None]:
    """The causes by nginx's names, none for ``off``; ``non_idempotent`` adds that flag."""
    causes = text.split()
    if "off" in causes:
        return {}
    return dict.fromkeys(causes + (["non_idempotent"] if non_idempotent else []))


def envoy_causes(causes: dict[str, None]) -> tuple[str, ...]:
    """The causes by Envoy's names, for requests that may be repeated after they were sent."""
    broken = BROKEN if {"error", "timeout", "invalid_header"} & causes.keys() else ()
    statuses = (name.removeprefix("http_") for name in causes if name.startswith("http_"))
    return (*broken, *statuses)


def http_retry(causes: Sequence[str], tries: int, seconds: int) -> dict[str, Any]:
    """Istio's HTTPRetry for these causes and so many tries in all, each of so many seconds."""
    if tries < 2 or not causes:
        tries, causes = 2, NEVER
    return {
        "attempts": tries - 1,
        "retryOn": ",".join(causes),
        "perTryTimeout": f"{seconds}s" if seconds > 0 else "1ms",
    }
