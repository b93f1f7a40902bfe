"""whitelist-source-range, denylist-source-range, block-cidrs: the addresses that are served."""

from collections.abc import Iterator

from nginx2istio.istio.envoy import rbac
from nginx2istio.rule import (
    Action,
    Edit,
    Finding,
    Message,
    Place,
    address_plan,
    addresses,
    envoy_filter,
    key_of_member,
    on_route,
    policy_messages,
    protect,
    rule,
    withhold,
)

UNSAYABLE = Message(
    "N2I200",
    "unsupported",
    "error",
    "No policy can name the protected path",
    "No AuthorizationPolicy can tell {path} from the other paths of the host. So the address list "
    "has no counterpart, and {result}.",
    "Write the path as plain paths (Prefix or Exact), or convert with --envoy-filters.",
    frozenset({"access", "routing"}),
)
DIFFERENCES = policy_messages(
    "addresses", "N2I201", "N2I202", "N2I204", "N2I203", "N2I205", "N2I206"
)
WIDER, SPELLING, LOOSE = DIFFERENCES.wider, DIFFERENCES.spelling, DIFFERENCES.loose
PORT, EARLY, ORIGIN = DIFFERENCES.port, DIFFERENCES.early, DIFFERENCES.origin
LISTED_WITHOUT_BACKEND = Message(
    "N2I207",
    "approximated",
    "info",
    "A protected path without a backend",
    "{path} has no backend. Istio answers 404 to every client, nginx only to clients on the list.",
    aspects=frozenset({"access", "routing"}),
)
INVALID_MEMBER = Message(
    "N2I208",
    "unsupported",
    "error",
    "An address list has an invalid member",
    '"{member}" is no address or network. nginx refuses a configuration with it and '
    "works on with the one before, but here {result}.",
    "Correct the list and convert again.",
    frozenset({"access", "routing", "status"}),
)
SNIPPETS = ("configuration-snippet", "server-snippet", "location-snippet", "http-snippet")
KEYS = ("allowlist-source-range", "denylist-source-range")


@rule(
    *KEYS,
    "whitelist-source-range",
    "block-cidrs",
    "satisfy",
    when="configured",
    reads=SNIPPETS,
    protects=True,
)
def access_list(place: Place) -> Iterator[Edit | Finding]:
    """A location's `deny` and `allow` in nginx: the first match decides, others get 403.

    A DENY policy for the host's paths, of which those of other locations are left out. The
    ConfigMap's lists hold where an Ingress has none, its block-cidrs where there are none at all.
    """
    lists = addresses(place.config, place.location)
    if not lists:
        return
    key = next((k for k in KEYS if k in place), "block-cidrs")
    if lists.unreadable:
        member = lists.unreadable[0]
        origin = key_of_member(place.config, member) or key
        yield from withhold(place, INVALID_MEMBER, origin, member=member)
        return
    plan = address_plan(place.config, place.options, place.server)
    without_backend = plan.without_backend(place.location)
    if not plan.group(place.location) and not without_backend:
        return
    if (
        place.options.filters("address-lists")
        and place.server.regex
        and len(set(plan.groups.values())) > 1
    ):
        yield envoy_filter(place, "address-lists", "who-may-ask", rbac.address_filter())
        by_route = on_route(place.route_name, rbac.denied(lists.allow, lists.deny))
        name = f"who-may-ask {place.route_name}"
        yield envoy_filter(place, "address-lists", name, by_route, protects="addresses")
    elif without_backend:
        yield LISTED_WITHOUT_BACKEND(key, path=place.location.declared)
    elif plan.unsayable(place.location):
        yield from withhold(place, UNSAYABLE, key, path=place.location.declared)
    else:
        sources = [{"remoteIpBlocks": list(lists.deny)}] if lists.deny else []
        sources += [{"notRemoteIpBlocks": list(lists.allow)}] if lists.allow else []
        yield from protect(place, plan, key, "DENY", sources, DIFFERENCES)
        yield Action(
            "client-address",
            "see that the gateway sees the addresses of the clients: externalTrafficPolicy: Local "
            "at its Service, or the PROXY protocol, or numTrustedProxies behind an HTTP load "
            "balancer",
        )
