"""Directives of snippets that no other rule translates, each said for itself, on its line."""

from collections.abc import Iterator, Mapping

from nginx2istio.istio.envoy.status_headers import by_status
from nginx2istio.nginx.facts.directives import ONCE_A_LOCATION, subject
from nginx2istio.nginx.facts.headers import HEADER_DIRECTIVES, Unclear, header_lines, snippets
from nginx2istio.nginx.facts.headers import SENT_WITH as CODES
from nginx2istio.nginx.facts.snippet import Directive, directive_origin, parse_snippet
from nginx2istio.nginx.model import Setting
from nginx2istio.rule import Edit, Finding, Message, Place, Route, rule

BODY = Message(
    "N2I470",
    "unsupported",
    "warning",
    "Directive that changes response bodies",
    "{text} changes the text of responses in nginx. The gateway does not.",
    "Change it in the application.",
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
    "Compress in the application.",
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
    "Let the application make its own pages.",
    frozenset({"status", "body", "redirect"}),
)
HEADERS = Message(
    "N2I475",
    "unsupported",
    "warning",
    "Directive that changes response headers",
    "{text} changes response headers in nginx. The conversion leaves it out.",
    "Set the headers in the application.",
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
NOTHING = Message(
    "N2I480",
    "neutral",
    "info",
    "Directive without a visible effect",
    "{text} concerns nginx alone. No client notices that it is gone.",
)
TLS = Message(
    "N2I481",
    "unsupported",
    "warning",
    "Directive of TLS",
    "{text} is about TLS. The conversion leaves it out.",
    "Use the tls settings of Gateway and DestinationRule.",
    frozenset({"tls", "protocol"}),
)
WAF = Message(
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
        {
            "routing",
            "path",
            "status",
            "redirect",
            "response-headers",
            "request-headers",
            "body",
        }
    ),
)
EXPIRES = Message(
    "N2I484",
    "approximated",
    "info",
    "Expires header",
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
HTTP_LEVEL = Message(
    "N2I486",
    "unsupported",
    "error",
    "Directive outside of all hosts",
    "{text} stands outside of all hosts. The conversion leaves it out.",
    "Check what it does for the hosts, and configure Istio by hand.",
    frozenset({"routing", "status", "access"}),
)
BROKEN = Message(
    "N2I487",
    "unsupported",
    "error",
    "Snippet that nginx can't read",
    "nginx can't read this snippet ({text}). The controller keeps the configuration from "
    "before the snippet.",
    "Correct the snippet and convert again.",
)
STREAM = Message(
    "N2I488",
    "unsupported",
    "error",
    "Snippet with TCP or UDP ports",
    "The snippet serves TCP or UDP ports of its own ({text}). The gateway does not.",
    "Write a Gateway server and a VirtualService with tcp routes for each port.",
)
SAID: Mapping[str, Message] = {
    "body": BODY,
    "cache": CACHE,
    "compression": COMPRESSION,
    "content": CONTENT,
    "errors": ERRORS,
    "headers": HEADERS,
    "input": INPUT,
    "limits": LIMITS,
    "logging": LOGGING,
    "mirror": MIRROR,
    "nothing": NOTHING,
    "tls": TLS,
    "waf": WAF,
    "other": OTHER,
}
"""By subject; ``rewrite`` and ``protection`` are the business of rules/snippets.py."""
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}


@rule(when="configured", reads=("configuration-snippet", "location-snippet"))
def location_directives(place: Place) -> Iterator[Edit | Finding]:
    """Whatever else stands in the snippets of a location."""
    if not place.location.slash_redirect:
        for key, setting in snippets(place.config, place.server, place.location, "location"):
            yield from _each(key, setting, "location")


@rule(at="server", when="configured", reads="server-snippet")
def server_directives(place: Place) -> Iterator[Edit | Finding]:
    """Whatever else stands in the snippets of a host."""
    for key, setting in snippets(place.config, place.server, place.location, "server"):
        yield from _each(key, setting, "server")


@rule("stream-snippet")
def stream_snippet(place: Place) -> Iterator[Edit | Finding]:
    """A snippet of an Ingress for ports beside those of HTTP; it concerns no path."""
    setting = place.setting("stream-snippet")
    yield from (said.for_host() for said in _stream("stream-snippet", setting))


@rule(
    "http-snippet",
    "main-snippet",
    "allow-snippet-annotations",
    "annotations-risk-level",
    "annotation-value-word-blocklist",
    at="conversion",
    when="always",
)
def all_hosts(place: Place) -> Iterator[Edit | Finding]:
    """The snippets of the ConfigMap that stand outside of all hosts."""
    for key in ("main-snippet", "http-snippet", "stream-snippet"):
        setting = place.config.configured(key)
        if setting is None or not setting.text.strip():
            continue
        if key == "stream-snippet":
            found = _stream(key, setting)
        else:
            level = key.removesuffix("-snippet")
            found = (x for x in _each(key, setting, level) if isinstance(x, Finding))
        yield from (said.for_every_host() for said in found)


def _stream(key: str, setting: Setting) -> Iterator[Finding]:
    read = parse_snippet(setting.text)
    if read.error:
        yield BROKEN(key, text=read.error).for_directive(setting.text, setting.origin)
    for directive in read.directives:
        listens = [" ".join(x.args) for x in directive.block or () if x.name == "listen"]
        text = f"listen {', '.join(listens)}" if listens else directive.text
        said = STREAM(key, text=text)
        yield said.for_directive(directive.text, directive_origin(setting, directive))


def _each(key: str, setting: Setting, level: str) -> Iterator[Edit | Finding]:
    for directive in parse_snippet(setting.text).directives:
        at = directive_origin(setting, directive)
        for one in _one(key, directive, level):
            yield one.for_directive(directive.text, at) if isinstance(one, Finding) else one


def _one(key: str, directive: Directive, level: str) -> Iterator[Edit | Finding]:
    name, about = directive.name, subject(directive.name)
    if level == "main":  # workers, modules, variables of the environment
        yield (NOTHING if directive.block is None else HTTP_LEVEL)(key, text=directive.text)
    elif name in HEADER_DIRECTIVES:
        try:
            header_lines(directive)
        except Unclear:
            yield SAID[about](key, text=directive.text)
            return
        if name == "proxy_set_header" and level != "location":
            yield OVERRIDDEN(key, text=directive.text)
    elif name == "expires" and level == "location":
        yield from _expires(key, directive)
    elif name == "location" or about == "protection" or (about == "rewrite" and level != "http"):
        return  # said by the rules for what answers and who may enter
    elif name in ONCE_A_LOCATION:
        if level == "http":
            yield OVERRIDDEN(key, text=directive.text)
    elif about == "rewrite":
        if name == "server":
            yield HTTP_LEVEL(key, text=directive.text)
        else:
            yield NOTHING(key, text=directive.text)  # a map counts where it is used
    elif name == "default_type":
        yield NOTHING(key, text=directive.text)
    else:
        yield SAID[about](key, text=directive.text)


def _expires(key: str, directive: Directive) -> Iterator[Edit | Finding]:
    """nginx adds Cache-Control and Expires to the same answers as add_header does."""
    text = directive.args[-1] if directive.args else "off"
    if text == "off":
        return
    seconds = {"max": 315360000, "epoch": -1}.get(text)
    number, unit = text.rstrip("smhdwMy"), text[len(text.rstrip("smhdwMy")) :]
    if seconds is None and number.lstrip("-").isdigit() and unit in SECONDS:
        seconds = int(number) * SECONDS[unit]
    if seconds is None or len(directive.args) != 1:
        yield HEADERS(key, text=directive.text)
        return
    value = by_status(CODES, "no-cache" if seconds < 0 else f"max-age={seconds}")
    yield Route("headers.response.set", {"Cache-Control": value})
    yield EXPIRES(key, text=directive.text)
