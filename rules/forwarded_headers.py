"""The headers about the client that nginx sends to backends, and which proxies it trusts."""

from collections.abc import Iterator

from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Place,
    Route,
    extracted,
    rule,
)

ORIGINAL_URI = Message(
    "N2I155",
    "approximated",
    "info",
    "X-Original-URI of a normalized path",
    "X-Original-URI has the path as Envoy normalizes it (//, %2F, ..). nginx writes the path "
    "that the client sent.",
    "Check backends that distinguish such spellings.",
    frozenset({"request-headers"}),
)
CLIENT = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
PEER_ADDRESS = "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"
ORIGINAL = "X-Original-Forwarded-For"
WITHOUT_PEER = extracted("request.headers['x-forwarded-for']", "^(.*), ?[^,]*$", r"\1")
"""The client's own X-Forwarded-For: Envoy has appended the address of its peer."""
SENT_HOST = "%REQ(X-FORWARDED-HOST?:AUTHORITY)%"
FIRST_HOST = extracted(
    "'x-forwarded-host' in request.headers ? request.headers['x-forwarded-host'] : request.host",
    "^([^,]*)(.*)$",
    r"\1",
)
"""The first of the hosts of X-Forwarded-Host (``parse_x_forwarded_host``), else that asked for."""
SCHEME = ("X-Forwarded-Scheme", "X-Scheme")
ORIGINAL_HOST_HEADER = "X-Original-Forwarded-Host"


@rule(
    "compute-full-forwarded-for",
    "forwarded-host-header",
    "proxy-add-original-uri-header",
    "X-Forwarded-For",
    "X-Real-IP",
    "X-Forwarded-Proto / -Scheme / X-Scheme",
    "X-Forwarded-Host / -Port",
    "X-Original-Forwarded-For / -Host, Proxy header",
    at="proxied",
    when="always",
    reads=("use-forwarded-headers", "enable-real-ip", "forwarded-for-header"),
)
def forwarded_headers(place: Place) -> Iterator[Edit | Finding]:
    """nginx replaces the client's headers by what it sees: address, host, port, scheme.

    With `use-forwarded-headers` it believes the client, that is, the proxy in front. Envoy appends
    to X-Forwarded-For and leaves the others alone; the route sets them. A header that nginx sets
    to nothing does not reach the backend: Envoy, too, leaves out a header with an empty value.
    """
    if place.options.compat == "lean":
        return
    believed = bool(place["use-forwarded-headers"])
    block = dict.fromkeys(("X-Real-IP", "X-Forwarded-For"), CLIENT)
    block["X-Forwarded-Host"] = "%REQ(:AUTHORITY)%"
    if believed:
        decides = place.options.filters("forwarded-host")
        block["X-Forwarded-Host"] = FIRST_HOST if decides else SENT_HOST
        block |= dict.fromkeys(SCHEME, "%REQ(X-FORWARDED-PROTO)%")
        if place["compute-full-forwarded-for"]:
            del block["X-Forwarded-For"]  # Envoy appends its peer as nginx does
    if place["proxy-add-original-uri-header"]:
        block["X-Original-URI"] = "%REQ(:PATH)%"
    removed = ["Proxy"]
    if place.builds("forwarded-host-header"):
        removed.append(ORIGINAL_HOST_HEADER)
        block[ORIGINAL_HOST_HEADER] = f"%REQ({place.text('forwarded-host-header').upper()})%"
    source = place.text("forwarded-for-header").upper()
    if place.options.filters("client-headers"):
        if believed and place["compute-full-forwarded-for"]:
            comma = f"%CEL('{ORIGINAL.lower()}' in request.headers ? ', ' : '')%"
            block["X-Forwarded-For"] = f"%REQ({ORIGINAL.upper()})%{comma}{PEER_ADDRESS}"
    elif source != "X-FORWARDED-FOR":
        removed.append(ORIGINAL)
        block[ORIGINAL] = f"%REQ({source})%"
    elif place.builds("forwarded-for-header"):
        removed.append(ORIGINAL)
        block[ORIGINAL] = WITHOUT_PEER
    listening = place.config.controller.flags["http-port"]
    for port, scheme, own_port in ((80, "http", listening), (443, "https", 443)):
        if believed:
            sent = "'x-forwarded-port' in request.headers ? request.headers['x-forwarded-port']"
            by_port = {"X-Forwarded-Port": f"%CEL({sent} : '{own_port}')%"}
        else:
            by_port = {"X-Forwarded-Port": str(own_port), **dict.fromkeys(SCHEME, scheme)}
            if place["enable-real-ip"]:
                by_port["X-Forwarded-Proto"] = scheme
        yield Route("headers.request", {"remove": removed, "set": block | by_port}, port=port)


@rule(at="conversion", when="always", reads="proxy-add-original-uri-header")
def original_uri(place: Place) -> Iterator[Edit | Finding]:
    """The header has the path as Envoy writes it; the report says so once."""
    if place.options.compat != "lean" and place["proxy-add-original-uri-header"]:
        yield ORIGINAL_URI("proxy-add-original-uri-header").for_every_host()
