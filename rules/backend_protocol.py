"""backend-protocol, proxy-ssl-*, proxy-http-version: the connection to the backend."""

from collections.abc import Iterator, Mapping
from typing import Any

from nginx2istio.rule import (
    DEFAULT_UPSTREAM,
    Destination,
    Edit,
    Finding,
    Message,
    Place,
    Setting,
    name_in_snippets,
    proxy_ssl_of_host,
    rule,
    secret,
)

SNI = Message(
    "N2I330",
    "approximated",
    "info",
    "TLS to the backend names a host",
    "nginx names no host when it opens TLS to the backend. Istio names the request's host (SNI).",
    "Check backends that choose their certificate by that name, or refuse unknown names.",
    frozenset({"protocol"}),
)
NO_TLS = Message(
    "N2I341",
    "approximated",
    "info",
    "gRPC backends that speak no TLS",
    "nginx waits for an answer of a backend that does not speak TLS until its time is up. The "
    "gateway answers 503 at once.",
    "Check that the backend speaks TLS.",
    frozenset({"status", "routing", "timeout"}),
)
HEADERS_LOST = Message(
    "N2I332",
    "approximated",
    "info",
    "Lower-case protocol drops request headers",
    "With {protocol} in lower case nginx omits the headers that it adds for backends (Host, "
    "X-Real-IP, X-Forwarded-*). Istio sends them.",
    aspects=frozenset({"request-headers", "host"}),
)
DETAIL = Message(
    "N2I333",
    "approximated",
    "info",
    "TLS details follow Istio's defaults",
    "Istio can't set {name} for the connection to the backend. Gateway and backend agree on TLS "
    "1.2 or 1.3 and on a cipher by themselves.",
    "Restrict the backend's own TLS settings if it must not use one of them.",
    frozenset({"protocol"}),
)
PLAIN = Message(
    "N2I334",
    "ineffective",
    "info",
    "TLS setting without TLS",
    "{name} has no effect: backend-protocol is {protocol}, which uses no TLS.",
    "Delete the annotation, or set backend-protocol: HTTPS.",
)
NO_NAME = Message(
    "N2I335",
    "translated",
    "info",
    "proxy-ssl-verify without proxy-ssl-name",
    "nginx looks for the name upstream_balancer in the backend's certificate and answers 502 "
    "without it. Istio looks for the same name and answers 503.",
    "Set proxy-ssl-name to a name in the backend's certificate.",
    frozenset({"status", "protocol"}),
)
KEYS = Message(
    "N2I336",
    "approximated",
    "info",
    "Missing client certificate stops the gateway's updates",
    "The gateway shows the backend the certificate of Secret {name} (tls.crt and tls.key). Until "
    "its copy {copy} exists, the gateway ignores every Service update.",
    "Copy the Secret before you apply the objects. If it holds a ca.crt only, remove "
    "credentialName.",
)
OLD_HTTP = Message(
    "N2I337",
    "approximated",
    "info",
    "Backends get HTTP/1.1",
    "nginx speaks HTTP/1.0 to the backend and opens a connection for each request. Envoy speaks "
    "HTTP/1.1.",
    "Check that the backend accepts HTTP/1.1.",
    frozenset({"protocol", "request-headers"}),
)
REQUESTED = ("$host", "$http_host", "$best_http_host")
"""Names that nginx takes from the request, as Envoy does for a backend without a name."""
MESHED = Message(
    "N2I338",
    "translated",
    "info",
    "TLS of the backend's own",
    "The gateway opens TLS to the backend, as nginx does. A pod in the mesh that requires Istio's "
    "mTLS refuses this connection.",
    "Use backend-protocol: HTTP for pods in the mesh. The mesh encrypts the connection.",
)


@rule(
    "backend-protocol",
    "proxy-ssl-secret",
    "proxy-ssl-ciphers",
    "proxy-ssl-protocols",
    "proxy-ssl-name",
    "proxy-ssl-verify",
    "proxy-ssl-verify-depth",
    "proxy-ssl-server-name",
    "proxy-ssl-location-only",
    at="proxied",
    reads=("configuration-snippet", "location-snippet", "server-snippet"),
)
def backend_protocol(place: Place) -> Iterator[Edit | Finding]:
    """What nginx's proxy_pass or grpc_pass says, the trafficPolicy of the Service says in Istio.

    nginx checks no certificate by default, so Envoy doesn't either.
    """
    if place.upstream is None or place.upstream.name == DEFAULT_UPSTREAM:
        return  # nginx always asks the default backend in plain HTTP (buildProxyPass)
    spelling = place.text("backend-protocol")
    protocol = spelling.upper()
    if protocol in ("GRPC", "GRPCS"):
        yield Destination("connectionPool.http.h2UpgradePolicy", "UPGRADE")
        if spelling != protocol:
            yield HEADERS_LOST("backend-protocol", protocol=spelling)
    match protocol:
        case "FCGI":
            pass  # see fastcgi
        case "HTTPS" | "GRPCS":
            yield from tls(place)
            if protocol == "GRPCS":
                yield NO_TLS("backend-protocol")
        case "AUTO_HTTP":  # nginx's $scheme://, so TLS to the backend for https requests only
            yield from tls(place, port=443)
        case _:
            for key in place.settings:
                if key.startswith("proxy-ssl-"):
                    yield PLAIN(key, name=key, protocol=protocol)


def tls(place: Place, port: int = 0) -> Iterator[Edit | Finding]:
    """TLS to the backend: with a certificate of the gateway or not, verified or not."""
    settings = {key: str(setting.value) for key, setting in proxy_ssl(place).items()}
    policy: dict[str, Any] = {"mode": "SIMPLE", "insecureSkipVerify": True}
    if port == 0 or port in place.ports:
        yield MESHED("backend-protocol")
    reference = settings.get("proxy-ssl-secret")
    if reference:
        name, copies = secret(place, reference, "the certificate that the gateway shows backends")
        yield from copies
        if copies:
            yield KEYS("proxy-ssl-secret", name=reference, copy=name)
        policy |= {"mode": "MUTUAL", "credentialName": name}
    host = settings.get("proxy-ssl-name")
    if settings.get("proxy-ssl-verify") == "on":
        del policy["insecureSkipVerify"]
        policy["subjectAltNames"] = [host or "upstream_balancer"]
        if not host:
            yield NO_NAME("proxy-ssl-verify")
    named = "" if reference else name_in_snippets(place.config, place.server, place.location)
    annotated = settings.get("proxy-ssl-server-name") == "on"
    sni = host if annotated else named.replace("$host", place.redirect_host)
    if sni and not {"$", "%"} & set(sni):
        policy["sni"] = sni
    elif named not in REQUESTED:
        yield SNI("backend-protocol")
    for key in ("proxy-ssl-ciphers", "proxy-ssl-protocols", "proxy-ssl-verify-depth"):
        if key in place:
            yield DETAIL(key, name=key)
    yield Destination("tls", policy, port)


def proxy_ssl(place: Place) -> Mapping[str, Setting]:
    """The proxy-ssl settings in force: the location's, else those of the host.

    The first Ingress of the host that names a Secret sets them for the whole server block, unless
    proxy-ssl-location-only says otherwise (``getBackendServers``).
    """
    if "proxy-ssl-secret" in place.settings or place["proxy-ssl-location-only"]:
        return place.settings
    return proxy_ssl_of_host(place.config, place.server)


@rule("proxy-http-version", at="proxied", when="configured")
def http_version(place: Place) -> Iterator[Edit | Finding]:
    """Envoy speaks HTTP/1.1 to backends; so does nginx, unless it is set to speak 1.0."""
    if place.text("proxy-http-version") == "1.0":
        yield OLD_HTTP("proxy-http-version")
