"""Location blocks in snippets: paths that nginx answers apart from those of the Ingresses."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nginx2istio.istio.re2 import Untranslatable
from nginx2istio.rule import (
    Edit,
    Finding,
    HostRoute,
    Message,
    NestedLocation,
    Phase,
    Place,
    RouteBefore,
    closing_answers,
    comes_to,
    in_order,
    nested_locations,
    rule,
    server_locations,
    stands_with_paths,
    translate_block,
)

BLOCK_LEFT_OUT = Message(
    "N2I490",
    "unsupported",
    "error",
    "Location block without a translation",
    "The conversion leaves out {text}: {why}.",
    "Let a Service answer these paths, by an Ingress of their own.",
    frozenset({"routing", "path", "redirect", "status"}),
)
BLOCK_CLOSED = Message(
    "N2I491",
    "unsupported",
    "error",
    "Location block that protects",
    "{text} decides which clients are denied. The conversion can't express it ({why}), so {so}.",
    "Give these paths an Ingress of their own with annotations for the protection.",
    frozenset({"access", "auth", "routing", "status"}),
)
IDLE_BLOCK = Message(
    "N2I492",
    "ineffective",
    "info",
    "Location block without effect",
    "{text} has no effect in nginx: {why}.",
    "Delete it.",
)
BLOCK_REFUSED = Message(
    "N2I493",
    "unsupported",
    "error",
    "Location block that nginx refuses",
    "nginx refuses {text}: {why}. The controller keeps the configuration from before the snippet.",
    "Correct or delete the block, and convert again.",
)
INNER_BLOCK = Message(
    "N2I494",
    "approximated",
    "info",
    "Location block inside a location",
    "{text} becomes a route. The gateway makes the location's checks of addresses and "
    "credentials before it, even where the block answers everybody in nginx.",
    "Check that no client outside of these checks needs the block's answer.",
    frozenset({"access", "auth", "status", "redirect", "response-headers", "cors"}),
)
NAMED = "only other directives use it, which are reported themselves"
BEATEN = "the paths of the host are regular expressions, which go before it"
WHOLE = ({"uri": {"prefix": "/"}},)
"""All paths of a host."""
_Part = Edit | Finding
_Match = Mapping[str, Any]
_ToEdit = Callable[[_Match, _Match, int], Edit]


@rule(at="server", when="configured", reads=("server-snippet", "relative-redirects"), protects=True)
def server_blocks(place: Place) -> Iterator[_Part]:
    """Blocks that go before all paths of Ingresses: exact ones and regular expressions."""
    for block in _written(place):
        if block.match == "named":
            yield _finding(IDLE_BLOCK, block, why=NAMED)
        elif block.refused:
            yield _finding(BLOCK_REFUSED, block, why=block.refused)
            if block.protects:
                paths = translate_block(place, block, False, False).matches
                yield from _closing(place, paths, _host_route)
        elif place.server.regex and block.modifier == "":
            yield _finding(IDLE_BLOCK, block, why=BEATEN)
        elif not stands_with_paths(place, block):
            yield from _routes(place, block, _host_route)


@rule(when="configured", reads=("server-snippet", "relative-redirects"), protects=True)
def location_blocks(place: Place) -> Iterator[_Part]:
    """Blocks with a plain path: routes of the location that would have their requests otherwise.

    Longer paths of Ingresses stand before that location, and so before the block.
    """
    if place.slash_redirect:
        return
    for block in _written(place):
        plain = stands_with_paths(place, block) and not block.refused
        if plain and comes_to(place.server, place.location, block):
            yield from _routes(place, block, _bare_route)


@rule(
    when="configured",
    reads=("configuration-snippet", "location-snippet", "relative-redirects"),
    protects=True,
)
def nested_blocks(place: Place) -> Iterator[_Part]:
    """Blocks in the snippets of a location: nginx prefers them to all else that is said there.

    The location's checks hold in a block, what answers in the location does not. A block that
    protects closes its paths where it can't be translated, or the location where its paths can't be
    said. A block without return gets no further than the controller's Lua, which knows no upstream
    for it and answers 503 (``balancer.rewrite``).
    """
    blocks = nested_locations(place.config, place.server, place.location)
    try:
        blocks = tuple(in_order(blocks))
    except Untranslatable as reason:
        for block in blocks:
            yield from _left_out(place, block, (), str(reason), _inner_route)
        return
    for block in blocks:
        if block.refused:
            yield _finding(BLOCK_REFUSED, block, why=block.refused)
            if block.protects:
                yield from _closing(place, (), _inner_route)
        else:
            yield from _routes(place, block, _inner_route)


def _written(place: Place) -> Iterator[NestedLocation]:
    """The blocks of the host that somebody wrote; see health for the controller's own."""
    return (block for block in server_locations(place.config, place.server) if block.key)


def _host_route(match: _Match, fields: _Match, port: int) -> Edit:
    return HostRoute(Phase.FIND, match, fields, port)


def _bare_route(match: _Match, fields: _Match, port: int) -> Edit:
    """A route for a block of the host; nothing of the Ingress's location holds there."""
    return RouteBefore(Phase.SERVER, fields, match, port, bare=True)


def _inner_route(match: _Match, fields: _Match, port: int) -> Edit:
    """A route for a block of a location, with the location's response headers."""
    return RouteBefore(Phase.FIND, fields, match, port)


def _finding(message: Message, block: NestedLocation, **facts: object) -> Finding:
    return message(block.key, text=block.text, **facts).for_directive(block.text, block.origin)


def _routes(place: Place, block: NestedLocation, to_edit: _ToEdit) -> Iterator[_Part]:
    """The block as an answer to its paths; one that protects and can't be said closes them."""
    inside = to_edit is _inner_route
    routes = translate_block(place, block, bool(place["relative-redirects"]), inside)
    if routes.reason:
        yield from _left_out(place, block, routes.matches, routes.reason, to_edit)
        return
    yield from (to_edit(match, fields, port) for match, port, fields in routes.answers)
    if inside:
        yield _finding(INNER_BLOCK, block)


def _left_out(
    place: Place, block: NestedLocation, paths: tuple[_Match, ...], why: str, to_edit: _ToEdit
) -> Iterator[_Part]:
    """What stands in for a block without translation: an error, and 503 where it protects."""
    if not block.protects:
        yield _finding(BLOCK_LEFT_OUT, block, why=why)
        return
    whole = "the location answers 503" if to_edit is _inner_route else "the host answers 503"
    closed = "its paths answer 503" if paths else whole
    so = "they are open to everybody" if place.options.allow_unprotected else closed
    yield _finding(BLOCK_CLOSED, block, why=why, so=so)
    yield from _closing(place, paths, to_edit)


def _closing(place: Place, matches: tuple[_Match, ...], to_edit: _ToEdit) -> Iterator[Edit]:
    """503 for the paths of a block that protects, or without ``matches`` for all around it."""
    if place.options.allow_unprotected:
        return
    everything: tuple[_Match, ...] = ({},) if to_edit is _inner_route else WHOLE
    for port, fields in closing_answers(place, to_edit is _inner_route):
        yield from (to_edit(match, fields, port) for match in matches or everything)
