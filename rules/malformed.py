"""Requests and answers that are not as HTTP has them, where nginx and Envoy disagree."""

from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Message, Place, Requests, rule

REFUSED_BY_NGINX = Message(
    "N2I925",
    "approximated",
    "info",
    "Malformed requests that nginx refuses",
    "nginx answers 400 to a second or empty Host, a second Authorization and a folded header. The "
    "gateway answers 404 to the first two, and serves the others.",
    aspects=frozenset({"status"}),
    requests=(Requests(malformed=True),),
)
NAMED_HEADERS = Message(
    "N2I951",
    "approximated",
    "info",
    "Connection header that names X-Forwarded headers",
    "Envoy answers 400 when Connection names X-Forwarded-For, -Host or -Proto, or ten names. nginx "
    "does not look at these names.",
    aspects=frozenset({"status"}),
    requests=(Requests(header="Connection"),),
)
REFUSED_BY_ENVOY = Message(
    "N2I931",
    "approximated",
    "info",
    "Malformed requests that Envoy refuses",
    "nginx accepts HTTP/0.9 and 1.2, raw non-ASCII bytes in a query, control characters in headers "
    "and header lines without a colon. The gateway does not.",
    aspects=frozenset({"status"}),
    requests=(Requests(malformed=True),),
)
SECURE_TARGET = Message(
    "N2I926",
    "approximated",
    "info",
    "An https target over http",
    "nginx serves GET https://a.example/ on its port for http. The gateway answers 403.",
    aspects=frozenset({"access"}),
    requests=(Requests(absolute_form=True, scheme="http"),),
)
ASTERISK = Message(
    "N2I927",
    "approximated",
    "info",
    "Requests that name no path",
    "nginx answers 400 to OPTIONS * and to CONNECT. The gateway answers 404.",
    aspects=frozenset({"status"}),
    requests=(Requests(method=("CONNECT",)), Requests(method=("OPTIONS",), target=r"^\*$")),
)
NO_HOST = Message(
    "N2I928",
    "approximated",
    "info",
    "HTTP/1.0 without Host",
    "nginx gives a request of HTTP/1.0 without Host to the default server. The gateway answers "
    "400.",
    aspects=frozenset({"status"}),
    requests=(Requests(http="1.0", host="^$"),),
)
MALFORMED_RESPONSES = Message(
    "N2I929",
    "approximated",
    "info",
    "Malformed responses of backends",
    "nginx passes a response on that has several lengths (two Content-Length, or one with a "
    "Transfer-Encoding), and what is no HTTP at all. The gateway answers 502.",
    aspects=frozenset({"protocol"}),
    requests=(Requests(response="malformed"),),
)
INTERIM_RESPONSES = Message(
    "N2I930",
    "approximated",
    "info",
    "Interim responses of backends",
    "nginx takes a 103 or an unasked 100 of a backend for its response. The gateway waits for the "
    "final one.",
    aspects=frozenset({"routing"}),
    requests=(Requests(response="interim"),),
)


@rule(at="conversion", when="always")
def malformed(place: Place) -> Iterator[Edit | Finding]:
    """What docs/wire.md shows on the wire, and no recording has."""
    for message in (
        REFUSED_BY_NGINX,
        NAMED_HEADERS,
        REFUSED_BY_ENVOY,
        SECURE_TARGET,
        ASTERISK,
        MALFORMED_RESPONSES,
        INTERIM_RESPONSES,
    ):
        yield message("").for_every_host()
    if place.options.filters("client-headers"):
        yield NO_HOST("").for_every_host()
