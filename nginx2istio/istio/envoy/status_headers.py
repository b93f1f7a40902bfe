"""Headers that only answers of certain statuses carry: a condition in the header's value.

Envoy leaves a header out whose value is empty. It evaluates the condition when an answer comes back
from a Service; what a route answers by itself has no status by then, so it is settled beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

CONDITION = re.compile(
    r"%CEL\(response\.code in \[([\d, ]+)\] \? '((?:[^'\\]|\\x[0-9a-f]{2})*)' : ''\)%"
)
REDIRECT = 301
"""The status of a redirect that names none (``ApplyRedirect`` in pilot)."""


def by_status(codes: Iterable[int], text: str) -> str:
    """The value of a header that is ``text`` for some statuses, and is not there for others."""
    # Istio's reading of header values (validateHeaderValue) minds quotes, brackets and percents.
    quoted = "".join(f"\\x{ord(c):02x}" if c in "'\\\"()%" else c for c in text)
    return f"%CEL(response.code in [{', '.join(map(str, codes))}] ? '{quoted}' : '')%"


def for_status(body: dict[str, Any]) -> dict[str, Any]:
    """The body of a route that answers by itself, with its headers for just that answer's status.

    A body that asks a Service is returned as it is.
    """
    status = 0
    if body.get("redirect"):
        status = int(body["redirect"].get("redirectCode", REDIRECT))
    elif body.get("directResponse"):
        status = int(body["directResponse"]["status"])
    response = body.get("headers", {}).get("response", {})
    texts = (v for how in ("set", "add") for v in response.get(how, {}).values())
    if not status or not any(v.startswith("%CEL(response.code") for v in texts):
        return body
    kept: dict[str, Any] = dict(response)
    for how in ("set", "add"):
        values = {k: _value(v, status) for k, v in response.get(how, {}).items()}
        kept[how] = {k: v for k, v in values.items() if v is not None}
        if not kept[how]:
            del kept[how]
    headers = {**body["headers"], "response": kept}
    return {**body, "headers": {k: v for k, v in headers.items() if v}}


def _value(value: str, status: int) -> str | None:
    condition = CONDITION.fullmatch(value)
    if condition is None:
        return value
    if status not in {int(code) for code in condition[1].split(",")}:
        return None
    text = re.sub(r"\\x(..)", lambda found: chr(int(found[1], 16)), condition[2])
    return text.replace("%", "%%")
