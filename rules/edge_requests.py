"""Requests that nginx and Envoy take differently, or that only one of them takes."""

from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Message, Place, Requests, rule

DOTS = r"(\.|%2[eE]){2}"
PAIR = rf"/+[^/]+(/+[^/]+/+{DOTS})*/+{DOTS}"
"""A segment and the .. that takes it back, with another such pair between them at most."""
MALFORMED = Message(
    "N2I905",
    "approximated",
    "info",
    "Paths that nginx refuses",
    "nginx answers 400 to a path that goes above the root (/../a) or has a broken escape (%zz). "
    "Envoy serves /a for the first, and passes the second on.",
    aspects=frozenset({"status", "routing"}),
    requests=(
        Requests(target=rf"^({PAIR})*(/+\.)*/+{DOTS}(/|$)"),
        Requests(target=r"%([^0-9A-Fa-f]|[0-9A-Fa-f][^0-9A-Fa-f]|[0-9A-Fa-f]?$)"),
    ),
)
TRACE = Message(
    "N2I911",
    "approximated",
    "info",
    "Requests with the method TRACE",
    "nginx answers 405 to TRACE. The gateway treats it as any other method.",
    "Check that backends refuse TRACE.",
    frozenset({"status"}),
    (Requests(method=("TRACE",)),),
)
HTTP_10 = Message(
    "N2I912",
    "approximated",
    "info",
    "Clients that speak HTTP/1.0",
    "nginx accepts HTTP/1.0. The gateway answers 426.",
    "Check that no old client or health check speaks HTTP/1.0, or convert with --envoy-filters.",
    frozenset({"status", "protocol"}),
    (Requests(http="1.0"),),
)
RAW_BYTES = Message(
    "N2I913",
    "approximated",
    "info",
    "Paths with raw non-ASCII bytes",
    "nginx accepts non-ASCII bytes in a path that no client should send without escapes. The "
    "gateway answers 400.",
    aspects=frozenset({"status"}),
    requests=(Requests(target="[^ -~]"),),
)
UNKNOWN_METHODS = Message(
    "N2I914",
    "approximated",
    "info",
    "Methods that Envoy does not know",
    "nginx passes any method on. The gateway answers 400 to methods that Envoy does not know "
    "({names}).",
    "Convert with --envoy-filters if clients use such methods.",
    frozenset({"status"}),
)
METHODS = (
    "BAN",
    "BASELINE-CONTROL",
    "CHECKIN",
    "FOO",
    "LABEL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "ORDERPATCH",
    "QUERY",
    "RPC_IN_DATA",
    "RPC_OUT_DATA",
    "UNCHECKOUT",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
)
"""Registered methods that Envoy's list lacks (``isMethodValid`` of its BalsaParser), and others."""
BACKSLASHES = Message(
    "N2I910",
    "approximated",
    "info",
    "Backslashes in paths",
    r"To nginx a backslash in a path is a character like others. Envoy takes \ and %5C for a slash "
    "when it chooses the route.",
    aspects=frozenset({"routing", "status", "path"}),
    requests=(Requests(target=r"\\|%5[cC]"),),
)


@rule("HEAD/method handling", "HTTP/1.0 clients", at="conversion", when="always")
def edge_requests(place: Place) -> Iterator[Edit | Finding]:
    """What no browser sends, but scanners, old clients and tests do."""
    yield MALFORMED("").for_every_host()
    yield BACKSLASHES("").for_every_host()
    yield RAW_BYTES("").for_every_host()
    yield TRACE("").for_every_host()
    if not place.options.envoy_filters:
        yield HTTP_10("").for_every_host()
        unknown = UNKNOWN_METHODS("", names="QUERY, BAN, RPC_IN_DATA")
        yield unknown.for_requests(Requests(method=METHODS)).for_every_host()
