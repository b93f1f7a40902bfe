"""The Host and other headers that back ends get: upstream-vhost, proxy-set-headers, snippets."""

from collections.abc import Iterator

from nginx2istio.rule import (
    Destination,
    Edit,
    Finding,
    HeaderLine,
    Message,
    Place,
    Route,
    UnknownVariable,
    by_port,
    envoy_value,
    request_headers,
    rule,
)

HOST_VARIABLE = Message(
    "N2I410",
    "unsupported",
    "error",
    "",
    "the Host for the back end has {variable}, whose value Istio can't put into a Host",
    "write the host out",
    frozenset({"host", "request-headers"}),
)
NO_UPGRADES = Message(
    "N2I411",
    "approximated",
    "info",
    "",
    "nginx passes a request for another protocol (WebSocket) on with Connection: {value}, so that "
    "the back end does not change the protocol; Envoy lets it",
    "nothing, unless the back end must not be asked for an upgrade",
    frozenset({"protocol", "request-headers"}),
)
VARIABLE = Message(
    "N2I412",
    "unsupported",
    "warning",
    "",
    "the header {name} for the back end has a value with {variable}, for which Envoy has no "
    "equal; it is left out",
    "write the value without the variable",
    frozenset({"request-headers"}),
)
TWICE = Message(
    "N2I413",
    "unsupported",
    "warning",
    "",
    "nginx sends a second {name} to the back end; the conversion sends one",
    "use upstream-vhost to set the Host",
    frozenset({"request-headers", "host"}),
)
NO_CONFIGMAP = Message(
    "N2I414",
    "unsupported",
    "warning",
    "",
    "the ConfigMap {name} is not among the input, so that the headers in it are unknown",
    "add the ConfigMap to the input and convert again",
    frozenset({"request-headers"}),
)
OWN = frozenset(
    {
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-forwarded-scheme",
        "x-original-forwarded-for",
        "x-original-forwarded-host",
        "x-real-ip",
        "x-request-id",
        "x-scheme",
    }
)
"""What nginx's template sets at every location: a second directive is a second header."""


@rule("upstream-vhost")
def upstream_vhost(place: Place) -> Iterator[Edit | Finding]:
    """Nginx sends this as the Host; X-Forwarded-Host stays what the client sent.

    Envoy rewrites the authority after the route's headers are made. A Host with variables of the
    request is beyond Istio, those of the Ingress are literal.
    """
    if place.upstream is None:
        return
    text = place.text("upstream-vhost")
    try:
        value = envoy_value(place, text)
    except UnknownVariable as unknown:
        yield HOST_VARIABLE("upstream-vhost", variable=str(unknown))
        return
    if "%" in value:
        if text not in ("$host", "$http_host", "$best_http_host"):  # those change nothing
            yield HOST_VARIABLE("upstream-vhost", variable=text)
        return
    yield Route("rewrite.authority", value)


@rule("connection-proxy-header")
def connection_header(place: Place) -> Iterator[Edit | Finding]:
    """Nginx sends this as Connection to the back end, for requests for an upgrade, too.

    Envoy keeps connections to back ends open; for `close` it uses each for one request.
    """
    value = place.text("connection-proxy-header")
    if place.upstream is None or not value:
        return
    if value == "close":
        yield Destination("connectionPool.http.maxRequestsPerConnection", 1)
    yield NO_UPGRADES("connection-proxy-header", value=value)


@rule(
    "proxy-set-headers",
    when="configured",
    reads=("configuration-snippet", "server-snippet", "location-snippet", "http-snippet"),
)
def passed_headers(place: Place) -> Iterator[Edit | Finding]:
    """Nginx sends the headers of the ConfigMap, and those of proxy_set_header in snippets.

    They replace the client's. Where nginx's own template sets the header as well, the back end
    gets both.
    """
    if place.upstream is None or place.location.denied or place.location.slash_redirect:
        return
    named = place.text("proxy-set-headers")
    if named and named not in place.config.configmaps:
        yield NO_CONFIGMAP("proxy-set-headers", name=named).for_every_host()
    for line in request_headers(place.config, place.server, place.location):
        name = line.name.lower()
        if line.kind != "send" and name in (*OWN, "host", "connection", "upgrade"):
            continue  # the template sends its own, whatever came in
        if name == "host":
            yield TWICE(line.key, name="Host").for_directive(line.text, line.origin)
        elif not line.value:
            if name not in OWN:
                yield Route("headers.request.remove", [line.name])
        else:
            yield from _sent(place, line, "add" if name in OWN else "set")


def _sent(place: Place, line: HeaderLine, how: str) -> Iterator[Edit | Finding]:
    for port in (80, 443) if by_port(line.value) else (0,):
        try:
            value = envoy_value(place, line.value, port)
        except UnknownVariable as unknown:
            said = VARIABLE(line.key, name=line.name, variable=str(unknown))
            yield said.for_directive(line.text, line.origin)
            return
        yield Route(f"headers.request.{how}", {line.name: value}, port=port)
