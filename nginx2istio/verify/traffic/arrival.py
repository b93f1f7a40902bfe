"""One request as a log or a recording has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PROPFIND"}
)
"""Methods that are counted; what scanners make up is not."""
_VERSIONS = {"0.9": "1.0", "1.0": "1.0", "2.0": "2", "3.0": "2"}
_REQUEST_LINE = re.compile(r"([A-Z]+) (\S+)(?: HTTP/(\d(?:\.\d)?))?")


class ArrivalLine(NamedTuple):
    """What is known of a request.

    ``host`` is "" where it is not known; then ``upstream`` (``namespace-service-port``) may tell.
    ``scheme`` "" is not known either. ``headers`` are those that were kept, names in lower case.
    """

    method: str
    target: str
    host: str = ""
    scheme: str = ""
    http: str = "1.1"
    upstream: str = ""
    status: str = ""
    source: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class NoRequest(ValueError):
    """A line that says nothing of a request; the text is why, the same for all of a kind."""


LineReader = Callable[[str], ArrivalLine]
"""Reads one line. Raises NoRequest."""


def from_variables(values: Mapping[str, str], header_names: Sequence[str]) -> ArrivalLine:
    """The request of nginx's variables; ``header_names`` are those like ``http_x``.

    Raises NoRequest.
    """
    if "request" in values:
        match = _REQUEST_LINE.fullmatch(values["request"])
        if not match:
            raise NoRequest("no HTTP request line")
        method, target, http = match[1], match[2], match[3] or "0.9"
    else:
        method, target = values.get("request_method", ""), values.get("request_uri", "")
        target = target or values.get("uri", "")
        http = values.get("server_protocol", "HTTP/1.1").removeprefix("HTTP/")
        if not target:
            raise NoRequest("no HTTP request line")
    if method not in METHODS:
        raise NoRequest("an unknown method")
    headers = tuple(
        (name[5:].replace("_", "-"), values[name])
        for name in header_names
        if values.get(name, "-") not in ("", "-")
    )
    return ArrivalLine(
        method,
        target,
        _known(values.get("host") or values.get("http_host") or values.get("server_name")),
        _scheme(values),
        _VERSIONS.get(http, "1.1"),
        _known(values.get("proxy_upstream_name")),
        values.get("status", ""),
        _known(values.get("remote_addr")),
        headers,
    )


def _known(text: str | None) -> str:
    return "" if text in (None, "-", "_") else str(text)


def _scheme(values: Mapping[str, str]) -> str:
    if values.get("scheme") in ("http", "https"):
        return values["scheme"]
    return {"443": "https", "80": "http"}.get(values.get("server_port", ""), "")
