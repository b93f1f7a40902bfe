"""proxy-body-size for bodies of unknown length: an EnvoyFilter that holds and counts them."""

from collections.abc import Iterator, Mapping
from typing import Any

from nginx2istio.istio.envoy.body_limit import MOST_HELD, body_filters, max_request_bytes
from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Place,
    Requests,
    Server,
    body_limits,
    envoy_filter,
    max_body_size,
    on_host,
    on_route,
    readable_size,
    route_name,
    rule,
    speaks_grpc,
)

CALLS = Message(
    "N2I503",
    "approximated",
    "info",
    "Bodies of gRPC calls pass the size limit",
    "nginx ends a gRPC call whose body grows over {size}. A call may stream without end, so "
    "nothing holds and counts its body.",
    "Limit the size of messages in the backend.",
    frozenset({"body-limit"}),
)
CUT_OFF = Message(
    "N2I504",
    "approximated",
    "info",
    "Connections end with a 413",
    "nginx asks for credentials before it counts a body of unknown length, and reads on after a "
    "413. The gateway counts first, and closes the connection.",
    aspects=frozenset({"body-limit"}),
)
TOO_MUCH_TO_HOLD = Message(
    "N2I502",
    "approximated",
    "info",
    "Chunked bodies pass a large size limit",
    "Istio answers 413 to a request that states a body over {size}, as nginx does. A body of "
    "unknown length (chunked, HTTP/2) passes, because Envoy would hold all of it in memory.",
    "Limit chunked bodies in the backend.",
    frozenset({"body-limit"}),
)
BODY_SIZE = "proxy-body-size"


@rule(when="always", reads=BODY_SIZE)
def uncounted_bodies(place: Place) -> Iterator[Edit | Finding]:
    """Bodies that the filter can't count."""
    size = max_body_size(place[BODY_SIZE])
    if not size or not counts(place) or not place.builds(BODY_SIZE):
        return
    facts = {"size": readable_size(size)}
    if size > MOST_HELD:
        yield TOO_MUCH_TO_HOLD(BODY_SIZE, **facts).for_requests(unstated(size))
    elif place.proxied and speaks_grpc(place.config, place.location):
        yield CALLS(BODY_SIZE, **facts).for_requests(unstated(size))


@rule(at="server", when="always", reads=BODY_SIZE)
def body_filters_of_host(place: Place) -> Iterator[Edit | Finding]:
    """The filters of all hosts, and the host's limits."""
    patches = list(filter_limits(place)) if counts(place) else []
    if patches:
        held = [size for size in all_limits(place) if size <= MOST_HELD]
        yield envoy_filter(place, "body-limit", "body-limit", *body_filters(held))
        yield envoy_filter(place, "body-limit", f"body-limit-{place.server.host}", *patches)


@rule(at="conversion", when="always", reads=BODY_SIZE)
def cut_off(place: Place) -> Iterator[Edit | Finding]:
    """What the filter does otherwise than nginx, wherever it counts."""
    for least in all_limits(place)[:1] if counts(place) else ():
        yield CUT_OFF(BODY_SIZE).for_requests(unstated(least)).for_every_host()


def counts(place: Place) -> bool:
    """Whether a filter counts bodies."""
    return place.options.filters("body-limit") and place.options.compat != "lean"


def limits(place: Place, server: Server) -> frozenset[int]:
    """The limits that are built for a host's locations, 0 for those that have none."""
    return body_limits(place.config, server, place.options.compat == "exact")


def all_limits(place: Place) -> list[int]:
    """The limits of all hosts, in order."""
    return sorted({size for s in place.config.servers for size in limits(place, s) if size})


def unstated(size: int) -> Requests:
    """The requests with a body over a limit that they do not state."""
    return Requests(no_length=True, body_over=size)


def filter_limits(place: Place) -> Iterator[Mapping[str, Any]]:
    """The filter's limits: on the host where it has one limit and one name, else on each route.

    Routes of the default server also stand in the virtual hosts of names with a star.
    """
    server = place.server
    calls = {id(x) for x in server.locations if speaks_grpc(place.config, x)}
    own = server.host != "_" and not server.aliases and not server.wildcard
    of_host = limits(place, server)
    if len(of_host) == 1 and own and not calls:
        size = max(of_host)
        for port in place.ports if 0 < size <= MOST_HELD else ():
            yield on_host(place.gateway_host, port, max_request_bytes(size))
        return
    by_route = {
        route_name(location): max_body_size(place.at(location, BODY_SIZE))
        for location in server.locations
        if place.options.compat == "exact" or place.config.is_set(location, BODY_SIZE)
        if location.upstream and not location.slash_redirect and id(location) not in calls
    }
    for name, size in by_route.items():
        if 0 < size <= MOST_HELD:
            yield on_route(name, max_request_bytes(size))
