"""canary, canary-*: a share of the requests, or chosen ones, go to a second Service."""

from collections.abc import Iterator, Mapping
from typing import Any

from nginx2istio.istio import re2
from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    Route,
    RouteBefore,
    Upstream,
    by_cookie,
    by_header,
    cookie_match,
    literal,
    own_number,
    own_text,
    rule,
    set_cookie,
    to,
)

CANARY_WITHOUT_PODS = Message(
    "N2I310",
    "approximated",
    "info",
    "A canary without ready pods answers 503",
    "While no pod of canary {canary} is ready, nginx asks the main Service instead. Istio answers "
    "the canary's requests with 503.",
    "Remove the canary's Ingress and convert again before its pods go.",
    frozenset({"routing", "status"}),
)
UNAVAILABLE = Message(
    "N2I311",
    "translated",
    "info",
    "A canary gets no requests",
    "nginx and Istio send all requests to the main Service. The canary can't be used: {reason}.",
    "Delete the canary, or mend it and convert again.",
)
SECOND = Message(
    "N2I312",
    "ineffective",
    "info",
    "A second canary has no effect",
    "{canary} is the second canary of {main}. nginx sends requests to the first one only.",
    "Delete the second canary.",
)
HEADER_PATTERN = Message(
    "N2I313",
    "unsupported",
    "warning",
    "Canary header pattern can't be expressed",
    "Envoy's RE2 refuses canary-by-header-pattern ({reason}), so Istio ignores header {name}. "
    "The canary's cookie or weight decides.",
    "Write the pattern without look-around and back references.",
    frozenset({"routing"}),
)
STICKY = Message(
    "N2I314",
    "approximated",
    "info",
    "A second cookie marks canary clients",
    "nginx records in cookie {cookie} whether a client belongs to the canary. Envoy can't, so a "
    "second cookie, {marker}, records it.",
    aspects=frozenset({"cookies", "request-headers"}),
)
SEVERAL = Message(
    "N2I315",
    "approximated",
    "info",
    "Repeated canary headers or cookies",
    "When a request has several {what} named {name}, nginx looks at {which}. Envoy looks at each.",
    aspects=frozenset({"routing"}),
)


@rule(
    "canary",
    "canary-weight",
    "canary-weight-total",
    "canary-by-header",
    "canary-by-header-value",
    "canary-by-header-pattern",
    "canary-by-cookie",
    "affinity-canary-behavior",
    at="upstream",
    reads=(
        "session-cookie-name",
        "session-cookie-path",
        "session-cookie-domain",
        "session-cookie-max-age",
        "session-cookie-expires",
        "session-cookie-samesite",
        "session-cookie-secure",
    ),
)
def canary(place: Place) -> Iterator[Edit | Finding]:
    """A canary hangs on the main Service: nginx splits the requests of each path that names it.

    Header, cookie, weight, in this order: the first that decides (``route_to_alternative_balancer``
    in balancer.lua). Routes before the path's own one say the same.
    """
    main = place.upstream
    if main is None or not main.alternatives:
        return
    other, *ignored = main.alternatives
    for second in ignored:
        yield SECOND("canary", canary=service(second), main=service(main))
    if main.unavailable:
        return
    if other.unavailable:
        yield UNAVAILABLE("canary", reason=other.unavailable)
        return
    yield CANARY_WITHOUT_PODS("canary", canary=service(other))
    for key, what, which in (
        ("canary-by-header", "headers", "all of them joined by commas"),
        ("canary-by-cookie", "cookies", "the first one"),
    ):
        if own_text(other, key):
            yield SEVERAL(key, what=what, name=own_text(other, key), which=which)
    split = canary_split if main.affinity is None else sticky
    yield from split(place, main, other)


def service(upstream: Upstream) -> str:
    """The namespace and name of its Service."""
    return f"{upstream.namespace}/{upstream.service}"


def canary_split(
    place: Place,
    main: Upstream,
    other: Upstream,
    port: int = 0,
    main_fields: Mapping[str, Any] | None = None,
    other_fields: Mapping[str, Any] | None = None,
) -> Iterator[Edit | Finding]:
    """Which requests go where; ``*_fields`` are further fields of the two destinations."""
    to_main = to(main, **(main_fields or {}))
    # A policy counts only where a route has both destinations.
    to_other = to(other, **{k: v for k, v in (other_fields or {}).items() if k != "policy"})
    for match, chosen in (*by_header(other), *by_cookie(other)):
        if isinstance(chosen, re2.Untranslatable):
            key, name = "canary-by-header-pattern", own_text(other, "canary-by-header")
            yield HEADER_PATTERN(key, reason=chosen, name=name)
            continue
        route = [to_other if chosen else to_main]
        yield RouteBefore(Phase.SPLIT, {"route": route}, match, port)
    total = max(own_number(other, "canary-weight-total"), 100)
    weight = min(max(own_number(other, "canary-weight"), 0), total)
    if weight == total:
        yield Route("route", [to_other], port)
    elif weight:
        shares = [
            to(main, total - weight, **(main_fields or {})),
            to(other, weight, **(other_fields or {})),
        ]
        yield Route("route", shares, port)
    elif main_fields:
        yield Route("route", [to_main], port)


def sticky(place: Place, main: Upstream, other: Upstream) -> Iterator[Edit | Finding]:
    """A client that a cookie assigns to the main Service or the canary stays there.

    With `affinity-canary-behavior: legacy` nothing but the main Service keeps its clients.
    """
    if main.affinity is None:
        return
    name = place.text("session-cookie-name")
    marker = f"{name}-canary"
    yield RouteBefore(Phase.SPLIT, {"route": [to(main)]}, cookie_match(marker, "never"))
    if not other.legacy:
        yield RouteBefore(Phase.SPLIT, {"route": [to(other)]}, cookie_match(marker, "always"))
    sets = (place.server.host, place.location.declared) in main.affinity.places
    # Both destinations' hash policies count for a route that has weights, whichever is chosen.
    # Only the first may make the cookie, or there would be two, and another hash than later.
    reading = {"loadBalancer": {"consistentHash": {"httpCookie": {"name": name}}}}
    for port in place.ports:
        main_fields: dict[str, Any] = {}
        other_fields: dict[str, Any] = {} if other.legacy else {"policy": reading}
        if sets:
            main_fields["headers"] = mark(place, port, marker, "never")
            if not other.legacy:
                other_fields["headers"] = mark(place, port, marker, "always")
        yield from canary_split(place, main, other, port, main_fields, other_fields)
    if sets:
        key = "affinity-canary-behavior" if other.legacy else "canary"
        yield STICKY(key, cookie=name, marker=marker)


def mark(place: Place, port: int, marker: str, value: str) -> dict[str, Any]:
    """Response headers that set the marker, with the attributes of the affinity cookie."""
    cookie = literal(set_cookie(place, port, marker, value))
    return {"response": {"add": {"Set-Cookie": cookie}}}
