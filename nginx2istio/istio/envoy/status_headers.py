"""Headers that only answers of certain statuses carry: a condition in the header's value.

Envoy leaves a header out whose value is empty. It evaluates the condition when an answer comes back
from a Service. What a route answers by itself has no status by then, so its headers are chosen
beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

REDIRECT = 301
"""The status of a redirect that names none (``ApplyRedirect`` in pilot)."""


class StatusHeader(str):
    """The value of a header for Envoy, which knows its text and the statuses that carry it.

    Only ``for_status`` looks at ``codes`` and ``text``: its results hold plain texts.
    """

    __slots__ = ("codes", "text")

    codes: frozenset[int]
    text: str


def by_status(codes: Iterable[int], text: str) -> StatusHeader:
    """The value of a header that is ``text`` for some statuses, and is not there for others."""
    listed = list(codes)
    value = StatusHeader(
        f"%CEL(response.code in [{', '.join(map(str, listed))}] ? '{_quoted(text)}' : '')%"
    )
    value.codes, value.text = frozenset(listed), text
    return value


def not_denied(status: int, text: str) -> str:
    """The value of a header that answers of external authorization with a status go without.

    Envoy adds a route's headers to these as well.
    """
    denied = "response.code_details == 'ext_authz_denied'"
    return f"%CEL({denied} && response.headers[':status'] == '{status}' ? '' : '{_quoted(text)}')%"


def _quoted(text: str) -> str:
    """A text within quotes: Istio's validateHeaderValue minds quotes, brackets and percents."""
    return "".join(f"\\x{ord(c):02x}" if c in "'\\\"()%" else c for c in text)


def for_status(body: dict[str, Any]) -> dict[str, Any]:
    """A route's body as it is written, its response headers being plain texts.

    A body that answers by itself has the headers for just that answer's status; one that asks a
    Service leaves the choice to Envoy.
    """
    headers = body.get("headers")
    response = headers.get("response") if headers else None
    if not response or not (_conditional(response, "set") or _conditional(response, "add")):
        return body
    status = _status(body)
    written = dict(response)
    for how in ("set", "add"):
        values = {name: _text(value, status) for name, value in response.get(how, {}).items()}
        written[how] = {name: value for name, value in values.items() if value is not None}
        if not written[how]:
            del written[how]
    headers = {**body["headers"], "response": written}
    return {**body, "headers": {k: v for k, v in headers.items() if v}}


def _conditional(response: dict[str, Any], how: str) -> bool:
    """Whether some of the headers depend on the status. Asked for every route: no generator."""
    for value in response.get(how, {}).values():  # noqa: SIM110
        if isinstance(value, StatusHeader):
            return True
    return False


def _status(body: dict[str, Any]) -> int | None:
    """The status of what a route answers by itself, None when it asks a Service."""
    if body.get("redirect"):
        return int(body["redirect"].get("redirectCode", REDIRECT))
    if body.get("directResponse"):
        return int(body["directResponse"]["status"])
    return None


def _text(value: str, status: int | None) -> str | None:
    """The text of a header in answers of a status, None when they go without it."""
    if not isinstance(value, StatusHeader):
        return value
    if status is None:
        return str(value)
    return value.text.replace("%", "%%") if status in value.codes else None
