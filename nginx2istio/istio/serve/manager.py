"""Envoy's HTTP connection manager: what it refuses, and what it makes of a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nginx2istio.base.outcome import SOME_CERTIFICATE, Headers, Outcome, Request, TraceStep
from nginx2istio.istio.serve.gateway_config import GatewayConfig
from nginx2istio.istio.serve.headers.formatter import Moment, UnknownOperator, filled
from nginx2istio.istio.serve.matching import Arrived, matcher
from nginx2istio.istio.serve.normalize import NotNormalizable, normalized_target

_METHODS = frozenset(
    {
        *("ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "CONNECT", "COPY", "DELETE"),
        *("GET", "HEAD", "LINK", "LOCK", "M-SEARCH", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL"),
        *("MOVE", "MSEARCH", "NOTIFY", "OPTIONS", "PATCH", "POST", "PROPFIND", "PROPPATCH"),
        *("PURGE", "PUT", "REBIND", "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE", "TRACE", "UNBIND"),
        *("UNCHECKOUT", "UNLINK", "UNLOCK", "UNSUBSCRIBE", "UPDATE", "VERSION-CONTROL"),
    }
)
"""The methods of HTTP/1 that Envoy takes where no others are allowed (``kValidMethods``)."""
_MOST_HEADERS, _MOST_KIB = 100, 60
_AUTHORITY = re.compile(r"[A-Za-z0-9!$%&'()*+,\-.:;=@\[\]_~]*")
"""What a host may consist of (``nghttp2_check_authority``)."""


def manager_answer(status: int, text: str) -> Outcome:
    """An answer of the connection manager, before any filter."""
    return Outcome(status=status, aspect="status", trace=(TraceStep("connection", text),))


def ended(status: int, text: str) -> Outcome:
    """A connection that ends."""
    return Outcome(status=status, aspect="tls", trace=(TraceStep("connection", text),))


def arrived_request(config: GatewayConfig, request: Request, port: int) -> Arrived | Outcome:
    """The request as filters see it, or the manager's own answer."""
    manager = config.patches.manager
    refusal = _refused(manager, request)
    if refusal:
        return refusal
    request = _mutated(manager, request)
    normalization = config.mesh.get("pathNormalization", {}).get("normalization", "BASE")
    try:
        target = normalized_target(request.target, str(normalization))
    except NotNormalizable:
        return manager_answer(400, "the path can't be normalized")
    if request.http == "1.0" and not _http1(manager).get("accept_http_10"):
        return manager_answer(426, "HTTP/1.0")
    arrived = _arrived(config, request, target, port)
    if not _AUTHORITY.fullmatch(arrived.authority):
        return manager_answer(400, "no valid host")
    return arrived if arrived.host else manager_answer(400, "no host")


def _http1(manager: Mapping[str, Any]) -> Mapping[str, Any]:
    options: Mapping[str, Any] = manager.get("http_protocol_options", {})
    return options


def _refused(manager: Mapping[str, Any], request: Request) -> Outcome | None:
    """What the codec refuses."""
    if any(not "!" <= char <= "~" for char in request.target):
        return manager_answer(400, "no request target")
    custom = _http1(manager).get("allow_custom_methods")
    if request.http.startswith("1") and not custom and request.method not in _METHODS:
        return manager_answer(400, "an unknown method")
    most = manager.get("common_http_protocol_options", {}).get("max_headers_count", _MOST_HEADERS)
    size = sum(len(n) + len(v) for n, v in request.headers) + len(request.target)
    kib = manager.get("max_request_headers_kb", _MOST_KIB)
    if len(request.headers) > most or size > kib << 10:
        return manager_answer(431, "the headers are too large")
    tokens = _connection_tokens(request.headers)
    upgrades = request.header("upgrade") is not None
    if request.http.startswith("1") and not upgrades and _not_to_be_named(tokens):
        return manager_answer(400, "Connection names what it must not")
    return None


def _connection_tokens(headers: Headers) -> list[str]:
    """What Connection names, in lower case."""
    values = [value for name, value in headers if name.lower() == "connection"]
    return [token.strip().lower() for value in values for token in value.split(",")]


def _not_to_be_named(tokens: Sequence[str]) -> bool:
    """Whether ``sanitizeConnectionHeader`` refuses a request for what Connection names."""
    tokens = [token for token in tokens if token]
    return len(tokens) >= _MOST_NAMED or any(
        token in _NEVER_NAMED or token.startswith(":") for token in tokens
    )


_MOST_NAMED = 10
_NEVER_NAMED = frozenset({"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"})


def _without_hops(headers: Headers) -> Headers:
    """Without what goes no further: headers that Connection names, and Envoy's own from outside.

    An upgrade to HTTP/2 is not passed on (``sanitizeConnectionHeader``, ``cleanInternalHeaders``).
    """
    gone = set(_connection_tokens(headers)) - _STAY
    if any(n.lower() == "upgrade" and v.lower() == "h2c" for n, v in headers):
        gone |= {"upgrade", "connection", "http2-settings"}
    return tuple((n, v) for n, v in headers if n.lower() not in gone | _INTERNAL)


_STAY = frozenset({"close", "keep-alive", "upgrade", "te", "cookie", ""})
_INTERNAL = frozenset(
    f"x-envoy-{name}"
    for name in (
        *("decorator-operation", "downstream-service-cluster", "expected-rq-timeout-ms"),
        *("force-trace", "hedge-on-per-try-timeout", "internal", "ip-tags", "max-retries"),
        *("original-path", "original-url", "retriable-header-names", "retriable-status-codes"),
        *("retry-grpc-on", "retry-on", "upstream-alt-stat-name", "upstream-rq-timeout-ms"),
        *("upstream-rq-per-try-timeout-ms", "upstream-rq-timeout-alt-response"),
    )
)


def _mutated(manager: Mapping[str, Any], request: Request) -> Request:
    """The request after ``early_header_mutation_extensions``, its host without a last dot."""
    headers = request.headers
    for extension in manager.get("early_header_mutation_extensions", ()):
        for mutation in extension["typed_config"].get("mutations", ()):
            headers = _after(mutation, replace(request, headers=headers))
    host = request.host
    if manager.get("strip_trailing_host_dot"):
        host = re.sub(r"\.(?=(:[^.]*)?$)", "", host)
    headers = _without_hops(headers)
    if headers == request.headers and host == request.host:
        return request
    return replace(request, headers=headers, host=host)


def _after(mutation: Mapping[str, Any], request: Request) -> Headers:
    headers = request.headers
    if "remove" in mutation:
        return tuple(_without(headers, mutation["remove"].lower()))
    if "remove_on_match" in mutation:
        pattern = matcher(mutation["remove_on_match"]["key_matcher"]["safe_regex"]["regex"])
        return tuple((n, v) for n, v in headers if not pattern.fullmatch(n.lower()))
    append = mutation["append"]
    name, action = append["header"]["key"].lower(), append.get("append_action")
    present = any(n.lower() == name for n, _ in headers)
    if action == "OVERWRITE_IF_EXISTS" and not present:
        return headers
    try:
        value = filled(append["header"]["value"], Moment(Arrived(request, request.target, 0)))
    except UnknownOperator:
        return headers
    return (*_without(headers, name), (name, value)) if value else headers


def _without(headers: Headers, name: str) -> Iterable[tuple[str, str]]:
    return ((n, v) for n, v in headers if n.lower() != name)


def _arrived(config: GatewayConfig, request: Request, target: str, port: int) -> Arrived:
    """The request after ``mutateRequestHeaders``."""
    topology = config.mesh.get("defaultConfig", {}).get("gatewayTopology", {})
    hops = int(topology.get("numTrustedProxies", 0))
    source = request.source
    forwarded = (request.header("x-forwarded-for") or "").replace(" ", "").split(",")
    if hops and len(forwarded) >= hops and forwarded[-hops]:
        source = forwarded[-hops]
    shown = request.shows_certificate
    certificate = ""
    if shown and topology.get("forwardClientCertDetails") == "SANITIZE_SET":
        certificate = f'Hash=0;Cert="{SOME_CERTIFICATE}";Subject="{request.subject}"'
    keeps_id = bool(config.patches.manager.get("preserve_external_request_id"))
    return Arrived(request, target, port, source, hops > 0, certificate, keeps_id)
