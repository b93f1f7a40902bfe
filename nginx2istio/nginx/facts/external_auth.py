"""The question that nginx asks another service about a request (``auth_request``)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal
from urllib.parse import parse_qs

from nginx2istio.base.memo import memo
from nginx2istio.base.records import record
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.headers import snippets
from nginx2istio.nginx.facts.snippet import parse_snippet
from nginx2istio.nginx.model import Location, Server
from nginx2istio.nginx.values.go import Value, whole_number

URL = re.compile(r"(https?)://(?:[^@/?]*@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?([^#]*)", re.I | re.S)
SET_HEADER = re.compile(r"\s*proxy_set_header\s+([A-Za-z0-9-]+)\s+([^\s;'\"]+|\"[^\"]*\"|'[^']*');")


@record(frozen=True, slots=True)
class ExternalAuth:
    """What is asked about the requests of a location. Texts may hold nginx's variables.

    ``key`` is ``auth-url`` or ``global-auth-url``. ``host`` is the Host header of the question,
    ``path`` its path and query. ``headers`` are those that it has besides the client's, or instead
    of them. ``signin`` is where a 401 sends the client. ``identity`` are the headers of the answer
    that the backend gets instead of the client's. ``only_200``: no other 2xx lets a request pass.
    ``cache_key`` is what an answer is remembered by ("" when none is), ``cache_seconds`` for how
    long, by its status. ``unclear`` is what of the annotations could not be understood.
    """

    key: str
    scheme: str
    host: str
    port: int
    path: str
    method: str
    headers: Mapping[str, str]
    signin: str
    identity: tuple[str, ...]
    always_set_cookie: bool
    cache_key: str
    cache_seconds: Mapping[str, int]
    only_200: bool
    unclear: str = ""


def external_auth(
    config: NginxConfig, location: Location, server: Server | None = None
) -> ExternalAuth | None:
    """What nginx asks before the requests of a location, None when it asks no service.

    The annotations of the location, else the ConfigMap's global-auth-* (``shouldApplyGlobalAuth``).
    ``server`` adds what the question says of client certificates.
    """
    everywhere = config.controller.text("global-auth-url")
    if "auth-url" not in location.settings and not (
        everywhere and config.in_force(location, "enable-global-auth")
    ):
        return None
    if config.exempts("no-auth-locations", location.path):
        return None
    return _question(config, location, server)


@memo
def _question(config: NginxConfig, location: Location, server: Server | None) -> ExternalAuth:
    annotated = "auth-url" in location.settings
    values = _AuthValues(config, location, annotated)
    match = URL.fullmatch(values.text("auth-url"))
    scheme, host, port, path = match.groups() if match else ("", "", None, "")
    headers, unclear = _headers(config, location, values)
    keepalive = annotated and bool(values.value("auth-keepalive"))
    by_lua = keepalive and not config.controller.on("use-http2")
    return ExternalAuth(
        key=values.key("auth-url"),
        scheme=scheme.lower(),
        host=host,
        port=int(port or (443 if scheme.lower() == "https" else 80)),
        path=_path(path, location),
        method=values.text("auth-method") or "GET",
        headers=headers | _certificate(server),
        signin=_signin(values.text("auth-signin"), values.text("auth-signin-redirect-param")),
        identity=_identity(config, location, values),
        always_set_cookie=bool(values.value("auth-always-set-cookie")) and not by_lua,
        cache_key=values.text("auth-cache-key"),
        cache_seconds=_seconds(values.list("auth-cache-duration")),
        only_200=by_lua,
        unclear=unclear or ("" if match else "its address can't be read"),
    )


def headers_by_lua(config: NginxConfig, location: Location) -> Literal["", "fails", "shifted"]:
    """What becomes of auth-response-headers where Lua asks (auth-keepalive without HTTP/2).

    ngx_conf_external_auth.lua counts the variables from 1, and the template from 0. So each header
    of the backend has the value of the one before, and the last variable is one that only a
    location with more headers makes. Where there is none, Lua fails.
    """
    auth = external_auth(config, location)
    if auth is None or not auth.only_200:
        return ""
    own = _listed(config, location)
    if not own:
        return ""
    return "shifted" if own < _most_listed(config) else "fails"


def _listed(config: NginxConfig, location: Location) -> int:
    """The number of the headers that a location hands on from the service's answer."""
    values = _AuthValues(config, location, "auth-url" in location.settings)
    return len(values.list("auth-response-headers"))


@memo
def _most_listed(config: NginxConfig) -> int:
    """The most headers that any location hands on."""
    locations = (location for server in config.servers for location in server.locations)
    asking = (x for x in locations if external_auth(config, x) is not None)
    return max((_listed(config, x) for x in asking if not x.denied), default=0)


@record(frozen=True, slots=True)
class _AuthValues:
    """The family's values: the location's annotations, or their twins in the ConfigMap."""

    config: NginxConfig
    location: Location
    own: bool

    def key(self, name: str) -> str:
        return name if self.own else f"global-{name}"

    def value(self, name: str) -> Value | None:
        if self.own:
            return self.config.in_force(self.location, name)
        return self.config.controller.config.get(self.key(name))

    def text(self, name: str) -> str:
        value = self.value(name)
        return "" if value is None else str(value)

    def list(self, name: str) -> tuple[Value, ...]:
        value = self.value(name)
        return value if isinstance(value, tuple) else ()


def _identity(config: NginxConfig, location: Location, values: _AuthValues) -> tuple[str, ...]:
    """The headers of the answer that go on, those that snippets pass under other names included."""
    names = {str(header).lower(): str(header) for header in values.list("auth-response-headers")}
    for header in answer_variables(config, location).values():
        names.setdefault(header, header)
    return tuple(names.values())


@memo
def answer_variables(config: NginxConfig, location: Location) -> Mapping[str, str]:
    """The variables that hold a header of the service's answer (auth_request_set), by name.

    Those that a proxy_set_header of the location's snippets uses; headers are in lower case.
    """
    directives = [
        directive
        for _, setting in snippets(config, _NOWHERE, location, "location")
        for directive in parse_snippet(setting.text).directives
    ]
    sent = " ".join(x.args[1] for x in directives if x.name == "proxy_set_header" and x.args[1:])
    used = {a or b for a, b in re.findall(r"\$(?:\{(\w+)\}|(\w+))", sent)}
    variables = {}
    for directive in directives:
        if directive.name == "auth_request_set" and len(directive.args) == 2:
            name, value = directive.args[0].strip("$"), directive.args[1]
            header = re.fullmatch(r"\$(?:upstream|sent)_http_(\w+)", value)
            if header and name in used:
                variables[name] = header[1].replace("_", "-").lower()
    return variables


_NOWHERE = Server("", ())


def _path(text: str, location: Location) -> str:
    """The path of the question. Without one in the URL nginx sends that of its own location."""
    if text.startswith("/"):
        return text
    encoded = base64.urlsafe_b64encode(location.path.encode()).decode().rstrip("=")
    return f"/_external-auth-{encoded}-{location.path_type}{text}"


def _headers(
    config: NginxConfig, location: Location, values: _AuthValues
) -> tuple[dict[str, str], str]:
    """The headers of the question, and what of them could not be understood."""
    headers = {
        "X-Original-URL": "$scheme://$http_host$request_uri",
        "X-Original-Method": "$request_method",
        "X-Sent-From": "nginx-ingress-controller",
        "X-Real-IP": "$remote_addr",
        "X-Forwarded-For": "$remote_addr",
        "X-Auth-Request-Redirect": values.text("auth-request-redirect") or "$request_uri",
    }
    if values.text("auth-method"):
        headers |= {"X-Original-URI": "$request_uri", "X-Scheme": "$pass_access_scheme"}
    reference = str(values.value("auth-proxy-set-headers") or "") if values.own else ""
    if reference:
        configmap = config.configmaps.get(reference)
        if configmap is None:
            return headers, f"ConfigMap {reference} is not among the input"
        headers |= configmap.data
    rest = SET_HEADER.sub("", values.text("auth-snippet"))
    for name, text in SET_HEADER.findall(values.text("auth-snippet")):
        headers[name] = text.strip("\"'") if text[0] in "\"'" else text
    if rest.strip():
        return headers, f"its snippet says more than proxy_set_header: {rest.strip()[:60]}"
    return headers, ""


def _certificate(server: Server | None) -> dict[str, str]:
    """The headers about a client's certificate, on a server that knows any."""
    settings = server.settings if server else {}
    if server is None or "auth-tls-secret" not in settings or server.denied:
        return {}
    headers = {
        "ssl-client-verify": "$ssl_client_verify",
        "ssl-client-subject-dn": "$ssl_client_s_dn",
        "ssl-client-issuer-dn": "$ssl_client_i_dn",
    }
    passed = settings.get("auth-tls-pass-certificate-to-upstream")
    if passed and passed.value:
        headers["ssl-client-cert"] = "$ssl_client_escaped_cert"
    return headers


UNITS = {
    "ms": 0,
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
    "w": 604800,
    "M": 2592000,
    "y": 31536000,
}


@lru_cache(maxsize=256)
def _seconds(durations: tuple[Value, ...]) -> Mapping[str, int]:
    """How long answers are remembered, by status (``proxy_cache_valid``)."""
    seconds: dict[str, int] = {}
    for text in durations:
        words = str(text).split()
        time = re.fullmatch(r"(\d+)(ms|s|m|h|d|w|M|y)", words[-1]) if words else None
        for status in words[:-1] or ("200", "301", "302"):
            if time and re.fullmatch(r"\d{3}", status):
                seconds.setdefault(status, whole_number(time[1]) * UNITS[time[2]])
    return seconds


def _signin(url: str, parameter: str) -> str:
    """Where a 401 leads: with the address of the request (``buildAuthSignURL``)."""
    if not url:
        return ""
    query = parse_qs(url.partition("#")[0].partition("?")[2], keep_blank_values=True)
    back = f"{parameter or 'rd'}=$pass_access_scheme://$http_host$escaped_request_uri"
    if not query:
        return f"{url}?{back}"
    return url if query.get(parameter or "rd", [""])[0] else f"{url}&{back}"
