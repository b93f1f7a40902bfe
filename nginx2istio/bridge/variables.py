"""nginx variables in the value of a header: the operators by which Envoy knows the same things."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nginx2istio.bridge.place import Place

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
BY_PORT: Mapping[str, Mapping[int, str]] = {
    "scheme": {80: "http", 443: "https"},
    "server_port": {80: "80", 443: "443"},
    "https": {80: "", 443: "on"},
}
"""Variables whose value follows from the gateway's port."""
OPERATORS: Mapping[str, str] = {
    "best_http_host": "%REQ(:AUTHORITY)%",
    "content_length": "%REQ(CONTENT-LENGTH)%",
    "content_type": "%REQ(CONTENT-TYPE)%",
    "http_host": "%REQ(:AUTHORITY)%",
    "proxy_add_x_forwarded_for": "%REQ(X-FORWARDED-FOR)%",  # Envoy has appended its peer by now
    "realip_remote_addr": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
    "remote_addr": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "req_id": "%REQ(X-REQUEST-ID)%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "request_method": "%REQ(:METHOD)%",
    "request_uri": "%REQ(:PATH)%",
    "server_protocol": "%PROTOCOL%",
    "ssl_server_name": "%REQUESTED_SERVER_NAME%",
}
IN_RESPONSES: Mapping[str, str] = {
    "request_uri": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "status": "%RESPONSE_CODE%",
    "upstream_addr": "%UPSTREAM_HOST%",
    "upstream_status": "%RESPONSE_CODE%",
}
CEL: Mapping[str, str] = {
    "args": "request.query",
    "query_string": "request.query",
    "is_args": "request.query == '' ? '' : '?'",
}
"""Expressions for what no operator of its own says; not every Istio has them in header values."""
REWRITTEN = frozenset({"http_x_forwarded_for", "http_x_forwarded_proto", "http_x_request_id"})
"""Headers that Envoy itself has changed before a route sees them."""


class UnknownVariable(ValueError):
    """A variable that Envoy has no operator for; the argument is its name with the dollar."""


def variables(text: str) -> tuple[str, ...]:
    """The names of the variables in a text of nginx's configuration."""
    return tuple(match[1] or match[2] for match in VARIABLE.finditer(text))


def by_port(text: str) -> bool:
    """Whether the value depends on the port that the request came in by."""
    return any(name in BY_PORT for name in variables(text))


def envoy_value(place: Place, text: str, port: int = 0, response: bool = False) -> str:
    """The value of a header for Envoy, out of nginx's text for it.

    ``port`` is 80 or 443 where ``by_port`` says that it counts, ``response`` whether the header is
    one of the answer. Raises UnknownVariable.
    """
    value, end = "", 0
    for match in VARIABLE.finditer(text):
        value += text[end : match.start()].replace("%", "%%")
        value += _operator(place, match[1] or match[2], port, response)
        end = match.end()
    return value + text[end:].replace("%", "%%")


def _operator(place: Place, name: str, port: int, response: bool) -> str:
    literals = _literals(place)
    if name in literals:
        return literals[name].replace("%", "%%")
    if name in BY_PORT and port:
        return BY_PORT[name][port]
    if response and name in IN_RESPONSES:
        return IN_RESPONSES[name]
    if name in OPERATORS:
        return OPERATORS[name]
    if name in CEL:
        return f"%CEL({CEL[name]})%"
    header = re.fullmatch(r"(upstream_http|sent_http|http)_(\w+)", name)
    if header and header[1] == "http" and name not in REWRITTEN:
        return f"%REQ({_dashed(header[2])})%"
    if header and header[1] != "http" and response:
        return f"%RESP({_dashed(header[2])})%"
    raise UnknownVariable(f"${name}")


def _dashed(name: str) -> str:
    return name.replace("_", "-").upper()


def _literals(place: Place) -> Mapping[str, str]:
    """Variables that have one value at a place, whatever the request."""
    literals = {
        "ingress_name": place.location.ingress.name,
        "literal_dollar": "$",
        "location_path": place.location.declared,
        "namespace": place.location.ingress.namespace,
        "server_name": place.server.host,
    }
    if place.upstream:
        literals |= {
            "proxy_upstream_name": place.upstream.name,
            "service_name": place.upstream.service,
            "service_port": place.upstream.declared_port,
        }
    if place.redirect_host == place.server.host:
        literals["host"] = place.server.host
    return literals
