"""Requests and outcomes in the format of recorded exchanges, for the rig's own comparison."""

from __future__ import annotations

from typing import Any

from nginx2istio.base.outcome import Outcome, Request
from nginx2istio.verify.judged.compare import FAKE
from nginx2istio.verify.judged.exchange import Exchange, RequestRecord


def request_record(request: Request) -> RequestRecord:
    """A request as the recordings have it."""
    return {
        "scheme": request.scheme,
        "host": request.host,
        "method": request.method,
        "target": request.target,
        "headers": [list(h) for h in request.headers],
        "body_bytes": request.body_bytes,
        "chunked": request.chunked,
        "session": None,
        "client_cert": None if request.certificate == "none" else request.certificate,
        "from": request.source,
        "http": request.http,
    }


def exchange_record(request: Request, outcome: Outcome) -> Exchange:
    """An exchange as the recordings have it. Of several backends the first is named."""
    upstream: dict[str, Any] | None = None
    if outcome.status is None:
        backend = next(iter(outcome.backends))
        if outcome.target:
            upstream = {
                "service": backend,
                "pod": None,
                "method": outcome.method,
                "target": outcome.target,
                "host": outcome.host,
                "headers": [["host", outcome.host], *(list(h) for h in outcome.request_headers)],
                "body_bytes": request.body_bytes if outcome.body else 0,
            }
        response: dict[str, Any] = {"status": request.backend_status, "by": "upstream"}
    else:
        response = {"status": outcome.status, "by": "proxy"}
        if outcome.status == 0:
            response["error"] = outcome.trace[-1].text if outcome.trace else ""
    if outcome.self_signed:
        response["cert"] = FAKE
    fields = outcome.response_headers
    response["headers"] = [[n, v] for n, v in fields if n != "set-cookie"]
    response["cookies"] = [cookie_record(v) for n, v in fields if n == "set-cookie"]
    return {
        "request": request_record(request),
        "times": 1,
        "response": response,
        "upstream": upstream,
        "subrequests": [],
    }


def cookie_record(text: str) -> dict[str, Any]:
    """A Set-Cookie header as the recordings have it: without its value."""
    first, *rest = (part.strip() for part in text.split(";"))
    pairs = (part.partition("=") for part in rest)
    attributes = {name: value if sign else True for name, sign, value in pairs}
    return {"name": first.partition("=")[0], "attributes": attributes}
