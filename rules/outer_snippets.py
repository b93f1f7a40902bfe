"""Snippets of the ConfigMap outside of all hosts, and of TCP and UDP ports."""

from collections.abc import Iterator

from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Place,
    Setting,
    SnippetDirective,
    parse_snippet,
    rule,
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
UNREADABLE = Message(
    "N2I487",
    "unsupported",
    "error",
    "ConfigMap snippet that nginx can't read",
    "nginx can't read this snippet of the ConfigMap ({text}). The controller keeps the "
    "configuration from before the snippet.",
    "Correct the snippet and convert again.",
)
STREAM_PORTS = Message(
    "N2I488",
    "unsupported",
    "error",
    "Snippet with TCP or UDP ports",
    "The snippet serves TCP or UDP ports of its own ({text}). The gateway does not.",
    "Write a Gateway server and a VirtualService with tcp routes for each port.",
)
SERVERS = frozenset({"break", "if", "location", "return", "rewrite", "server", "set"})
"""Directives that belong into a server, or are one."""


@rule("stream-snippet")
def stream_snippet(place: Place) -> Iterator[Edit | Finding]:
    """A snippet of an Ingress for ports beside those of HTTP; it concerns no path."""
    for finding in _of_snippet("stream-snippet", place.setting("stream-snippet")):
        yield finding.for_host()


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
        if setting is not None:
            yield from (finding.for_every_host() for finding in _of_snippet(key, setting))


def _of_snippet(key: str, setting: Setting) -> Iterator[Finding]:
    snippet = parse_snippet(setting.text)
    if snippet.error:
        yield UNREADABLE(key, text=snippet.error).for_directive(setting.text, setting.origin)
    for directive in snippet.directives:
        written = SnippetDirective(key, setting, directive)
        if key == "stream-snippet":
            listens = [" ".join(x.args) for x in directive.block or () if x.name == "listen"]
            text = f"listen {', '.join(listens)}" if listens else directive.text
            yield written.finding(STREAM_PORTS, text=text)
        elif directive.name in SERVERS or (key == "main-snippet" and directive.block is not None):
            yield written.finding(HTTP_LEVEL)
