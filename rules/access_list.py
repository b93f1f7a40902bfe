"""whitelist-source-range, denylist-source-range, block-cidrs: from which addresses one may ask."""

import ipaddress
from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.rule import (
    Edit,
    Finding,
    Here,
    Location,
    Message,
    NginxConfig,
    Server,
    Zones,
    action,
    authorization,
    in_force,
    kept,
    rule,
    withheld,
    zones,
)

WITHHELD = Message(
    "N2I200", "unsupported", "error",
    "the addresses that may ask for {path} can't be checked: no AuthorizationPolicy can tell the "
    "pattern from the other paths of the host; {so}",
    "write the path as plain paths (Prefix or Exact), or give it a host of its own",
    frozenset({"access", "status"}),
)
WIDER = Message(
    "N2I201", "approximated", "error",
    "the address list of {protected} holds for {path}, too: no AuthorizationPolicy can leave this "
    "pattern out",
    "write this path as a plain path (Prefix or Exact), or give it a host of its own",
    frozenset({"access", "status"}),
)
SPELLING = Message(
    "N2I202", "approximated", "info",
    "regular expressions take paths in any letter case, an AuthorizationPolicy knows one: "
    "{path} in another letter case is refused",
    "nothing, unless clients spell the path in several ways",
    frozenset({"access", "status"}),
)
ODD_PORTS = Message(
    "N2I203", "approximated", "info",
    "a request for a host under {name} that names a port other than 80 and 443 in its Host header "
    "is refused, as no AuthorizationPolicy can match it",
    "nothing: clients name no port, or their own",
    frozenset({"access", "status"}),
)
LOOSE = Message(
    "N2I204", "approximated", "info",
    "the address list of {protected} holds for all paths that begin with {start}, also for those "
    "that the pattern leaves to other paths of the host",
    "write the path as plain paths (Prefix or Exact) if some of those should be open",
    frozenset({"access", "status"}),
)
KEYS = ("allowlist-source-range", "denylist-source-range")


@rule(*KEYS, "whitelist-source-range", "block-cidrs", "satisfy", when="always",
      reads=("auth-url", "global-auth-url", "enable-global-auth"))  # fmt: skip
def access_list(here: Here) -> Iterator[Edit | Finding]:
    """A location's `deny` and `allow` in nginx: 403 for all whom the first match does not let in.

    A DENY policy for the host's paths, of which those of other locations are left out. The
    ConfigMap's lists hold where an Ingress has none, its block-cidrs where there are none at all.
    """
    plan = _plan(here.server, here.config)
    group = plan.groups[id(here.location)]
    if not group:
        return
    fit = plan.fits[id(here.location)]
    key = next((k for k in KEYS if k in here), "block-cidrs")
    path = here.location.declared
    if fit.impossible:
        so = "it is served to everybody" if here.options.allow_unprotected else "it answers 503"
        yield WITHHELD.about(key, path=path, so=so)
        if not here.options.allow_unprotected:
            yield withheld()
        return
    allow, deny = _lists(here.config, here.location)
    sources = [{"remoteIpBlocks": deny}] if deny else []
    sources += [{"notRemoteIpBlocks": allow}] if allow else []
    yield authorization(here, "DENY", plan, group, sources)
    yield from plan.guards(here.location)
    yield from _said(here, key, plan)
    yield action(
        "client-address",
        "see that the gateway sees the addresses of the clients: externalTrafficPolicy: Local at "
        "its Service, or the PROXY protocol, or numTrustedProxies behind an HTTP load balancer",
    )


def _said(here: Here, key: str, plan: Zones) -> Iterator[Edit | Finding]:
    fit, path = plan.fits[id(here.location)], here.location.declared
    if fit.refuse:
        yield SPELLING.about(key, path=path)
    for index in fit.wider:
        other = plan.areas[index]
        there = other.declared if other else "/"
        harmless = other is None or plan.before[id(other)].always
        found = replace(WIDER.about(key, protected=path, path=there), path=there)
        yield replace(found, severity="info") if harmless else found
    if fit.loose:
        yield LOOSE.about(key, protected=path, start=fit.paths[-1].rstrip("*")).for_host()
    for index in fit.cased:
        other = plan.areas[index]
        if other is not None:
            yield replace(SPELLING.about(key, path=other.declared), path=other.declared)
    for edit in plan.odd_ports():
        yield edit
        yield ODD_PORTS.about(key, name=here.server.host).for_host()


@kept
def _plan(server: Server, config: NginxConfig) -> Zones:
    def group(location: Location) -> str:
        allow, deny = _lists(config, location)
        if not (allow or deny) or _any(config, location):
            return ""
        return f"{allow} {deny}"

    return zones(server, config, group)


def _lists(config: NginxConfig, location: Location) -> tuple[list[str], list[str]]:
    """Who is allowed, who denied; nginx inherits block-cidrs only where a location has neither."""
    allow, deny = (_blocks(in_force(config, location, key)) for key in KEYS)
    if not allow and not deny:
        deny = _blocks(in_force(config, location, "block-cidrs"))
    return allow, deny


def _blocks(value: object) -> list[str]:
    found = []
    for text in value if isinstance(value, tuple) else ():
        try:
            network = ipaddress.ip_network(str(text).strip(), strict=False)
        except ValueError:
            continue  # nginx would not have started with it
        whole = network.prefixlen == network.max_prefixlen
        found.append(str(network.network_address if whole else network))
    return list(dict.fromkeys(found))


def _any(config: NginxConfig, location: Location) -> bool:
    """Whether credentials do as well as the address: then external auth asks the others."""
    external = in_force(config, location, "auth-url") or (
        in_force(config, location, "global-auth-url")
        and in_force(config, location, "enable-global-auth")
    )
    return bool(external) and in_force(config, location, "satisfy") == "any"
