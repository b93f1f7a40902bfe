"""proxy-body-size: the largest request body, 1 MiB unless said otherwise."""

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.istio.envoy.body_limit import MOST_HELD
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
    answer_headers,
    early,
    limits_bodies,
    longer_than,
    max_body_size,
    readable_size,
    rule,
    shared_limit,
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
REDIRECTED_FIRST = Message(
    "N2I942",
    "approximated",
    "info",
    "Large bodies over http are redirected first",
    "nginx answers 413 to a body over {size} before it redirects to https. The gateway redirects "
    "first, and answers 413 over https.",
    aspects=frozenset({"body-limit", "redirect"}),
)
WITHOUT_HEADERS = Message(
    "N2I505",
    "approximated",
    "info",
    "Refusals of large bodies lack headers",
    "One route answers 413 to bodies over {size} for the whole host, so it lacks the headers that "
    "only some paths set ({names}). nginx sends them with a 413 there, too.",
    aspects=frozenset({"response-headers", "cookies", "cors"}),
)
IN_BACKEND = "Limit chunked bodies in the backend."
KEY = "proxy-body-size"
TO_HTTPS = ("ssl-redirect", "force-ssl-redirect", "use-forwarded-headers")
REFUSED = {"directResponse": {"status": 413}}
OF_CORS = frozenset(
    {"access-control-allow-origin", "access-control-expose-headers"}
    | {"access-control-allow-credentials"}
)
"""nginx answers by the length before it comes to the ``if`` in which its CORS headers stand."""


@rule(KEY, when="always", reads=(*TO_HTTPS, "enable-cors"))
def body_size(place: Place) -> Iterator[Edit | Finding]:
    """Nginx answers 413 before all else when the stated length is over the limit.

    A route that matches such lengths answers the same. Only a filter that holds the body can refuse
    one of unknown length.
    """
    size = max_body_size(place[KEY])
    if not size or not limits_bodies(place):
        return
    port = redirecting_port(place, place.location)
    if port:
        plain = Requests(scheme="http", body_over=size)
        yield REDIRECTED_FIRST(KEY, size=readable_size(size)).for_requests(plain)
    if shared_limit(place):
        names = own_headers(place)
        if names:
            missing = WITHOUT_HEADERS(KEY, size=readable_size(size), names=", ".join(names))
            yield missing.for_requests(Requests(body_over=size))
    else:
        yield RouteBefore(
            Phase.FIND,
            REFUSED,
            longer_than(size),
            port,
            without=OF_CORS if place["enable-cors"] else frozenset(),
        )
    if KEY in place and not place.options.filters("body-limit"):
        unknown = UNKNOWN_LENGTH(KEY, size=readable_size(size)).for_requests(uncounted(size))
        calls = place.proxied and speaks_grpc(place.config, place.location)
        counted = size <= MOST_HELD and not calls  # else no EnvoyFilter would help
        yield unknown if counted else replace(unknown, to_do=IN_BACKEND)


@rule(at="server", when="always", reads=(KEY, "enable-cors", *TO_HTTPS))
def body_size_of_host(place: Place) -> Iterator[Edit | Finding]:
    """What the locations of a host share: one route for one limit."""
    size = shared_limit(place)
    if size:
        refused = {"name": f"body over {readable_size(size)}", **REFUSED}
        port = min(redirecting_port(place, location) for location in place.server.locations)
        # nginx knows the limit once it has found the location, so after all routes of Phase.FIND
        cors = any(place.config.in_force(x, "enable-cors") for x in place.server.locations)
        without = OF_CORS if cors else frozenset()
        yield HostRoute(Phase.PREFLIGHT, longer_than(size), refused, port, True, without)


def redirecting_port(place: Place, location: Location) -> int:
    """443 where all plain HTTP is redirected, unless nginx's own order is asked for; else 0."""
    redirected = early(place.config, place.server, location).to_https
    all_of_it = not place["use-forwarded-headers"] and len(redirected) == len(place.hosts)
    return 443 if all_of_it and place.options.compat != "exact" else 0


def own_headers(place: Place) -> list[str]:
    """The headers that nginx sends with a 413 at this location, but not at all of the host."""
    lines = {id(x): _lines(place, x) for x in place.server.locations}
    common = frozenset.intersection(*lines.values())
    return sorted({name for name, _ in lines[id(place.location)] - common})


def _lines(place: Place, location: Location) -> frozenset[tuple[str, str]]:
    """The headers, in small letters, with their values."""
    return frozenset(
        (line.name.lower(), line.value)
        for line in answer_headers(place.config, place.server, location)
        if line.kind in ("set", "add") and (not line.codes or 413 in line.codes)
    )


def uncounted(size: int) -> Requests:
    """The requests with a body over a limit that they do not state."""
    return Requests(no_length=True, body_over=size)


@rule("1 MiB request body limit", at="conversion", when="always", reads=KEY)
def body_size_default(place: Place) -> Iterator[Edit | Finding]:
    """The default limit holds everywhere; what a VirtualService can't do about it is said once."""
    size = max_body_size(place[KEY])
    locations = [x for server in place.config.servers for x in server.locations]
    unset = any(KEY not in location.settings for location in locations)
    built = limits_bodies(place)
    if size and built and unset and not place.options.filters("body-limit"):
        finding = DEFAULT_UNKNOWN_LENGTH(KEY, size=readable_size(size))
        finding = finding if size <= MOST_HELD else replace(finding, to_do=IN_BACKEND)
        yield finding.for_requests(uncounted(size)).for_every_host()
