"""Headers as a client or a service may rely on them: what is compared, what is not, and how."""

from __future__ import annotations

import re
from typing import Any

from nginx2istio.verify.judged.exchange import RequestRecord

HOP = {
    *("connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer"),
    *("upgrade", "content-length", "expect"),
}
RESPONSE_IGNORED = HOP | {"date", "server", "x-pod", "set-cookie", "location"}
REQUEST_IGNORED = HOP | {"host"}
# Made by the proxy out of a certificate that is new in each run.
BY_PRESENCE = {
    *("ssl-client-cert", "ssl-client-subject-dn", "ssl-client-issuer-dn"),
    "x-forwarded-client-cert",
}
# Of pages that a proxy makes itself.
PAGE = {"content-type", "etag", "last-modified", "accept-ranges"}
# What nginx adds to everything without being asked: one finding for all hosts can announce each.
ALWAYS = {
    *("x-real-ip", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port"),
    *("x-forwarded-proto", "x-forwarded-scheme", "x-scheme", "x-original-forwarded-for"),
    *("x-original-forwarded-host", "strict-transport-security"),
}
ENVOY = re.compile(
    r"^(x-envoy-|x-b3-|x-ot-|x-istio-|x-forwarded-client-cert$|grpc-(accept-encoding|timeout)$)"
)
LISTS = re.compile(r"^(access-control-(allow|expose)-|vary$|allow$|cache-control$)")
REQUEST_ID = "<request-id>"

HeaderFields = dict[str, list[str]]


def values(headers: list[list[str]] | None) -> HeaderFields:
    """A list of [name, value] as name (lower case) -> values."""
    fields: HeaderFields = {}
    for name, value in headers or []:
        fields.setdefault(name.lower(), []).append(value.strip())
    return fields


def canonical_value(name: str, given: list[str]) -> str:
    """A header's values in one text, without what order, case or spacing of a list may differ in.

    An origin keeps its case: it is compared as a whole, elsewhere.
    """
    text = ", ".join(given)
    if LISTS.match(name):
        tokens = {token.strip() for token in text.split(",") if token.strip()}
        if name != "access-control-allow-origin":
            tokens = {token.lower() for token in tokens}
        return ", ".join(sorted(tokens))
    return re.sub(r"\s*,\s*", ", ", text)


def is_preflight(request: RequestRecord) -> bool:
    """Whether a browser would send this request to ask for permission."""
    sent = values(request.get("headers"))
    return (
        request["method"] == "OPTIONS"
        and "origin" in sent
        and "access-control-request-method" in sent
    )


def cors_effect(request: RequestRecord, headers: HeaderFields) -> dict[str, Any] | str | None:
    """What a browser makes of an answer's CORS headers: all that a client can rely on.

    None when the request is no CORS request, "refused" when the origin is not let in. ``*`` and
    the echoed origin are the same without credentials, and with ``*`` a browser never sends any;
    methods, headers and max-age count in a preflight only, exposed headers elsewhere only.
    """
    origin = next(iter(values(request.get("headers")).get("origin") or []), None)
    if origin is None:
        return None
    allowed = canonical_value(
        "access-control-allow-origin", headers.get("access-control-allow-origin") or []
    )
    if allowed != "*" and allowed.lower() != origin.lower():
        return "refused"
    preflight = is_preflight(request)
    named = ("allow-methods", "allow-headers", "max-age") if preflight else ("expose-headers",)
    effect: dict[str, Any] = {}
    for name in named:
        field = "access-control-" + name
        if field in headers:
            effect[name] = canonical_value(field, headers[field])
    credentials = headers.get("access-control-allow-credentials") == ["true"]
    return effect | {"credentials": allowed != "*" and credentials}


def location_of(headers: HeaderFields) -> str:
    """A Location as clients read it: host in lower case, no default port, ``/`` for no path."""
    text = (headers.get("location") or [""])[0]
    text = re.sub(r"^(?i:https?)://[^/?#]+", lambda match: match[0].lower(), text)
    text = re.sub(r"^(https?://[^/?#]+)(?=$|[?#])", r"\1/", text)
    default_port = r"^(http://[^/:]+):80(?=[/?]|$)|^(https://[^/:]+):443(?=[/?]|$)"
    return re.sub(default_port, lambda match: match[1] or match[2], text)


def added_by_envoy(observed: dict[str, Any]) -> list[str]:
    """Names of headers that Envoy adds on its own: not compared, but counted."""
    up = [name.lower() for name, _ in (observed.get("upstream") or {}).get("headers", [])]
    down = [name.lower() for name, _ in observed["response"].get("headers", [])]
    added = {"to the service: " + name for name in up if ENVOY.match(name)}
    return sorted(added | {"to the client: " + name for name in down if ENVOY.match(name)})
