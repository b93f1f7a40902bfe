"""Directives of snippets that tell nginx the address of the client (realip)."""

from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Message, Place, rule, snippet_directives, subject

REAL_IP = Message(
    "N2I497",
    "unsupported",
    "error",
    "Directive that sets the client address",
    "{text} makes nginx take the client's address from a proxy in front of it. The gateway takes "
    "that of the connection.",
    "Set numTrustedProxies for the gateway in the mesh configuration.",
    frozenset({"access", "auth", "request-headers", "rate-limit", "balancing", "logging"}),
)


@rule(when="configured", reads=("configuration-snippet", "location-snippet"))
def location_addresses(place: Place) -> Iterator[Edit | Finding]:
    """Addresses for a location: lists, limits and logs go by them, and backends get them."""
    if not place.slash_redirect:
        yield from _level(place, "location")


@rule(at="server", when="configured", reads="server-snippet")
def server_addresses(place: Place) -> Iterator[Edit | Finding]:
    """Addresses for a host."""
    yield from _level(place, "server")


@rule(at="conversion", when="configured", reads="http-snippet")
def http_addresses(place: Place) -> Iterator[Edit | Finding]:
    """Addresses for all hosts."""
    yield from (finding.for_every_host() for finding in _level(place, "http"))


def _level(place: Place, level: str) -> Iterator[Finding]:
    for written in snippet_directives(place, level):
        if subject(written.directive.name) == "address":
            yield written.finding(REAL_IP)
