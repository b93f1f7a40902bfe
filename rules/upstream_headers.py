"""The Host and other headers that backends get: upstream-vhost, proxy-set-headers, snippets."""

import re
from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.rule import (
    Destination,
    Edit,
    Finding,
    HeaderLine,
    Message,
    Place,
    Route,
    UnknownVariable,
    answer_variables,
    by_port,
    envoy_value,
    external_auth,
    request_headers,
    rule,
)

HOST_VARIABLE = Message(
    "N2I410",
    "unsupported",
    "error",
    "Host with a variable",
    "The Host for the backend has {variable}, whose value Istio can't put into a Host. The "
    "backend gets the Host of the request.",
    "Write the host out.",
    frozenset({"host", "request-headers"}),
)
NO_UPGRADES = Message(
    "N2I411",
    "approximated",
    "info",
    "Connection header towards backends",
    "nginx sends Connection: {value} with a request for an upgrade, so the backend does not "
    "upgrade. Envoy lets it.",
    "Check whether a backend must not get requests for an upgrade.",
    frozenset({"protocol", "request-headers"}),
)
REQUEST_VARIABLE = Message(
    "N2I412",
    "unsupported",
    "warning",
    "Request header with an unknown variable",
    "The request header {name} for the backend has a value with {variable}, for which Envoy "
    "has no equal. The backend does not get it.",
    "Write the value without the variable.",
    frozenset({"request-headers"}),
)
TWICE = Message(
    "N2I413",
    "unsupported",
    "warning",
    "Request header sent twice",
    "nginx sends a second {name} to the backend. The gateway sends one.",
    "Use upstream-vhost to set the Host.",
    frozenset({"request-headers", "host"}),
)
NO_REQUEST_HEADERS = Message(
    "N2I414",
    "unsupported",
    "warning",
    "ConfigMap with request headers is missing",
    "The ConfigMap {name} is not among the input, so its headers are unknown.",
    "Add the ConfigMap to the input and convert again.",
    frozenset({"request-headers"}),
)
OF_SERVICE = Message(
    "N2I618",
    "approximated",
    "info",
    "Header of the authentication service, renamed",
    "{name} gets {answer} of the authentication service. The backend also gets {answer} itself, "
    "which nginx does not send.",
    aspects=frozenset({"request-headers"}),
)
OWN = frozenset(
    {
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-forwarded-scheme",
        "x-original-forwarded-for",
        "x-original-forwarded-host",
        "x-real-ip",
        "x-request-id",
        "x-scheme",
    }
)
"""What nginx's template sets at every location: a second directive is a second header."""

VARIABLES = re.compile(r"\$\{?(\w+)\}?")


@rule("upstream-vhost")
def upstream_vhost(place: Place) -> Iterator[Edit | Finding]:
    """nginx sends this as the Host; X-Forwarded-Host stays what the client sent.

    Envoy rewrites the authority after the route's headers are made. A Host with variables of the
    request is beyond Istio, those of the Ingress are literal.
    """
    if place.upstream is None:
        return
    text = place.text("upstream-vhost")
    try:
        value = envoy_value(place, text)
    except UnknownVariable as unknown:
        yield HOST_VARIABLE("upstream-vhost", variable=str(unknown))
        return
    if "%" in value:
        if text not in ("$host", "$http_host", "$best_http_host"):  # those change nothing
            yield HOST_VARIABLE("upstream-vhost", variable=text)
        return
    yield Route("rewrite.authority", value)


@rule("connection-proxy-header")
def connection_header(place: Place) -> Iterator[Edit | Finding]:
    """nginx sends this as Connection to the backend, for requests for an upgrade, too.

    Envoy keeps connections to backends open; for `close` it uses each for one request.
    """
    value = place.text("connection-proxy-header")
    if place.upstream is None or not value:
        return
    if value == "close":
        yield Destination("connectionPool.http.maxRequestsPerConnection", 1)
    yield NO_UPGRADES("connection-proxy-header", value=value)


@rule(
    "proxy-set-headers",
    when="configured",
    reads=("configuration-snippet", "server-snippet", "location-snippet", "http-snippet"),
)
def passed_headers(place: Place) -> Iterator[Edit | Finding]:
    """nginx sends the headers of the ConfigMap, and those of proxy_set_header in snippets.

    They replace the client's. Where nginx's own template sets the header as well, the backend
    gets both.
    """
    if place.upstream is None or place.location.denied or place.location.slash_redirect:
        return
    configmap = place.text("proxy-set-headers")
    if configmap and configmap not in place.config.configmaps:
        missing = NO_REQUEST_HEADERS("proxy-set-headers", name=configmap)
        yield missing.for_every_host().assuming("configmaps")
    for line in request_headers(place.config, place.server, place.location):
        name = line.name.lower()
        if line.kind != "send" and name in (*OWN, "host", "connection", "upgrade"):
            continue  # the template sends its own, whatever came in
        answers = _of_service(place, line)
        if answers:
            yield Route("headers.request.remove", [line.name])  # which a client may have sent
            yield from _sent(place, replace(line, value=answers[0]), "set")
            finding = OF_SERVICE(line.key, name=line.name, answer=", ".join(answers[1:]))
            yield finding.for_directive(line.text, line.origin)
        elif name == "host":
            yield TWICE(line.key, name="Host").for_directive(line.text, line.origin)
        elif not line.value:
            if name not in OWN:
                yield Route("headers.request.remove", [line.name])
        else:
            yield from _sent(place, line, "add" if name in OWN else "set")


def _of_service(place: Place, line: HeaderLine) -> tuple[str, ...]:
    """A value with headers of the service's answer, as the request has them once it was asked.

    Behind it the headers; nothing for other values.
    """
    variables = answer_variables(place.config, place.location)
    used = [name for name in VARIABLES.findall(line.value) if name in variables]
    if line.kind != "send" or not used or external_auth(place.config, place.location) is None:
        return ()

    def header(match: re.Match[str]) -> str:
        answer = variables.get(match[1])
        return "${http_" + answer.replace("-", "_") + "}" if answer else match[0]

    return VARIABLES.sub(header, line.value), *sorted({variables[name] for name in used})


def _sent(place: Place, line: HeaderLine, how: str) -> Iterator[Edit | Finding]:
    for port in (80, 443) if by_port(line.value) else (0,):
        try:
            value = envoy_value(place, line.value, port)
        except UnknownVariable as unknown:
            finding = REQUEST_VARIABLE(line.key, name=line.name, variable=str(unknown))
            yield finding.for_directive(line.text, line.origin)
            return
        yield Route(f"headers.request.{how}", {line.name: value}, port=port)
