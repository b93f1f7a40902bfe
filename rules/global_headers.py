"""The headers of answers: add-headers, hide-headers, custom-headers, and those of snippets."""

from collections.abc import Iterator

from nginx2istio.bridge.response_headers import settle
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
    rule,
)

VARIABLE = Message(
    "N2I440",
    "unsupported",
    "warning",
    "",
    "the header {name} has a value with {variable}, for which Envoy has no equal; it is left out",
    "write the value without the variable, or set the header in the application",
    frozenset({"response-headers"}),
)
STATUSES = Message(
    "N2I441",
    "approximated",
    "info",
    "",
    "nginx adds {name} to some statuses only ({codes}); the conversion adds it to all answers",
    "nothing, unless a client looks for the header in errors, too",
    frozenset({"response-headers"}),
)
MANY = Message(
    "N2I442",
    "unsupported",
    "warning",
    "",
    "the header {name} is added more than three times, which a VirtualService can't say",
    "set the header in the application",
    frozenset({"response-headers"}),
)
NO_CONFIGMAP = Message(
    "N2I443",
    "unsupported",
    "warning",
    "",
    "the ConfigMap {name} is not among the input, so that the headers in it are unknown",
    "add the ConfigMap to the input and convert again",
    frozenset({"response-headers"}),
)
NO_LIST = Message(
    "N2I446",
    "unsupported",
    "warning",
    "",
    "the ConfigMap {name} is not among the input, so that the headers in it are unknown; if it "
    "does not exist at all, nginx answers 503 on this path",
    "add the ConfigMap to the input and convert again",
    frozenset({"response-headers", "status"}),
)
UNKNOWN_HOSTS = Message(
    "N2I444",
    "approximated",
    "info",
    "",
    "nginx puts {names} also on the 404 for hosts that no Ingress names; the gateway's has no "
    "such header",
    "nothing: nobody reads the headers of such an answer",
    frozenset({"response-headers"}),
)
SERVER = Message(
    "N2I445",
    "approximated",
    "info",
    "",
    "nginx sends {nginx}; the gateway's answers say Server: istio-envoy",
    "set proxyHeaders.server in the gateway's ProxyConfig, if the name is to be another",
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
        "cors-allow-origin",
        "auth-url",
        "configuration-snippet",
        "server-snippet",
        "location-snippet",
        "http-snippet",
    ),
)
def response_headers(place: Place) -> Iterator[Edit | Finding]:
    """Nginx changes headers of answers by lists in ConfigMaps and by directives of snippets.

    All of them together decide what an answer carries: what nginx sets later wins, add_header of a
    location hides that of its server. The route has one operation a header. CORS headers are the
    business of enable-cors, which nginx heeds last.
    """
    cors = bool(place["enable-cors"] and place["cors-allow-origin"])
    said = answer_headers(place.config, place.server, place.location, "auth-url" in place)
    settled = settle(x for x in said if not (cors and x.name.lower() in CORS))
    if settled.removed:
        yield Route("headers.response.remove", list(settled.removed))
    for how, name, line in settled.written:
        if line.name.lower() != "server":
            yield from _written(place, line, how, name)
    for line in [x for x in said if x.name.lower() == "server" and x.kind in ("set", "clear")][-1:]:
        sent = line.text if line.kind == "set" else "no Server header"
        yield SERVER(line.key, nginx=sent).for_directive(line.text, line.origin)
    for line in settled.too_many:
        yield MANY(line.key, name=line.name).for_directive(line.text, line.origin)
    yield from _unread(place)


def _written(place: Place, line: HeaderLine, how: str, name: str) -> Iterator[Edit | Finding]:
    """The header on the route: literal, by an operator, or by a condition on the status."""
    for port in (80, 443) if by_port(line.value) else (0,):
        try:
            value = envoy_value(place, line.value, port, response=True)
        except UnknownVariable as unknown:
            said = VARIABLE(line.key, name=line.name, variable=str(unknown))
            yield said.for_directive(line.text, line.origin)
            return
        if line.codes:
            supported = place.options.supports("cel-in-headers")
            if not supported or value != line.value.replace("%", "%%"):
                codes = ", ".join(str(c) for c in line.codes)
                said = STATUSES(line.key, name=line.name, codes=codes)
                yield said.for_directive(line.text, line.origin)
            else:
                value = by_status(line.codes, line.value)
        yield Route(f"headers.response.{how}", {name: value}, port=port)


def _unread(place: Place) -> Iterator[Finding]:
    """custom-headers whose ConfigMap can't be looked at."""
    if "custom-headers" in place and not place.location.denied:
        name = place.text("custom-headers")
        if name not in place.config.configmaps:
            yield NO_LIST("custom-headers", name=name)


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
        yield NO_CONFIGMAP("add-headers", name=named).for_every_host()
    if not any(server.host == "_" for server in place.config.servers):
        nowhere = answer_headers(place.config, place.server, place.location)
        names = sorted({line.name for line in nowhere if line.kind in ("set", "add")})
        if names:
            said = UNKNOWN_HOSTS(nowhere[0].key, names=", ".join(names))
            yield said.for_every_host()
    for key, sent in (
        ("server-tokens", "its own name and version as Server"),
        ("allow-backend-server-header", "the back end's Server header"),
    ):
        if place[key]:
            yield SERVER(key, nginx=sent).for_every_host()
