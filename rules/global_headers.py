"""The headers of answers: add-headers, hide-headers, custom-headers, and those of snippets."""

from collections.abc import Iterator

from nginx2istio.istio.envoy.status_headers import by_status
from nginx2istio.rule import (
    Edit,
    Finding,
    HeaderLine,
    Message,
    Place,
    Route,
    UnknownVariable,
    answer_headers,
    by_port,
    envoy_value,
    of_other_hosts,
    rule,
    settle,
)

RESPONSE_VARIABLE = Message(
    "N2I440",
    "unsupported",
    "warning",
    "Response header with an unknown variable",
    "The response header {name} has a value with {variable}, for which Envoy has no equal. "
    "The gateway does not send it.",
    "Write the value without the variable, or set the header in the backend.",
    frozenset({"response-headers"}),
)
STATUSES = Message(
    "N2I441",
    "approximated",
    "info",
    "Response header of some statuses",
    "nginx adds {name} to some statuses only ({codes}). The gateway adds it to all answers.",
    aspects=frozenset({"response-headers"}),
)
MANY = Message(
    "N2I442",
    "unsupported",
    "warning",
    "Response header added too often",
    "nginx adds the response header {name} more than three times. A VirtualService can't do "
    "that, so some are missing.",
    "Set the header in the backend.",
    frozenset({"response-headers"}),
)
NO_RESPONSE_HEADERS = Message(
    "N2I443",
    "unsupported",
    "warning",
    "ConfigMap with response headers is missing",
    "The ConfigMap {name} is not among the input, so its headers are unknown.",
    "Add the ConfigMap to the input and convert again.",
    frozenset({"response-headers"}),
)
NO_LIST = Message(
    "N2I446",
    "unsupported",
    "warning",
    "ConfigMap with custom headers is missing",
    "The ConfigMap {name} is not among the input, so its headers are unknown. If it does not "
    "exist, nginx answers 503 on this path.",
    "Add the ConfigMap to the input and convert again.",
    frozenset({"response-headers", "routing"}),
)
UNKNOWN_HOSTS = Message(
    "N2I444",
    "approximated",
    "info",
    "Response headers for unknown hosts",
    "nginx adds {names} to the 404 for unknown hosts, too. The gateway's 404 has no such header.",
    aspects=frozenset({"response-headers"}),
)
SERVER = Message(
    "N2I445",
    "approximated",
    "info",
    "Another Server header in responses",
    "nginx sends {nginx}. The gateway sends Server: istio-envoy.",
    "Set proxyHeaders.server in the gateway's ProxyConfig if you need another name.",
    frozenset({"response-headers"}),
)
CORS = frozenset(
    f"access-control-{name}"
    for name in (
        "allow-credentials",
        "allow-headers",
        "allow-methods",
        "allow-origin",
        "expose-headers",
        "max-age",
    )
)


@rule(
    "custom-headers",
    "add-headers",
    "hide-headers",
    "global-allowed-response-headers",
    when="configured",
    reads=(
        "enable-cors",
        "cors-allow-credentials",
        "cors-allow-origin",
        "cors-expose-headers",
        "auth-url",
        "configuration-snippet",
        "server-snippet",
        "location-snippet",
        "http-snippet",
    ),
)
def response_headers(place: Place) -> Iterator[Edit | Finding]:
    """nginx changes headers of answers by lists in ConfigMaps and by directives of snippets.

    All of them together decide what an answer carries: what nginx sets later wins, add_header of a
    location hides that of its server. The route has one operation a header. The CORS headers that
    enable-cors sets come last.
    """
    cors = _cors_headers(place)
    lines = answer_headers(place.config, place.server, place.location, "auth-url" in place)
    settled = settle(x for x in lines if x.name.lower() not in cors)
    if settled.removed:
        yield Route("headers.response.remove", list(settled.removed))
    for how, name, line in settled.written:
        if line.name.lower() != "server":
            yield from _written(place, line, how, name)
    server = [x for x in lines if x.name.lower() == "server" and x.kind in ("set", "clear")]
    for line in server[-1:]:
        sent = line.text if line.kind == "set" else "no Server header"
        yield SERVER(line.key, nginx=sent).for_directive(line.text, line.origin)
    for line in settled.too_many:
        yield MANY(line.key, name=line.name).for_directive(line.text, line.origin)
    yield from _unread(place)


def _cors_headers(place: Place) -> frozenset[str]:
    """The response headers that enable-cors sets, in lower case."""
    if not place["enable-cors"] or not place["cors-allow-origin"]:
        return frozenset()
    optional = ("allow-credentials", "expose-headers")
    return CORS - {f"access-control-{x}" for x in optional if not place[f"cors-{x}"]}


def _written(place: Place, line: HeaderLine, how: str, name: str) -> Iterator[Edit | Finding]:
    """The header on the route: literal, by an operator, or by a condition on the status."""
    for port in (80, 443) if by_port(line.value) else (0,):
        try:
            value = envoy_value(place, line.value, port, response=True)
        except UnknownVariable as unknown:
            finding = RESPONSE_VARIABLE(line.key, name=line.name, variable=str(unknown))
            yield finding.for_directive(line.text, line.origin)
            return
        if line.codes:
            if value != line.value.replace("%", "%%"):
                codes = ", ".join(str(c) for c in line.codes)
                finding = STATUSES(line.key, name=line.name, codes=codes)
                yield finding.for_directive(line.text, line.origin)
            else:
                value = by_status(line.codes, line.value)
        yield Route(f"headers.response.{how}", {name: value}, port=port)


def _unread(place: Place) -> Iterator[Finding]:
    """custom-headers whose ConfigMap can't be looked at."""
    if "custom-headers" in place and not place.location.denied:
        name = place.text("custom-headers")
        if name not in place.config.configmaps:
            yield NO_LIST("custom-headers", name=name).assuming("configmaps")


@rule(
    "server-tokens",
    "Server header",
    "allow-backend-server-header",
    at="conversion",
    when="always",
    reads=("add-headers", "location-snippet", "http-snippet"),
)
def all_answers(place: Place) -> Iterator[Edit | Finding]:
    """What the ConfigMap says of all answers, those for unknown hosts included."""
    named = place.text("add-headers")
    if named and named not in place.config.configmaps:
        missing = NO_RESPONSE_HEADERS("add-headers", name=named)
        yield missing.for_every_host().assuming("configmaps")
    if not any(server.host == "_" for server in place.config.servers):
        nowhere = answer_headers(place.config, place.server, place.location)
        if names := sorted({line.name for line in nowhere if line.kind in ("set", "add")}):
            finding = UNKNOWN_HOSTS(nowhere[0].key, names=", ".join(names))
            yield finding.for_requests(of_other_hosts(place.config)).for_every_host()
    for key, sent in (
        ("server-tokens", "its own name and version as Server"),
        ("allow-backend-server-header", "the backend's Server header"),
    ):
        if place[key]:
            yield SERVER(key, nginx=sent).for_every_host()
