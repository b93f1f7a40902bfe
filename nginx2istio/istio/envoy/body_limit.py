"""Refusing a request body of unknown length: Envoy's buffer filter counts what it holds."""

from __future__ import annotations

from nginx2istio.istio.envoy.filters import http_filter, per_filter, skipped_where, typed
from nginx2istio.istio.objects import Object

BODY_LIMIT_FILTER = "nginx2istio.body-limit"
BUFFER = "envoy.extensions.filters.http.buffer.v3"
PASSED_BY = (("content-length", ".*"), ("upgrade", ".*"), ("content-type", "application/grpc.*"))
"""Requests of known length, and those whose body never ends (WebSocket, gRPC): not to be held."""
UNUSED = 1 << 20
"""The filter wants a limit of its own, though each route has another."""


def buffer_filter() -> Object:
    """The patch with the filter; it acts where a route or host has ``max_request_bytes``."""
    passed_by = [_header(name, pattern) for name, pattern in PASSED_BY]
    buffer = typed(f"{BUFFER}.Buffer", max_request_bytes=UNUSED)
    config = skipped_where(
        {"or_matcher": {"predicate": passed_by}}, "envoy.filters.http.buffer", buffer
    )
    return http_filter(BODY_LIMIT_FILTER, config, disabled=True)


def max_request_bytes(size: int) -> Object:
    """Fields of a route or virtual host with this limit, in bytes."""
    return per_filter(
        BODY_LIMIT_FILTER, typed(f"{BUFFER}.BufferPerRoute", buffer={"max_request_bytes": size})
    )


def _header(name: str, pattern: str) -> Object:
    """A predicate on a request header."""
    source = typed("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name=name)
    return {
        "single_predicate": {
            "input": {"name": name, "typed_config": source},
            "value_match": {"safe_regex": {"google_re2": {}, "regex": pattern}},
        }
    }
