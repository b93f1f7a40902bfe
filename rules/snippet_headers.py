"""Directives of snippets about headers that no other rule translates; the lifetime of answers."""

from collections.abc import Iterator

from nginx2istio.rule import (
    HEADER_DIRECTIVES,
    ONCE_A_LOCATION,
    Edit,
    Finding,
    Message,
    Place,
    Route,
    SnippetDirective,
    Unclear,
    cache_control,
    expires_seconds,
    header_lines,
    rule,
    sends_headers,
    snippet_directives,
    subject,
    unnoticed,
)

HEADERS = Message(
    "N2I475",
    "unsupported",
    "warning",
    "Directive that changes response headers",
    "{text} changes response headers in nginx. The conversion leaves it out.",
    "Set the headers in the backend.",
    frozenset({"response-headers"}),
)
INPUT = Message(
    "N2I476",
    "unsupported",
    "error",
    "Directive that changes request headers",
    "{text} changes request headers for the backend. The conversion leaves it out.",
    "Check that the backend does not need it.",
    frozenset({"request-headers"}),
)
EXPIRES = Message(
    "N2I484",
    "approximated",
    "info",
    "Expires header is left out",
    "With {text}, nginx sends Cache-Control and Expires. The gateway sends Cache-Control "
    "only, which takes precedence.",
    aspects=frozenset({"response-headers"}),
)
OVERRIDDEN = Message(
    "N2I485",
    "ineffective",
    "info",
    "Directive that every location overrides",
    "{text} has no effect in nginx: every location has one of its own.",
    "Delete it.",
)
NAMES = Message(
    "N2I489",
    "neutral",
    "info",
    "Header names that nginx accepts",
    "{text} makes nginx accept request headers that it drops otherwise. The gateway accepts them.",
)
NAMING = frozenset({"underscores_in_headers", "ignore_invalid_headers"})
OTHER_PROTOCOL = Message(
    "N2I495",
    "ineffective",
    "info",
    "Request header for another backend protocol",
    "{text} has no effect in nginx, as backend-protocol is {protocol}: proxy_set_header sets no "
    "header of gRPC calls, and grpc_set_header none of other requests.",
    "Delete it.",
)
_MESSAGES = {"headers": HEADERS, "input": INPUT}
_Part = Edit | Finding


@rule(when="configured", reads=("configuration-snippet", "location-snippet", "backend-protocol"))
def location_header_directives(place: Place) -> Iterator[_Part]:
    """Header directives in the snippets of a location."""
    if not place.slash_redirect:
        yield from _level(place, "location")


@rule(at="server", when="configured", reads="server-snippet")
def server_header_directives(place: Place) -> Iterator[_Part]:
    """Header directives in the snippets of a host."""
    yield from _level(place, "server")


@rule(at="conversion", when="configured", reads="http-snippet")
def http_header_directives(place: Place) -> Iterator[_Part]:
    """Header directives for all hosts, and directives that every location has itself."""
    for part in _level(place, "http"):
        yield part.for_every_host() if isinstance(part, Finding) else part
    for written in snippet_directives(place, "http"):
        if written.directive.name in ONCE_A_LOCATION:
            yield written.finding(OVERRIDDEN).for_every_host()


def _level(place: Place, level: str) -> Iterator[_Part]:
    for written in snippet_directives(place, level):
        directive = written.directive
        if directive.name == "if" and any(x.name == "expires" for x in directive.block or ()):
            yield written.finding(EXPIRES)
        message = _MESSAGES.get(subject(directive.name))
        if message is None or unnoticed(directive):
            continue
        if directive.name in NAMING and (
            level == "http" or not place.options.filters("client-headers")
        ):
            yield written.finding(NAMES)
            continue
        if directive.name == "expires" and level == "location":
            yield from _expires(written)
        elif directive.name not in HEADER_DIRECTIVES or _unclear(written):
            yield written.finding(message)
        elif directive.name in ("proxy_set_header", "grpc_set_header"):
            if level != "location":
                yield written.finding(OVERRIDDEN)
            elif directive.name != sends_headers(place.config, place.location):
                yield written.finding(OTHER_PROTOCOL, protocol=place.text("backend-protocol"))


def _unclear(written: SnippetDirective) -> bool:
    try:
        header_lines(written.directive)
    except Unclear:
        return True
    return False


def _expires(written: SnippetDirective) -> Iterator[_Part]:
    """nginx adds Cache-Control and Expires to the same answers as add_header does."""
    args = written.directive.args
    if args == ("off",):
        return
    seconds = expires_seconds(args[0]) if len(args) == 1 else None
    if seconds is None:
        yield written.finding(HEADERS)
        return
    yield Route("headers.response.set", {"Cache-Control": cache_control(seconds)})
    yield written.finding(EXPIRES)
