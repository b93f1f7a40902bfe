"""Location blocks of hosts that ask backends of their own, or have no content at all."""

from collections.abc import Iterator

from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Place,
    Requests,
    checked_paths,
    requests_below,
    rule,
    server_locations,
    translate_block,
)

ASKS = Message(
    "N2I615",
    "approximated",
    "info",
    "Location block that asks a backend",
    "{text} becomes a route to {host}. The backend also gets the headers that Envoy adds "
    "(X-Forwarded-For, X-Forwarded-Proto, X-Request-ID), and clients its redirects as they are.",
    "Check that the backend answers with a Location that clients can reach.",
    frozenset({"request-headers", "redirect", "path", "access", "auth"}),
)
NO_FILE = Message(
    "N2I616",
    "approximated",
    "info",
    "Location block without content",
    "{text} has nginx look for a file of its own, which is not there: 404, or 405 to methods "
    "other than GET, HEAD and POST. The gateway answers 404.",
    aspects=frozenset({"status"}),
    requests=(Requests(not_method=("GET", "HEAD", "POST")),),
)
BLOCK_CHECKED = Message(
    "N2I496",
    "approximated",
    "warning",
    "Location block behind a protection",
    "nginx does not make the checks of a location of the host in {text}. At the gateway they come "
    "first, and refuse clients that they deny.",
    "Check whether denied clients need the block's answer.",
    frozenset({"access", "auth", "status", "routing", "redirect", "response-headers", "cors"}),
)


@rule(at="server", when="configured", reads=("server-snippet", "relative-redirects"))
def block_backends(place: Place) -> Iterator[Edit | Finding]:
    """What differs at the routes that location blocks become; the mesh has to know their hosts."""
    for block in server_locations(place.config, place.server):
        idle = block.match == "named" or (place.server.regex and block.modifier == "")
        if not block.key or block.refused or idle:
            continue
        routes = translate_block(place, block, bool(place["relative-redirects"]), inside=False)
        if routes.proxy:
            finding = ASKS(block.key, text=block.text, host=routes.proxy.host)
            yield finding.for_directive(block.text, block.origin)
            if routes.proxy.external:
                yield routes.proxy.external
        if routes.file:
            yield NO_FILE(block.key, text=block.text).for_directive(block.text, block.origin)
        if routes.answers and checked_paths(place):
            asked = () if block.match == "regex" else requests_below(block.path)
            finding = BLOCK_CHECKED(block.key, text=block.text).for_requests(*asked)
            yield finding.for_directive(block.text, block.origin)
