"""proxy-body-size: the largest request body, 1 MiB unless said otherwise."""

from collections.abc import Iterator, Mapping
from typing import Any

from nginx2istio.istio import re2
from nginx2istio.istio.envoy.body_limit import body_filters, max_request_bytes
from nginx2istio.rule import (
    Edit,
    Finding,
    HostRoute,
    Location,
    Message,
    Phase,
    Place,
    Requests,
    RouteBefore,
    Server,
    body_limits,
    early,
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
NO_DEFAULT = Message(
    "N2I940",
    "approximated",
    "info",
    "The default body limit is not built",
    "nginx answers 413 to a body over {size}, which is its default. No annotation and no ConfigMap "
    "sets a limit, so the gateway has none.",
    "Set proxy-body-size where a backend needs a limit.",
    frozenset({"body-limit"}),
)
NO_LIMIT = Message(
    "N2I941",
    "unsupported",
    "warning",
    "The body limit is left out",
    "nginx answers 413 to a body over {size}. The gateway passes it on (--compat lean).",
    "Convert with --compat full, or limit bodies in the backend.",
    frozenset({"body-limit"}),
)
REDIRECTED_FIRST = Message(
    "N2I942",
    "approximated",
    "info",
    "Large bodies over http are redirected first",
    "nginx answers 413 to a body over {size} before it redirects to https. The gateway redirects "
    "first, and answers 413 over https.",
    aspects=frozenset({"body-limit", "redirect"}),
)
KEY = "proxy-body-size"
TO_HTTPS = ("ssl-redirect", "force-ssl-redirect", "use-forwarded-headers")
REFUSED = {"directResponse": {"status": 413}}
MOST_HELD = 64 << 20
"""The largest limit for which Envoy holds a body of unknown length, in bytes of its memory."""


@rule(KEY, when="always", reads=TO_HTTPS)
def body_size(place: Place) -> Iterator[Edit | Finding]:
    """Nginx answers 413 before all else when the stated length is over the limit.

    A route that matches such lengths answers the same. Only a filter that holds the body can refuse
    one of unknown length.
    """
    size = max_body_size(place[KEY])
    if place.options.compat == "lean":
        if size and place.configured(KEY):
            yield NO_LIMIT(KEY, size=readable_size(size)).for_requests(Requests(body_over=size))
        return
    if not size or not place.builds(KEY):
        return
    port = redirecting_port(place, place.location)
    if port:
        plain = Requests(scheme="http", body_over=size)
        yield REDIRECTED_FIRST(KEY, size=readable_size(size)).for_requests(plain)
    if not shared_limit(place):
        yield RouteBefore(Phase.FIND, REFUSED, longer_than(size), port)
    if place.options.filters("body-limit"):
        if size > MOST_HELD:
            yield TOO_MUCH_TO_HOLD(KEY, size=readable_size(size)).for_requests(counted(size))
        elif place.proxied and speaks_grpc(place.config, place.location):
            yield CALLS(KEY, size=readable_size(size)).for_requests(counted(size))
    elif KEY in place:
        yield UNKNOWN_LENGTH(KEY, size=readable_size(size)).for_requests(counted(size))


@rule(at="server", when="always", reads=(KEY, *TO_HTTPS))
def body_size_of_host(place: Place) -> Iterator[Edit | Finding]:
    """What the locations of a host share: one route for one limit, and the filter's limits."""
    size = shared_limit(place)
    if size:
        refused = {"name": f"body over {readable_size(size)}", **REFUSED}
        port = min(redirecting_port(place, location) for location in place.server.locations)
        # nginx knows the limit once it has found the location, so after all routes of Phase.FIND
        yield HostRoute(Phase.PREFLIGHT, longer_than(size), refused, port, shared=True)
    filters = place.options.filters("body-limit")
    patches = list(filter_limits(place)) if filters and limits(place, place.server) != {0} else []
    if patches:
        sizes = {size for server in place.config.servers for size in limits(place, server)}
        held = sorted(size for size in sizes if 0 < size <= MOST_HELD)
        yield envoy_filter(place, "body-limit", "body-limit", *body_filters(held))
        yield envoy_filter(place, "body-limit", f"body-limit-{place.server.host}", *patches)


def limits(place: Place, server: Server) -> frozenset[int]:
    """The limits that are built for a host's locations, 0 for those that have none."""
    if place.options.compat == "lean":
        return frozenset({0})
    return body_limits(place.config, server, place.options.compat == "exact")


def redirecting_port(place: Place, location: Location) -> int:
    """443 where all plain HTTP is redirected, unless nginx's own order is asked for; else 0."""
    redirected = early(place.config, place.server, location).to_https
    all_of_it = not place["use-forwarded-headers"] and len(redirected) == len(place.hosts)
    return 443 if all_of_it and place.options.compat != "exact" else 0


def shared_limit(place: Place) -> int:
    """The limit that all locations of the host share, and its answer, 0 if they have none.

    Where an error service makes the page for 413, it is told of the location.
    """
    config, server = place.config, place.server
    of_host = limits(place, server)
    paged = place.options.filters("error-pages") and any(
        413 in error_pages(config, server, location).codes for location in server.locations
    )
    return max(of_host) if len(of_host) == 1 and not paged else 0


def longer_than(size: int) -> Mapping[str, Any]:
    """A match for the requests that state a body of more than ``size`` bytes."""
    return {"headers": {"content-length": {"regex": re2.above(size)}}}


def counted(size: int) -> Requests:
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
        route_name(location): max_body_size(place.at(location, KEY))
        for location in server.locations
        if place.options.compat == "exact" or place.config.is_set(location, KEY)
        if location.upstream and not location.slash_redirect and id(location) not in calls
    }
    for name, size in by_route.items():
        if 0 < size <= MOST_HELD:
            yield on_route(name, max_request_bytes(size))


@rule("1 MiB request body limit", at="conversion", when="always", reads=KEY)
def body_size_default(place: Place) -> Iterator[Edit | Finding]:
    """The default limit holds everywhere; what a VirtualService can't do about it is said once."""
    size = max_body_size(place[KEY])
    config = place.config
    by_default = config.hosts_where(lambda _, x: not config.is_set(x, KEY))
    if size and by_default and not place.builds(KEY):
        left_out = NO_DEFAULT(KEY, size=readable_size(size))
        yield left_out.for_requests(Requests(body_over=size)).for_hosts(by_default)
    if place.options.filters("body-limit"):
        sizes = {size for server in config.servers for size in limits(place, server)}
        for least in sorted(sizes - {0})[:1]:
            yield CUT_OFF(KEY).for_requests(counted(least)).for_every_host()
    elif size and by_default and place.options.compat == "exact":
        finding = DEFAULT_UNKNOWN_LENGTH(KEY, size=readable_size(size))
        yield finding.for_requests(counted(size)).for_every_host()
