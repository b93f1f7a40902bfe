"""The headers about the client that nginx sends to back ends, and whom it believes about it."""

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
    once_per,
    route_name,
    rule,
)

LEAN = Message(
    "N2I151",
    "approximated",
    "warning",
    "",
    "back ends no longer get X-Real-IP, X-Forwarded-Host, X-Forwarded-Port, X-Forwarded-Scheme, "
    "X-Scheme, and X-Forwarded-For as nginx writes it",
    "convert with --compat full, or see that no back end reads them",
    frozenset({"request-headers"}),
)
LAST_PROXY = Message(
    "N2I152",
    "approximated",
    "warning",
    "",
    "nginx takes the client's address from {header}: the last one there that is not in {trusted}; "
    "Istio takes the one that the proxy in front of the gateway has added, whoever that is",
    "set numTrustedProxies to the number of proxies in front of the gateway, and let nobody reach "
    "it around them",
    frozenset({"request-headers", "access", "rate-limit"}),
)
PEER = Message(
    "N2I153",
    "approximated",
    "warning",
    "",
    "nginx takes the client's address from {header} when {trusted} sends it; the new gateway takes "
    "that of its peer",
    "set numTrustedProxies to the number of proxies in front of the gateway, if nobody can reach "
    "it around them and they add to X-Forwarded-For",
    frozenset({"request-headers", "access", "rate-limit"}),
)
HOST = Message(
    "N2I154",
    "approximated",
    "warning",
    "",
    "nginx passes X-Forwarded-Host on as the Host; the back end now gets the Host as it came",
    "nothing, where the proxy in front leaves the Host alone; or convert with --envoy-filters",
    frozenset({"host", "request-headers"}),
)
ORIGINAL_URI = Message(
    "N2I155",
    "approximated",
    "info",
    "",
    "X-Original-URI names the path as Envoy has tidied it up (//, %2F, ..), where nginx names it as "  # noqa: E501
    "it came",
    "nothing, unless a back end tells such spellings apart",
    frozenset({"request-headers"}),
)
PROXY_PROTOCOL = Message(
    "N2I156",
    "translated",
    "warning",
    "",
    "the load balancer tells the client's address by the PROXY protocol, which the new gateway "
    "takes only with an annotation of its pods (see what is to be done)",
    "set the annotation before traffic comes, and let the load balancer speak the protocol",
)
CLIENT = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
PEER_ADDRESS = "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"
ORIGINAL = "X-Original-Forwarded-For"
EVERYBODY = frozenset({"0.0.0.0/0", "::/0"})
PROXY_ACTION = (
    "annotate the pod template of the gateway, whose load balancer speaks the PROXY protocol; "
    "without it the gateway does not understand what comes in"
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
    when="always",
    reads=BELIEVING,
)
def forwarded_headers(place: Place) -> Iterator[Edit | Finding]:
    """Nginx replaces what the client says of itself by what it sees: address, host, port, scheme.

    With `use-forwarded-headers` it believes the client (that is, the proxy in front). Envoy appends
    to X-Forwarded-For and leaves the others alone; the route sets them. What nginx sets to nothing
    does not reach the back end: an empty value leaves the header out, as does a removal.
    """
    if place.upstream and not place.location.slash_redirect and place.options.compat != "lean":
        yield from _block(place)


@once_per("config", "options")
def _block(place: Place) -> Iterator[Edit]:
    """The headers, which are the same for all paths of all hosts."""
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
    for port, scheme, seen in ((80, "http", listening), (443, "https", 443)):
        if believed:
            told = "'x-forwarded-port' in request.headers ? request.headers['x-forwarded-port']"
            own = {"X-Forwarded-Port": f"%CEL({told} : '{seen}')%"}
        else:
            own = {"X-Forwarded-Port": str(seen), "X-Forwarded-Scheme": scheme, "X-Scheme": scheme}
            if place["enable-real-ip"]:
                own["X-Forwarded-Proto"] = scheme
        yield Route("headers.request", {"remove": removed, "set": block | own}, port=port)


@rule(at="conversion", when="always", reads="proxy-add-original-uri-header")
def lean(place: Place) -> Iterator[Edit | Finding]:
    """`--compat lean` leaves the block out, and says so once; so is what the block can't do."""
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
    """Nginx goes through X-Forwarded-For from its end, past all addresses that it trusts.

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
    """The Host that the back end sees is X-Forwarded-Host, where upstream-vhost names no other."""
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
