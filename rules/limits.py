"""limit-rps, limit-rpm, limit-connections: how often a client may send a request."""

from collections.abc import Iterator

from nginx2istio.istio.envoy.rate_limit import Counter, counted_by, known_status, local_rate_limit
from nginx2istio.rule import (
    Edit,
    Finding,
    Location,
    Message,
    Place,
    auth_check,
    counts_addresses,
    early,
    envoy_filter,
    on_route,
    rate_limits,
    route_name,
    rule,
    unlimited_networks,
)

NOT_LIMITED = Message(
    "N2I520",
    "unsupported",
    "error",
    "Requests are no longer limited",
    "nginx lets each client send {rate} and answers {status} beyond. Istio does not limit them.",
    "Convert with --auth-service or --envoy-filters, or run a rate limit service.",
    frozenset({"rate-limit"}),
)
CONNECTIONS = Message(
    "N2I521",
    "unsupported",
    "error",
    "Concurrent requests are no longer limited",
    "nginx serves {number} requests of a client at once and answers {status} beyond. Envoy can't "
    "count the requests in progress of one client, so nothing limits them.",
    "Limit the backend as a whole by connectionPool in its DestinationRule, or limit each client "
    "by limit-rps.",
    frozenset({"rate-limit"}),
)
COUNTED = Message(
    "N2I522",
    "approximated",
    "info",
    "Each gateway pod counts requests by itself",
    "An EnvoyFilter limits each client address to {rate} in each gateway pod. Envoy counts http, "
    "https and hosts with another certificate separately.",
    "Run about as many gateway pods as controller pods, and check that the gateway gets the "
    "address of the client.",
    frozenset({"rate-limit"}),
)
OTHER_ZONE = Message(
    "N2I523",
    "unsupported",
    "error",
    "Limit by something else than the address",
    "The ConfigMap lets nginx count clients by {zone}. The conversion can count by address only, "
    "so nothing limits {rate}.",
    "Write a rate limit with a descriptor for {zone} by hand.",
    frozenset({"rate-limit"}),
)
OTHER_STATUS = Message(
    "N2I524",
    "approximated",
    "warning",
    "Limited requests get another status",
    "nginx answers {status} to a client over its limit. Envoy does not know this status and "
    "answers {instead}.",
    "Set limit-req-status-code to 429.",
    frozenset({"rate-limit", "status"}),
)
GOES_WITH = Message(
    "N2I525",
    "unsupported",
    "info",
    "Detail of a limit that is gone",
    "{key} changes {limits}. Istio does not apply that limit here.",
    "Read the finding about {limits}.",
)
ONE_COUNTS = Message(
    "N2I237",
    "approximated",
    "info",
    "One pod counts requests for all",
    "The one pod of the auth service lets each client send {rate}, through all gateway pods "
    "together. Each pod of ingress-nginx counted for itself.",
    "Check that the gateway gets the address of the client.",
    frozenset({"rate-limit"}),
)
RATE_UNITS = {"limit-rps": "second", "limit-rpm": "minute"}
DETAILS = ("limit-burst-multiplier", "limit-allowlist")


@rule(
    *RATE_UNITS,
    *DETAILS,
    "limit-conn-zone-variable",
    "limit-req-status-code",
    reads=("enable-cors",),
)
def limit_rates(place: Place) -> Iterator[Edit | Finding]:
    """Nginx counts by client and Ingress, and takes burst + 1 requests at once before it refuses.

    Envoy has token buckets. A bucket of burst + 1 that is filled at the rate does the same. The
    route's metadata names the Ingress, so all of its paths share the buckets. A redirect, which
    nginx answers before it counts, takes no token: see ``limit_filters``.
    """
    limits = [key for key in RATE_UNITS if key in place and place.number(key) > 0]
    if not limits or not counted(place):
        return
    rate = " and ".join(f"{place.number(key)} requests a {RATE_UNITS[key]}" for key in limits)
    check = auth_check(place)
    for key in limits:
        if not counts_addresses(place.config):
            other = OTHER_ZONE(key, zone=place.text("limit-conn-zone-variable"), rate=rate)
            yield other.past_https_redirect(place)
        elif check and check.limits:
            yield ONE_COUNTS(key, rate=rate)
        elif not place.options.filters("rate-limit"):
            status = place.number("limit-req-status-code")
            yield NOT_LIMITED(key, rate=rate, status=status).past_https_redirect(place)
        else:
            yield COUNTED(key, rate=rate)
    limited = place.options.filters("rate-limit") or (check and check.limits)
    if not (limited and counts_addresses(place.config)):
        for key in DETAILS:
            if key in place:
                yield GOES_WITH(key, key=key, limits=" and ".join(limits))


def counted(place: Place) -> bool:
    """Whether nginx counts some requests of the location: it answers others before."""
    return not early(place.config, place.server, place.location).always


@rule(
    at="conversion",
    when="always",
    reads=(
        *RATE_UNITS,
        *DETAILS,
        "enable-cors",
        "limit-conn-zone-variable",
        "limit-req-status-code",
    ),
)
def limit_filters(place: Place) -> Iterator[Edit | Finding]:
    """The EnvoyFilters of all Ingresses that limit: the counters, and the marks on the routes."""
    if not place.options.filters("rate-limit") or not counts_addresses(place.config):
        return
    counters: dict[tuple[str, ...], dict[str, list[Counter]]] = {}
    routes: dict[str, dict[str, None]] = {}
    for location in (x for server in place.config.servers for x in server.locations):
        of_ingress = list(counters_of(place, location))
        if of_ingress:
            ingress = location.ingress.object
            counters.setdefault(unlimited_networks(place.config, location), {})[ingress] = (
                of_ingress
            )
            routes.setdefault(ingress, {})[route_name(location)] = None
    status = place.number("limit-req-status-code")
    for exempt, by_ingress in sorted(counters.items()):
        name = "limits-except-" + "-".join(exempt) if exempt else "limits"
        in_order = [counter for _, some in sorted(by_ingress.items()) for counter in some]
        yield envoy_filter(
            place, "rate-limit", name, local_rate_limit(in_order, known_status(status), exempt)
        )
        for ingress, of_ingress in by_ingress.items():
            patches = [on_route(route, counted_by(of_ingress)) for route in routes[ingress]]
            yield envoy_filter(place, "rate-limit", f"limits-{ingress}", *patches)
    if counters and status != known_status(status):
        other = OTHER_STATUS("limit-req-status-code", status=status, instead=known_status(status))
        yield other.for_every_host()


def counters_of(place: Place, location: Location) -> Iterator[Counter]:
    """The counters of a location's Ingress; nginx answers CORS preflights before it counts."""
    cors = bool(place.at(location, "enable-cors"))
    for x in rate_limits(place.config, location):
        yield Counter(x.key, x.ingress, x.rate, x.seconds, x.burst + 1, preflights=not cors)


@rule("limit-connections", "limit-conn-status-code")
def limit_connections(place: Place) -> Iterator[Edit | Finding]:
    """Nginx counts a client's requests in progress; Envoy counts those of all clients."""
    number = place.number("limit-connections")
    if number > 0 and counted(place):
        status = place.number("limit-conn-status-code")
        finding = CONNECTIONS("limit-connections", number=number, status=status)
        yield finding.past_https_redirect(place)
