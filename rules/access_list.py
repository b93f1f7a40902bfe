"""whitelist-source-range, denylist-source-range, block-cidrs: from which addresses one may ask."""

import ipaddress
from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.rule import (
    Action,
    Edit,
    Finding,
    Location,
    Message,
    NginxConfig,
    Place,
    ProtectionPlan,
    Server,
    addresses,
    authorization,
    envoy_filter,
    http_filter,
    memo,
    on_route,
    rule,
    typed,
    unavailable,
    zones,
)

WITHHELD = Message(
    "N2I200",
    "unsupported",
    "error",
    "",
    "the addresses that may ask for {path} can't be checked: no AuthorizationPolicy can tell the "
    "pattern from the other paths of the host; {so}",
    "write the path as plain paths (Prefix or Exact), or convert with --envoy-filters",
    frozenset({"access", "routing"}),
)
WIDER = Message(
    "N2I201",
    "approximated",
    "error",
    "",
    "the address list of {protected} holds for {path}, too: no AuthorizationPolicy can leave this "
    "pattern out",
    "write this path as a plain path (Prefix or Exact), or give it a host of its own",
    frozenset({"access"}),
)
SPELLING = Message(
    "N2I202",
    "approximated",
    "info",
    "",
    "regular expressions take paths in any letter case, an AuthorizationPolicy knows one: "
    "{path} in another letter case is refused",
    "nothing, unless clients spell the path in several ways",
    frozenset({"access"}),
)
ODD_PORTS = Message(
    "N2I203",
    "approximated",
    "info",
    "",
    "a request for a host under {host} that names a port other than 80 and 443 in its Host header "
    "is refused, as no AuthorizationPolicy can match it",
    "nothing: clients name no port, or their own",
    frozenset({"access"}),
)
LOOSE = Message(
    "N2I204",
    "approximated",
    "warning",
    "",
    "the address list of {protected} holds for all paths that begin with {start}, also for those "
    "that the pattern leaves to other paths of the host",
    "write the path as plain paths (Prefix or Exact) if some of those should be open",
    frozenset({"access"}),
)
REDIRECT = Message(
    "N2I205",
    "approximated",
    "info",
    "",
    "nginx answers {path} itself (a redirect, a refusal) before it looks at addresses; clients "
    "that are not on the list of {protected} now get 403 there",
    "nothing: who may not enter gets another refusal",
    frozenset({"access", "redirect"}),
)
ORIGIN = Message(
    "N2I206",
    "approximated",
    "info",
    "",
    "OPTIONS requests from origins that end like one of cors-allow-origin and do not match it are "
    "refused at {path}",
    "nothing: no browser sends more after it",
    frozenset({"access", "cors"}),
)
REMARKS = {
    "wider": WIDER,
    "spelling": SPELLING,
    "port": ODD_PORTS,
    "loose": LOOSE,
    "early": REDIRECT,
    "origin": ORIGIN,
}
RBAC = "envoy.extensions.filters.http.rbac.v3.RBAC"
FILTER = "nginx2istio.addresses"
NOTHING = Message(
    "N2I207",
    "approximated",
    "info",
    "",
    "{path} has no back end: everybody gets 404 there, in nginx only those on the list",
    "nothing: there is nothing to protect",
    frozenset({"access", "routing"}),
)
KEYS = ("allowlist-source-range", "denylist-source-range")


@rule(
    *KEYS,
    "whitelist-source-range",
    "block-cidrs",
    "satisfy",
    when="configured",
    reads=("configuration-snippet", "server-snippet", "location-snippet", "http-snippet"),
)
def access_list(place: Place) -> Iterator[Edit | Finding]:
    """A location's `deny` and `allow` in nginx: 403 for all whom the first match does not let in.

    A DENY policy for the host's paths, of which those of other locations are left out. The
    ConfigMap's lists hold where an Ingress has none, its block-cidrs where there are none at all.
    """
    if not _group(place.config, place.location):
        return
    plan = _plan(place.config, place.server)
    group = plan.groups[id(place.location)]
    key = next((k for k in KEYS if k in place), "block-cidrs")
    path = place.location.declared
    if place.options.envoy_filters and place.server.regex and len(set(plan.groups.values())) > 1:
        if group or id(place.location) in plan.empty:
            yield from _on_route(place)
        return
    if id(place.location) in plan.empty:
        yield NOTHING(key, path=path)
    if not group:
        return
    if plan.fits[id(place.location)].impossible:
        so = "it is served to everybody" if place.options.allow_unprotected else "it answers 503"
        yield WITHHELD(key, path=path, so=so)
        if not place.options.allow_unprotected:
            yield unavailable()
        return
    found = addresses(place.config, place.location)
    sources = [{"remoteIpBlocks": list(found.deny)}] if found.deny else []
    sources += [{"notRemoteIpBlocks": list(found.allow)}] if found.allow else []
    yield authorization(plan, group, place.options, "DENY", sources)
    yield from plan.refusal_routes(place.location)
    yield Action(
        "client-address",
        "see that the gateway sees the addresses of the clients: externalTrafficPolicy: Local at "
        "its Service, or the PROXY protocol, or numTrustedProxies behind an HTTP load balancer",
    )
    for remark in plan.remarks(place.location):
        said = REMARKS[remark.kind](
            key, protected=path, path=remark.path, start=remark.start, host=place.server.host
        )
        if remark.moved:  # the redirect is for everybody
            said = replace(said, severity="warning")
        yield said.for_host() if remark.path == "*" else replace(said, path=remark.path)


def _on_route(place: Place) -> Iterator[Edit]:
    """The same check as a filter of the location's routes, which know their own patterns."""
    found = addresses(place.config, place.location)
    refused = [_network(text) for text in found.deny]
    if found.allow:
        refused.append({"not_id": {"or_ids": {"ids": [_network(t) for t in found.allow]}}})
    policy = {"permissions": [{"any": True}], "principals": refused}
    rules = {"action": "DENY", "policies": {"addresses": policy}}
    own = typed(f"{RBAC}PerRoute", rbac={"rules": rules})
    yield envoy_filter(place, "who-may-ask", http_filter(FILTER, typed(RBAC)))
    name = f"who-may-ask {place.route_name}"
    yield envoy_filter(
        place, name, on_route(place.route_name, {"typed_per_filter_config": {FILTER: own}})
    )


def _network(text: str) -> dict[str, object]:
    network = ipaddress.ip_network(text)
    address = str(network.network_address)
    return {"remote_ip": {"address_prefix": address, "prefix_len": network.prefixlen}}


def _group(config: NginxConfig, location: Location) -> str:
    found = addresses(config, location)
    return f"{found.allow} {found.deny}" if found and not found.or_credentials else ""


@memo
def _plan(config: NginxConfig, server: Server) -> ProtectionPlan:
    return zones(server, config, lambda location: _group(config, location))
