"""Directives of snippets that no other rule translates, each said for itself, on its line."""

from collections.abc import Iterator

from nginx2istio.rule import (
    ONCE_A_LOCATION,
    Edit,
    Finding,
    Message,
    Place,
    backend_name_effect,
    listed,
    opaque,
    protects,
    rule,
    snippet_directives,
    subject,
    unnoticed,
)

BODY_FILTER = Message(
    "N2I470",
    "unsupported",
    "warning",
    "Directive that changes response bodies",
    "{text} changes the text of responses in nginx. The gateway does not.",
    "Change it in the backend.",
    frozenset({"body", "response-headers"}),
)
CACHE = Message(
    "N2I471",
    "unsupported",
    "info",
    "Directive of nginx's cache",
    "{text} is about nginx's cache. The gateway asks the backend each time.",
    "Put a cache in front of the gateway if the backend needs one.",
    frozenset({"response-headers"}),
)
COMPRESSION = Message(
    "N2I472",
    "unsupported",
    "info",
    "Directive of compression",
    "{text} is about compression, which the gateway leaves to the backend.",
    "Compress in the backend.",
    frozenset({"response-headers"}),
)
CONTENT = Message(
    "N2I473",
    "unsupported",
    "error",
    "Directive that answers by itself",
    "{text} answers by itself or asks another backend in nginx. The gateway asks the Service "
    "of the path.",
    "Let a Service give the answer.",
    frozenset({"routing", "path", "status", "body", "response-headers"}),
)
ERRORS = Message(
    "N2I474",
    "unsupported",
    "warning",
    "Directive that replaces error responses",
    "{text} replaces responses of certain statuses in nginx. The gateway passes them on.",
    "Let the backend make its own pages.",
    frozenset({"status", "body", "redirect"}),
)
LIMITS = Message(
    "N2I477",
    "unsupported",
    "error",
    "Directive that limits requests",
    "{text} limits requests in nginx. The gateway does not.",
    "Use the annotations limit-rps, limit-rpm and limit-connections.",
    frozenset({"rate-limit"}),
)
LOGGING = Message(
    "N2I478",
    "unsupported",
    "info",
    "Directive of logs and traces",
    "{text} is about nginx's logs and traces.",
    "Use Istio's Telemetry for them.",
    frozenset({"logging"}),
)
MIRROR = Message(
    "N2I479",
    "unsupported",
    "warning",
    "Directive that mirrors requests",
    "{text} copies requests in nginx. The gateway does not.",
    "Use the annotation mirror-target.",
    frozenset({"mirror"}),
)
INVISIBLE = Message(
    "N2I480",
    "neutral",
    "info",
    "Directive without a visible effect",
    "{text} concerns nginx alone. No client notices that it is gone.",
)
VARIABLE = Message(
    "N2I069",
    "neutral",
    "info",
    "Directive that defines a variable",
    "{text} only defines a variable. Another finding tells where a directive can't use it.",
)
TLS_DIRECTIVE = Message(
    "N2I481",
    "unsupported",
    "warning",
    "Directive of TLS settings",
    "{text} is about TLS. The conversion leaves it out.",
    "Use the tls settings of Gateway and DestinationRule.",
    frozenset({"tls", "protocol"}),
)
WAF_DIRECTIVE = Message(
    "N2I482",
    "unsupported",
    "error",
    "Directive of a web application firewall",
    "{text} checks requests in nginx. The gateway does not.",
    "Put a web application firewall in front of the gateway.",
    frozenset({"waf", "access"}),
)
OTHER = Message(
    "N2I483",
    "unsupported",
    "error",
    "Directive without a translation",
    "The conversion leaves out {text}.",
    "Read about the directive in nginx's documentation, and configure Istio by hand.",
    frozenset(
        {"routing", "path", "status", "redirect", "response-headers", "request-headers", "body"}
    ),
)
_MESSAGES = {
    "body": BODY_FILTER,
    "cache": CACHE,
    "compression": COMPRESSION,
    "content": CONTENT,
    "errors": ERRORS,
    "limits": LIMITS,
    "logging": LOGGING,
    "mirror": MIRROR,
    "nothing": INVISIBLE,
    "tls": TLS_DIRECTIVE,
    "waf": WAF_DIRECTIVE,
    "other": OTHER,
}
"""By subject; other rules speak of headers, rewrites and checks."""
DEFINING = frozenset({"map", "split_clients"})
"""They define variables, which count where a directive uses them."""


@rule(
    when="configured",
    reads=("configuration-snippet", "location-snippet", "backend-protocol", "proxy-ssl-secret"),
)
def location_directives(place: Place) -> Iterator[Edit | Finding]:
    """Whatever else stands in the snippets of a location."""
    if not place.slash_redirect:
        yield from _level(place, "location")


@rule(
    at="server", when="configured", reads=("server-snippet", "backend-protocol", "proxy-ssl-secret")
)
def server_directives(place: Place) -> Iterator[Edit | Finding]:
    """Whatever else stands in the snippets of a host."""
    yield from _level(place, "server")


@rule(at="conversion", when="configured", reads=("http-snippet", "main-snippet"))
def http_directives(place: Place) -> Iterator[Edit | Finding]:
    """Whatever else the ConfigMap's snippets say outside of all hosts; workers and so on."""
    yield from (finding.for_every_host() for finding in _level(place, "http"))
    for written in snippet_directives(place, "main"):
        if written.directive.block is None:
            yield written.finding(INVISIBLE).for_every_host()


def _level(place: Place, level: str) -> Iterator[Finding]:
    for written in snippet_directives(place, level):
        directive = written.directive
        about = subject(directive.name)
        tls = backend_name_effect(place, level, directive)
        defines = level == "http" and directive.name in DEFINING
        if defines or directive.name == "auth_request_set":
            yield written.finding(VARIABLE)
        elif unnoticed(directive) or tls == "none":
            yield written.finding(INVISIBLE)
        elif level == "location" and listed(place, directive):
            yield written.finding(OTHER)
        elif directive.name in ONCE_A_LOCATION or protects(directive) or opaque(directive) or tls:
            continue  # other rules speak of these
        elif about in _MESSAGES and directive.name != "location":
            yield written.finding(_MESSAGES[about])
