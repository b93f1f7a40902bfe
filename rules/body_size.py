"""proxy-body-size: the largest request body, 1 MiB unless said otherwise."""

import re
from collections.abc import Iterator
from functools import lru_cache

from nginx2istio.rule import (
    Edit,
    Finding,
    HostRoute,
    Location,
    Message,
    NginxConfig,
    Phase,
    Place,
    RouteBefore,
    Server,
    Value,
    envoy_filter,
    http_filter,
    memo,
    on_host,
    on_route,
    route_name,
    rule,
    typed,
)

UNKNOWN_LENGTH = Message(
    "N2I500",
    "approximated",
    "info",
    "",
    "bodies over {size} are refused with 413 as before when the request states its length; one of "
    "unknown length (chunked) passes, whatever its size",
    "let the back end limit chunked bodies, or convert with --envoy-filters",
    frozenset({"body-limit"}),
)
DEFAULT_UNKNOWN_LENGTH = Message(
    "N2I501",
    "approximated",
    "info",
    "",
    "request bodies over nginx's default limit of {size} are refused with 413 as before when the "
    "request states its length; one of unknown length (chunked) passes, whatever its size",
    "let the back ends limit chunked bodies, or convert with --envoy-filters",
    frozenset({"body-limit"}),
)
TOO_MUCH_TO_HOLD = Message(
    "N2I502",
    "approximated",
    "info",
    "",
    "bodies over {size} are refused with 413 as before when the request states its length; one of "
    "unknown length (chunked) passes, as Envoy would have to hold that much in memory to refuse it",
    "let the back end limit chunked bodies",
    frozenset({"body-limit"}),
)
NGINX_DEFAULT = 1 << 20
MOST_HELD = 64 << 20
"""Up to here Envoy is made to hold a chunked body, which it does in memory."""
FILTER = "nginx2istio.body-limit"
BUFFER = "envoy.extensions.filters.http.buffer.v3"


@lru_cache
def limit(text: Value | None) -> int:
    """A client_max_body_size in bytes, 0 for none.

    What isValidByteSize refuses is left out of nginx.conf, and nginx's own default holds.
    """
    found = re.fullmatch(r"([0-9]+)([kKmMgG]?)", str(text or "").strip())
    if not found:
        return NGINX_DEFAULT
    return int(found[1]) << {"": 0, "k": 10, "m": 20, "g": 30}[found[2].lower()]


def shown(size: int) -> str:
    """A size for readers."""
    for unit, shift in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size and size % (1 << shift) == 0:
            return f"{size >> shift} {unit}"
    return f"{size} bytes"


@lru_cache
def above(number: int) -> str:
    """A regular expression for the whole numbers over a number."""
    digits = str(number)
    more = [f"[1-9][0-9]{{{len(digits)},}}"]
    for i, digit in enumerate(digits):
        if digit < "9":
            bigger = "9" if digit == "8" else f"[{int(digit) + 1}-9]"
            rest = len(digits) - i - 1
            tail = ["", "[0-9]"][rest] if rest < 2 else f"[0-9]{{{rest}}}"
            more.append(digits[:i] + bigger + tail)
    return f"0*({'|'.join(more)})"


@memo
def _sizes(config: NginxConfig, server: Server) -> set[int]:
    """All limits of a host's locations."""
    return {limit(config.in_force(x, "proxy-body-size")) for x in server.locations}


@rule("proxy-body-size", when="always")
def body_size(place: Place) -> Iterator[Edit | Finding]:
    """Nginx answers 413 before all else when the stated length is over the limit.

    A route that matches such lengths says the same. Only a filter that holds the body can refuse
    one of unknown length.
    """
    size = limit(place["proxy-body-size"])
    first = place.location is place.server.locations[0]
    uniform = len(_sizes(place.config, place.server)) == 1
    if size:
        if not uniform:
            yield _refused(size)
        elif first:
            name, refusal = f"body over {shown(size)}", {"status": 413}
            yield HostRoute(
                Phase.FIND, longer(size), {"name": name, "directResponse": refusal}, shared=True
            )
    if place.options.envoy_filters:
        if size > MOST_HELD:
            yield TOO_MUCH_TO_HOLD("proxy-body-size", size=shown(size))
        if first:
            yield from held(place, size if uniform else -1)
    elif size and "proxy-body-size" in place:
        yield UNKNOWN_LENGTH("proxy-body-size", size=shown(size))


@lru_cache
def longer(size: int) -> dict[str, object]:
    """A match for the requests that state more than so many bytes."""
    return {"headers": {"content-length": {"regex": above(size)}}}


@lru_cache
def _refused(size: int) -> Edit:
    return RouteBefore(Phase.FIND, {"directResponse": {"status": 413}}, longer(size))


def held(place: Place, size: int) -> Iterator[Edit]:
    """Makes Envoy hold bodies of unknown length up to the limit, which is ``size`` unless -1."""
    patches = []
    if size >= 0 and not place.server.aliases and not place.server.wildcard:
        host = "*" if place.server.host == "_" else place.server.host
        patches = [on_host(host, port, up_to(size)) for port in place.ports if holdable(size)]
    else:
        names = {route_name(x): limit(place.at(x, "proxy-body-size")) for x in own(place)}
        patches = [on_route(n, up_to(s)) for n, s in names.items() if holdable(s)]
    if patches:
        yield envoy_filter(place, "body-limit", held_filter())
        yield envoy_filter(place, f"body-limit-{place.server.host}", *patches)


def own(place: Place) -> Iterator[Location]:
    """The locations of the host that can have a body sent to a back end."""
    yield from (x for x in place.server.locations if x.upstream and not x.slash_redirect)


def holdable(size: int) -> bool:
    """Whether bodies of unknown length are held up to this limit."""
    return 0 < size <= MOST_HELD


def up_to(size: int) -> dict[str, object]:
    """Switches the filter on for a host or a route."""
    config = typed(f"{BUFFER}.BufferPerRoute", buffer={"max_request_bytes": size})
    return {"typed_per_filter_config": {FILTER: config}}


def held_filter() -> dict[str, object]:
    """Envoy's buffer filter for requests without a stated length.

    It would hold an upgrade to WebSocket or a gRPC stream for ever.
    """
    skip = "envoy.extensions.filters.common.matcher.action.v3.SkipFilter"
    when = [
        header(name, text)
        for name, text in (
            ("content-length", ".*"),
            ("upgrade", ".*"),
            ("content-type", "application/grpc.*"),
        )
    ]
    config = typed(
        "envoy.extensions.common.matching.v3.ExtensionWithMatcher",
        extension_config={
            "name": "envoy.filters.http.buffer",
            "typed_config": typed(f"{BUFFER}.Buffer", max_request_bytes=NGINX_DEFAULT),
        },
        xds_matcher={
            "matcher_list": {
                "matchers": [
                    {
                        "predicate": {"or_matcher": {"predicate": when}},
                        "on_match": {"action": {"name": "skip", "typed_config": typed(skip)}},
                    }
                ]
            }
        },
    )
    return http_filter(FILTER, config, disabled=True)


def header(name: str, pattern: str) -> dict[str, object]:
    """A predicate on a request header."""
    source = typed("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name=name)
    return {
        "single_predicate": {
            "input": {"name": name, "typed_config": source},
            "value_match": {"safe_regex": {"google_re2": {}, "regex": pattern}},
        }
    }


@rule("1 MiB request body limit", at="conversion", when="always", reads="proxy-body-size")
def body_size_default(place: Place) -> Iterator[Edit | Finding]:
    """The default limit holds everywhere; what a VirtualService can't do about it is said once."""
    if place.options.envoy_filters:
        return
    ingresses = [x.settings for s in place.config.servers for x in s.locations]
    if any("proxy-body-size" not in settings for settings in ingresses):
        size = limit(place["proxy-body-size"])
        if size:
            yield DEFAULT_UNKNOWN_LENGTH("proxy-body-size", size=shown(size)).for_every_host()
