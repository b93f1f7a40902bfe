"""The client's address: which proxies nginx trusts to say it, and what Istio has for that."""

from collections.abc import Iterator

from nginx2istio.rule import (
    Action,
    Edit,
    Finding,
    MeshField,
    Message,
    Place,
    Requests,
    addresses,
    envoy_filter,
    on_route,
    route_name,
    rule,
)

LAST_PROXY = Message(
    "N2I152",
    "approximated",
    "warning",
    "Client address behind trusted proxies",
    "nginx takes {chosen} as the client's. "
    "Istio takes the address that the proxy in front of the gateway added.",
    "Set numTrustedProxies to the number of proxies in front of the gateway. Let no client "
    "reach the gateway around them.",
    frozenset({"request-headers", "rate-limit"}),
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
    frozenset({"request-headers", "rate-limit"}),
)
ADMITTED = Message(
    "N2I157",
    "approximated",
    "error",
    "Address list behind proxies",
    "nginx checks {chosen}. Istio checks {other}, so it can admit a client that nginx denies.",
    "Set numTrustedProxies to the number of proxies in front of the gateway, and check that the "
    "list has the addresses that the gateway then sees.",
    frozenset({"access", "auth"}),
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
    (Requests(header="X-Forwarded-Host"),),
)
PROXY_PROTOCOL = Message(
    "N2I156",
    "approximated",
    "info",
    "Client address by PROXY protocol",
    "The load balancer sends the client's address by the PROXY protocol. The gateway "
    "understands it only with an annotation of its pods.",
    "Set the annotation (see the plan) before traffic comes, and let the load balancer speak "
    "the protocol.",
)
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


ADDRESS_KEYS = (
    "use-forwarded-headers",
    "enable-real-ip",
    "proxy-real-ip-cidr",
    "forwarded-for-header",
)


@rule(
    *ADDRESS_KEYS,
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
    if not (place["use-forwarded-headers"] or place["enable-real-ip"]):
        return
    trusted = place.list("proxy-real-ip-cidr") or ("0.0.0.0/0",)
    header = place.text("forwarded-for-header")
    key = "use-forwarded-headers" if place["use-forwarded-headers"] else "enable-real-ip"
    facts = {"header": header, "trusted": ", ".join(trusted), "chosen": _chosen(place)}
    if _counts(place) or place["use-forwarded-headers"]:
        yield MeshField("defaultConfig.gatewayTopology.numTrustedProxies", 1)
    message = LAST_PROXY if _counts(place) else PEER
    yield message(key, **facts).for_requests(Requests(header=header)).for_every_host()
    if place["use-forwarded-headers"]:
        yield from _host(place)


@rule(at="location", when="always", reads=ADDRESS_KEYS)
def listed_addresses(place: Place) -> Iterator[Edit | Finding]:
    """Where an address list decides who enters, another reading of the address is an error."""
    key = next((key for key in ADDRESS_KEYS[:2] if place[key]), "")
    if not key or not addresses(place.config, place.location):
        return
    added = "the one that the proxy in front of the gateway added"
    other = added if _counts(place) else "the address of its peer"
    finding = ADMITTED(key, chosen=_chosen(place), other=other)
    finding = finding.for_requests(Requests(header=place.text("forwarded-for-header")))
    setting = place.global_setting(key)
    yield finding.for_directive(setting.text, setting.origin) if setting else finding


def _counts(place: Place) -> bool:
    """Whether Istio takes the address from X-Forwarded-For, by the number of proxies."""
    trusted = EVERYBODY & {*(place.list("proxy-real-ip-cidr") or EVERYBODY)}
    plain = place.text("forwarded-for-header").lower() == "x-forwarded-for"
    return plain and bool(trusted or place["use-forwarded-headers"])


def _chosen(place: Place) -> str:
    """Which address of the header nginx takes (real_ip_recursive)."""
    header, trusted = place.text("forwarded-for-header"), place.list("proxy-real-ip-cidr")
    if not trusted or EVERYBODY & {*trusted}:
        return f"the first address of {header}"
    return f"the last address of {header} that is not in {', '.join(trusted)}"


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
    if not place.options.filters("forwarded-host"):
        yield HOST("use-forwarded-headers").for_every_host()
    elif names:
        rewrite = {"route": {"host_rewrite_header": "x-forwarded-host"}}
        yield envoy_filter(
            place, "forwarded-host", "forwarded-host", *(on_route(name, rewrite) for name in names)
        )
