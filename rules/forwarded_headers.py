"""The headers about the client that nginx sends to backends, and which proxies it trusts."""

from collections.abc import Iterator

from nginx2istio.rule import (
    Action,
    Edit,
    Finding,
    MeshField,
    Message,
    Place,
    Route,
    envoy_filter,
    on_route,
    route_name,
    rule,
)

LEAN = Message(
    "N2I151",
    "approximated",
    "warning",
    "Forwarded headers left out",
    "Backends no longer get X-Real-IP, X-Forwarded-Host, X-Forwarded-Port, "
    "X-Forwarded-Scheme, X-Scheme, and X-Forwarded-For as nginx writes it (--compat lean).",
    "Convert with --compat full, or check that no backend reads them.",
    frozenset({"request-headers"}),
)
LAST_PROXY = Message(
    "N2I152",
    "approximated",
    "warning",
    "Client address behind trusted proxies",
    "nginx takes the client's address from {header}: the last one that is not in {trusted}. "
    "Istio takes the address that the proxy in front of the gateway added.",
    "Set numTrustedProxies to the number of proxies in front of the gateway. Let no client "
    "reach the gateway around them.",
    frozenset({"request-headers", "access", "rate-limit"}),
)
PEER = Message(
    "N2I153",
    "approximated",
    "warning",
    "Client address from a header",
    "nginx takes the client's address from {header} when {trusted} sends it. The gateway "
    "takes the address of its peer.",
    "Set numTrustedProxies to the number of proxies in front of the gateway, if no client can"
    " reach it around them and they add to X-Forwarded-For.",
    frozenset({"request-headers", "access", "rate-limit"}),
)
HOST = Message(
    "N2I154",
    "approximated",
    "warning",
    "Host from X-Forwarded-Host",
    "nginx sends X-Forwarded-Host to the backend as the Host. The gateway sends the Host of "
    "the request.",
    "Check whether the proxy in front changes the Host. If it does, convert with --envoy-filters.",
    frozenset({"host", "request-headers"}),
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
PROXY_PROTOCOL = Message(
    "N2I156",
    "approximated",
    "warning",
    "PROXY protocol",
    "The load balancer sends the client's address by the PROXY protocol. The gateway "
    "understands it only with an annotation of its pods.",
    "Set the annotation (see the plan) before traffic comes, and let the load balancer speak "
    "the protocol.",
)
CLIENT = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
PEER_ADDRESS = "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"
ORIGINAL = "X-Original-Forwarded-For"
EVERYBODY = frozenset({"0.0.0.0/0", "::/0"})
PROXY_ACTION = (
    "annotate the pod template of the gateway, whose load balancer speaks the PROXY protocol; "
    "without the annotation the gateway does not understand its connections"
)
PROXY_ANNOTATION = """\
proxy.istio.io/config: |
  gatewayTopology:
    proxyProtocol: {}
"""
BELIEVING = (
    "use-forwarded-headers",
    "enable-real-ip",
    "proxy-real-ip-cidr",
    "forwarded-for-header",
)


def believes(place: Place) -> bool:
    """Whether nginx takes the client's address from a header (its realip module)."""
    return bool(place["use-forwarded-headers"] or place["enable-real-ip"])


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
    reads=BELIEVING,
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
        block["X-Forwarded-Host"] = "%REQ(X-FORWARDED-HOST?:AUTHORITY)%"
        block |= dict.fromkeys(("X-Forwarded-Scheme", "X-Scheme"), "%REQ(X-FORWARDED-PROTO)%")
        if place["compute-full-forwarded-for"]:
            del block["X-Forwarded-For"]  # Envoy appends its peer as nginx does
    if place["proxy-add-original-uri-header"]:
        block["X-Original-URI"] = "%REQ(:PATH)%"
    removed = ["Proxy", "X-Original-Forwarded-Host"]
    block["X-Original-Forwarded-Host"] = f"%REQ({place.text('forwarded-host-header').upper()})%"
    source = place.text("forwarded-for-header").upper()
    if place.options.envoy_filters:
        if believed and place["compute-full-forwarded-for"]:
            comma = f"%CEL('{ORIGINAL.lower()}' in request.headers ? ', ' : '')%"
            block["X-Forwarded-For"] = f"%REQ({ORIGINAL.upper()})%{comma}{PEER_ADDRESS}"
    elif source != "X-FORWARDED-FOR":  # which has Envoy's own addition by now
        removed.append(ORIGINAL)
        block[ORIGINAL] = f"%REQ({source})%"
    listening = place.config.controller.flags["http-port"]
    for port, scheme, own_port in ((80, "http", listening), (443, "https", 443)):
        if believed:
            sent = "'x-forwarded-port' in request.headers ? request.headers['x-forwarded-port']"
            by_port = {"X-Forwarded-Port": f"%CEL({sent} : '{own_port}')%"}
        else:
            by_port = {
                "X-Forwarded-Port": str(own_port),
                "X-Forwarded-Scheme": scheme,
                "X-Scheme": scheme,
            }
            if place["enable-real-ip"]:
                by_port["X-Forwarded-Proto"] = scheme
        yield Route("headers.request", {"remove": removed, "set": block | by_port}, port=port)


@rule(at="conversion", when="always", reads="proxy-add-original-uri-header")
def lean(place: Place) -> Iterator[Edit | Finding]:
    """`--compat lean` leaves the headers out; the report says so once."""
    if place.options.compat == "lean":
        yield LEAN("").for_every_host()
    elif place["proxy-add-original-uri-header"]:
        yield ORIGINAL_URI("proxy-add-original-uri-header").for_every_host()


@rule(
    *BELIEVING,
    "use-proxy-protocol",
    "forwarded-for-proxy-protocol-header",
    "client address source",
    at="conversion",
    when="always",
)
def client_address(place: Place) -> Iterator[Edit | Finding]:
    """nginx goes through X-Forwarded-For from its end, past all addresses that it trusts.

    Istio counts proxies instead (`numTrustedProxies`), and believes X-Forwarded-Proto only where
    there are any. Envoy can go by addresses, too, but only an EnvoyFilter says so.
    """
    if place["use-proxy-protocol"]:
        yield PROXY_PROTOCOL("use-proxy-protocol").for_every_host()
        yield Action("gateway-annotation", PROXY_ACTION, {"yaml": PROXY_ANNOTATION})
    if not believes(place):
        return
    trusted = place.list("proxy-real-ip-cidr") or ("0.0.0.0/0",)
    header = place.text("forwarded-for-header")
    key = "use-forwarded-headers" if place["use-forwarded-headers"] else "enable-real-ip"
    facts = {"header": header, "trusted": ", ".join(trusted)}
    plain = header.lower() == "x-forwarded-for"
    counted = plain and bool(EVERYBODY & {*trusted})
    if counted or place["use-forwarded-headers"]:
        yield MeshField("defaultConfig.gatewayTopology.numTrustedProxies", 1)
    message = LAST_PROXY if plain and (counted or place["use-forwarded-headers"]) else PEER
    yield message(key, **facts).for_every_host()
    if place["use-forwarded-headers"]:
        yield from _host(place)


def _host(place: Place) -> Iterator[Edit | Finding]:
    """The backend gets X-Forwarded-Host as the Host, where upstream-vhost names no other."""
    names = sorted(
        {
            route_name(location)
            for server in place.config.servers
            for location in server.locations
            if location.upstream and "upstream-vhost" not in location.settings
        }
    )
    if not place.options.envoy_filters:
        yield HOST("use-forwarded-headers").for_every_host()
    elif names:
        rewrite = {"route": {"host_rewrite_header": "x-forwarded-host"}}
        yield envoy_filter(place, "forwarded-host", *(on_route(name, rewrite) for name in names))
