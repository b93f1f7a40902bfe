"""canary, canary-*: a share of the requests, or chosen ones, go to a second Service."""

import re
import warnings
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
    literal,
    rule,
    to,
)

NO_PODS = Message(
    "N2I310",
    "approximated",
    "info",
    "",
    "while no pod of the canary {canary} is ready, nginx asks the main Service instead; the new "
    "gateway answers the canary's requests with 503",
    "take the canary's Ingress away, and convert again, before its pods go",
    frozenset({"routing"}),
)
UNAVAILABLE = Message(
    "N2I311",
    "translated",
    "info",
    "",
    "nginx sends all requests to the main Service, and so does the conversion: {why}",
    "delete the canary, or create its Service and convert again",
)
SECOND = Message(
    "N2I312",
    "ineffective",
    "info",
    "",
    "{canary} is the second canary of {main}; nginx sends requests to the first one only",
    "delete the second canary",
)
PATTERN = Message(
    "N2I313",
    "unsupported",
    "warning",
    "",
    "Envoy's RE2 can't express canary-by-header-pattern ({why}): the header {name} is not looked "
    "at, what comes after it decides",
    "write the pattern without look-around and back references",
    frozenset({"routing"}),
)
STICKY = Message(
    "N2I314",
    "approximated",
    "info",
    "",
    "nginx writes into the cookie {cookie} whether the client belongs to the main Service or the "
    "canary; Envoy can't, so that a second cookie {marker} says it",
    "nothing: clients stay where they are, as with nginx",
    frozenset({"cookies", "request-headers"}),
)
SEVERAL = Message(
    "N2I315",
    "approximated",
    "info",
    "",
    "of several {what} named {name} in one request nginx looks at {taken}; Envoy at any of them",
    "nothing: browsers send one",
    frozenset({"routing"}),
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
        yield SECOND("canary", canary=named(second), main=named(main))
    if main.unavailable:
        return
    if other.unavailable:
        yield UNAVAILABLE("canary", why=other.unavailable)
        return
    yield NO_PODS("canary", canary=named(other))
    for key, what, taken in (
        ("canary-by-header", "headers", "all of them joined by commas"),
        ("canary-by-cookie", "cookies", "the first one"),
    ):
        if text(other, key):
            yield SEVERAL(key, what=what, name=text(other, key), taken=taken)
    if main.affinity is None:
        yield from canary_split(place, main, other)
        return
    yield from sticky(place, main, other)


def named(upstream: Upstream) -> str:
    """Name a Service."""
    return f"{upstream.namespace}/{upstream.service}"


def canary_split(
    place: Place,
    main: Upstream,
    other: Upstream,
    port: int = 0,
    marks: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {}),
) -> Iterator[Edit | Finding]:
    """Say which requests go where; ``marks`` are further fields of the two destinations."""
    to_main = [to(main, **{k: v for k, v in marks[0].items() if k != "policy"})]
    to_other = [to(other, **{k: v for k, v in marks[1].items() if k != "policy"})]
    for match, chosen in (*by_header(place, other), *by_cookie(other)):
        if isinstance(chosen, Finding):
            yield chosen
            continue
        yield RouteBefore(Phase.SPLIT, {"route": to_other if chosen else to_main}, match, port)
    total = number(other, "canary-weight-total")
    total = total if total > 100 else 100
    weight = min(max(number(other, "canary-weight"), 0), total)
    if weight == total:
        yield Route("route", to_other, port)
    elif weight:
        shares = [to(main, total - weight, **marks[0]), to(other, weight, **marks[1])]
        yield Route("route", shares, port)
    elif marks[0]:
        yield Route("route", to_main, port)


def text(upstream: Upstream, key: str) -> str:
    """Return a setting of the canary's own: those of the main Service don't count."""
    setting = upstream.settings.get(key)
    return str(setting.value) if setting else ""


def number(upstream: Upstream, key: str) -> int:
    """Return a setting of the canary's own as a number, 0 when there is none."""
    return int(text(upstream, key) or 0)


Decision = tuple[dict[str, Any], bool | Finding]


def by_header(place: Place, other: Upstream) -> Iterator[Decision]:
    """Matches by the header: nginx's `$http_x_y` is the header X-Y, never X_Y, which it drops."""
    name = text(other, "canary-by-header").lower().replace("_", "-")
    if not re.fullmatch("[a-z0-9-]+", name):
        return
    value, pattern = text(other, "canary-by-header-value"), text(other, "canary-by-header-pattern")
    if value:
        yield {"headers": {name: {"exact": value}}}, True
    elif not pattern:
        yield {"headers": {name: {"exact": "always"}}}, True
        yield {"headers": {name: {"exact": "never"}}}, False
    elif broken(pattern):  # nginx then stays with the main Service, cookie and weight unasked
        yield {"headers": {name: {"regex": ".*"}}}, False
    else:
        try:
            found = re2.compiled(f".*(?:{pattern}).*")
        except re2.Untranslatable as why:
            yield {}, PATTERN("canary-by-header-pattern", why=why, name=name)
            return
        yield {"headers": {name: {"regex": found}}}, True


def broken(pattern: str) -> bool:
    """Whether PCRE refuses a pattern, too, as far as Python's likeness of it can tell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            re.compile(pattern)
        except re.error:
            return True
    return False


def by_cookie(other: Upstream) -> Iterator[Decision]:
    """Matches by the cookie, whose name nginx reads in any case (`$cookie_name`)."""
    name = text(other, "canary-by-cookie")
    if name:
        yield carrying(name, "always", "(?i:{})"), True
        yield carrying(name, "never", "(?i:{})"), False


def carrying(name: str, value: str, form: str = "{}") -> dict[str, Any]:
    """Match requests with a cookie, as nginx takes the Cookie header apart."""
    said = form.format(re.escape(name).replace(r"\-", "-"))
    return {"headers": {"cookie": {"regex": f"(.*[;,] *)?{said} *= *{value}(;.*)?"}}}


def sticky(place: Place, main: Upstream, other: Upstream) -> Iterator[Edit | Finding]:
    """Who belongs to the main Service or the canary by cookie stays there, whatever else it sends.

    With `affinity-canary-behavior: legacy` nothing but the main Service holds its clients.
    """
    assert main.affinity is not None
    name = place.text("session-cookie-name")
    marker = f"{name}-canary"
    legacy = text(other, "affinity-canary-behavior") == "legacy"
    marking = (place.server.host, place.location.declared) in main.affinity.places
    yield RouteBefore(Phase.SPLIT, {"route": [to(main)]}, carrying(marker, "never"))
    if not legacy:
        yield RouteBefore(Phase.SPLIT, {"route": [to(other)]}, carrying(marker, "always"))
    # Both destinations' hash policies count for a route that has weights, whichever is chosen.
    # Only the first may make the cookie, or there would be two, and another hash than later.
    reading = {"loadBalancer": {"consistentHash": {"httpCookie": {"name": name}}}}
    for port in place.ports:
        marks: list[dict[str, Any]] = [{}, {} if legacy else {"policy": reading}]
        if marking:
            marks[0]["headers"] = mark(place, port, marker, "never")
            if not legacy:
                marks[1]["headers"] = mark(place, port, marker, "always")
        yield from canary_split(place, main, other, port, (marks[0], marks[1]))
    if marking:
        yield STICKY("affinity-canary-behavior" if legacy else "canary", cookie=name, marker=marker)


def mark(place: Place, port: int, marker: str, value: str) -> dict[str, Any]:
    """Response headers that set the marker, with the attributes of the affinity cookie."""
    said = [f"{marker}={value}"]
    path = place.text("session-cookie-path") or place.location.declared
    said.append(f"Path={path}")
    for attribute, key in (
        ("Domain", "session-cookie-domain"),
        ("SameSite", "session-cookie-samesite"),
    ):
        if key in place:
            said.append(f"{attribute}={place.text(key)}")
    age = place.text("session-cookie-max-age") or place.text("session-cookie-expires")
    if age:
        said.append(f"Max-Age={age}")
    if place["session-cookie-secure"] or port == 443:
        said.append("Secure")
    return {"response": {"add": {"Set-Cookie": literal("; ".join([*said, "HttpOnly"]))}}}
