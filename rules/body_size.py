"""proxy-body-size: the largest request body, 1 MiB unless said otherwise."""

from collections.abc import Iterator, Mapping
from typing import Any

from nginx2istio.istio import re2
from nginx2istio.istio.envoy.body_limit import body_filters, max_request_bytes
from nginx2istio.rule import (
    Edit,
    Finding,
    HostRoute,
    Message,
    Phase,
    Place,
    Requests,
    RouteBefore,
    body_limits,
    envoy_filter,
    error_pages,
    max_body_size,
    on_host,
    on_route,
    readable_size,
    route_name,
    rule,
    speaks_grpc,
)

UNKNOWN_LENGTH = Message(
    "N2I500",
    "approximated",
    "info",
    "Chunked bodies pass the size limit",
    "Istio answers 413 to a request that states a body over {size}, as nginx does. A body of "
    "unknown length (chunked, HTTP/2) passes, whatever its size.",
    "Limit chunked bodies in the backend, or convert with --envoy-filters.",
    frozenset({"body-limit"}),
)
DEFAULT_UNKNOWN_LENGTH = Message(
    "N2I501",
    "approximated",
    "info",
    "Chunked bodies pass the default size limit",
    "Istio answers 413 to a request that states a body over nginx's default of {size}. A body of "
    "unknown length (chunked, HTTP/2) passes, whatever its size.",
    "Limit chunked bodies in the backends, or convert with --envoy-filters.",
    frozenset({"body-limit"}),
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
KEY = "proxy-body-size"
REFUSED = {"directResponse": {"status": 413}}
MOST_HELD = 64 << 20
"""The largest limit for which Envoy holds a body of unknown length, in bytes of its memory."""


@rule(KEY, when="always")
def body_size(place: Place) -> Iterator[Edit | Finding]:
    """Nginx answers 413 before all else when the stated length is over the limit.

    A route that matches such lengths answers the same. Only a filter that holds the body can refuse
    one of unknown length.
    """
    size = max_body_size(place[KEY])
    if size and not _shared_limit(place):
        yield RouteBefore(Phase.FIND, REFUSED, longer_than(size))
    if place.options.filters("body-limit"):
        if size > MOST_HELD:
            yield TOO_MUCH_TO_HOLD(KEY, size=readable_size(size)).for_requests(counted(size))
        elif size and place.proxied and speaks_grpc(place.config, place.location):
            yield CALLS(KEY, size=readable_size(size)).for_requests(counted(size))
    elif size and KEY in place:
        yield UNKNOWN_LENGTH(KEY, size=readable_size(size)).for_requests(counted(size))


@rule(at="server", when="always", reads=KEY)
def body_size_of_host(place: Place) -> Iterator[Edit | Finding]:
    """What the locations of a host share: one route for one limit, and the filter's limits."""
    limits = body_limits(place.config, place.server)
    if _shared_limit(place):
        size = max(limits)
        refused = {"name": f"body over {readable_size(size)}", **REFUSED}
        # nginx knows the limit once it has found the location, so after all routes of Phase.FIND
        yield HostRoute(Phase.PREFLIGHT, longer_than(size), refused, shared=True)
    patches = list(filter_limits(place, limits)) if place.options.filters("body-limit") else []
    if patches:
        sizes = {s for server in place.config.servers for s in body_limits(place.config, server)}
        held = sorted(size for size in sizes if 0 < size <= MOST_HELD)
        yield envoy_filter(place, "body-limit", "body-limit", *body_filters(held))
        yield envoy_filter(place, "body-limit", f"body-limit-{place.server.host}", *patches)


def _shared_limit(place: Place) -> int:
    """The limit that all locations of the host share, and its answer, 0 if they have none.

    Where an error service makes the page for 413, it is told of the location.
    """
    config, server = place.config, place.server
    limits = body_limits(config, server)
    paged = place.options.filters("error-pages") and any(
        413 in error_pages(config, server, location).codes for location in server.locations
    )
    return max(limits) if len(limits) == 1 and not paged else 0


def longer_than(size: int) -> Mapping[str, Any]:
    """A match for the requests that state a body of more than ``size`` bytes."""
    return {"headers": {"content-length": {"regex": re2.above(size)}}}


def counted(size: int) -> Requests:
    """The requests with a body over a limit that they do not state."""
    return Requests(no_length=True, body_over=size)


def filter_limits(place: Place, limits: frozenset[int]) -> Iterator[Mapping[str, Any]]:
    """The filter's limits: on the host where it has one limit and one name, else on each route.

    Routes of the default server also stand in the virtual hosts of names with a star.
    """
    server = place.server
    calls = {id(x) for x in server.locations if speaks_grpc(place.config, x)}
    own = server.host != "_" and not server.aliases and not server.wildcard
    if len(limits) == 1 and own and not calls:
        size = max(limits)
        for port in place.ports if 0 < size <= MOST_HELD else ():
            yield on_host(place.gateway_host, port, max_request_bytes(size))
        return
    by_route = {
        route_name(location): max_body_size(place.at(location, KEY))
        for location in server.locations
        if location.upstream and not location.slash_redirect and id(location) not in calls
    }
    for name, size in by_route.items():
        if 0 < size <= MOST_HELD:
            yield on_route(name, max_request_bytes(size))


@rule("1 MiB request body limit", at="conversion", when="always", reads=KEY)
def body_size_default(place: Place) -> Iterator[Edit | Finding]:
    """The default limit holds everywhere; what a VirtualService can't do about it is said once."""
    size = max_body_size(place[KEY])
    locations = [x for server in place.config.servers for x in server.locations]
    if place.options.filters("body-limit"):
        sizes = {s for server in place.config.servers for s in body_limits(place.config, server)}
        for least in sorted(sizes - {0})[:1]:
            yield CUT_OFF(KEY).for_requests(counted(least)).for_every_host()
    elif size and any(KEY not in location.settings for location in locations):
        finding = DEFAULT_UNKNOWN_LENGTH(KEY, size=readable_size(size))
        yield finding.for_requests(counted(size)).for_every_host()
