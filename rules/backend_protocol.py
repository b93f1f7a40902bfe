"""backend-protocol, proxy-ssl-*, proxy-http-version: how the pods are spoken to."""

from collections.abc import Iterator, Mapping
from typing import Any

from nginx2istio.rule import (
    Destination,
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    RouteBefore,
    Setting,
    rule,
    secret,
)

SNI = Message(
    "N2I330",
    "approximated",
    "info",
    "",
    "nginx names no host when it opens TLS to the pods; Istio names the one of the request (SNI)",
    "nothing, unless the pods choose a certificate, or refuse, by the name",
    frozenset({"protocol"}),
)
FCGI = Message(
    "N2I331",
    "unsupported",
    "error",
    "",
    "Envoy doesn't speak FastCGI; the path answers 503 after the conversion",
    "put a web server in front of the FastCGI process, in its pod, and drop the annotation",
    frozenset({"status", "routing"}),
)
HEADERS_LOST = Message(
    "N2I332",
    "approximated",
    "info",
    "",
    "written in lower case, {protocol} makes nginx leave out the headers that it adds for back "
    "ends (X-Real-IP, X-Forwarded-*, Host); Istio sends them",
    "nothing",
    frozenset({"request-headers", "host"}),
)
DETAIL = Message(
    "N2I333",
    "approximated",
    "info",
    "",
    "Istio can't set {name} for the connection to the pods: gateway and pod agree on TLS 1.2 or "
    "1.3 and on a cipher by themselves",
    "nothing, unless a pod must be kept from something that it offers",
    frozenset({"protocol"}),
)
PLAIN = Message(
    "N2I334",
    "ineffective",
    "info",
    "",
    "{name} does nothing here: backend-protocol is {protocol}, which needs no TLS to the pods",
    "delete the annotation, or set backend-protocol: HTTPS",
)
NO_NAME = Message(
    "N2I335",
    "translated",
    "info",
    "",
    "proxy-ssl-verify is on without a proxy-ssl-name: nginx looks for the name upstream_balancer "
    "in the pods' certificate, and answers 502 if it isn't there; so does the conversion, with 503",
    "set proxy-ssl-name to a name in the pods' certificate",
    frozenset({"status", "protocol"}),
)
KEYS = Message(
    "N2I336",
    "translated",
    "warning",
    "",
    "the gateway shows the pods the certificate of Secret {name}, which needs tls.crt and tls.key; "
    "as long as the copy {copy} does not exist, the gateway takes no further change of any Service",
    "copy the Secret before you apply the objects; if it holds a ca.crt only, leave "
    "credentialName out",
)
OLD_HTTP = Message(
    "N2I337",
    "approximated",
    "info",
    "",
    "nginx speaks HTTP/1.0 to the pods and opens a connection for each request; Envoy speaks 1.1",
    "nothing, unless a pod takes no HTTP/1.1",
    frozenset({"protocol", "request-headers"}),
)
MESHED = Message(
    "N2I338",
    "translated",
    "info",
    "",
    "the pods are asked over TLS of their own, certificates unchecked as nginx leaves them; a pod "
    "in the mesh that demands Istio's mTLS refuses that",
    "for pods in the mesh use HTTP and let the mesh encrypt",
)
TLS = frozenset({"HTTPS", "GRPCS"})


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
    "fastcgi-index",
    "fastcgi-params-configmap",
)
def backend_protocol(place: Place) -> Iterator[Edit | Finding]:
    """What nginx's proxy_pass or grpc_pass says, the trafficPolicy of the Service says in Istio.

    nginx checks no certificate unless told to, so that neither does Envoy.
    """
    if place.upstream is None or place.location.slash_redirect:
        return
    if place.upstream.name == "upstream-default-backend":
        return  # which nginx always asks in plain HTTP (buildProxyPass)
    written = place.text("backend-protocol")
    protocol = written.upper()
    if protocol == "FCGI":
        for key in ("backend-protocol", "fastcgi-index", "fastcgi-params-configmap"):
            if key in place:
                yield FCGI(key)
        yield RouteBefore(Phase.SPLIT, {"directResponse": {"status": 503}})
        return
    if protocol in ("GRPC", "GRPCS"):
        yield Destination("connectionPool.http.h2UpgradePolicy", "UPGRADE")
        if written != protocol:
            yield HEADERS_LOST("backend-protocol", protocol=written)
    if protocol in TLS or protocol == "AUTO_HTTP":
        # $scheme:// goes on as the request came: TLS to the pods for https, plain for http
        yield from encrypted(place, 443 if protocol == "AUTO_HTTP" else 0)
        return
    for key in place.settings:
        if key.startswith("proxy-ssl-"):
            yield PLAIN(key, name=key, protocol=protocol)


def encrypted(place: Place, port: int) -> Iterator[Edit | Finding]:
    """TLS to the pods: with a certificate of nginx's, checked or not, named or not."""
    settings = secured(place)
    reference = said(settings, "proxy-ssl-secret")
    policy: dict[str, Any] = {"mode": "SIMPLE", "insecureSkipVerify": True}
    if port == 0 or port in place.ports:
        yield MESHED("backend-protocol")
    if reference:
        name, edits = secret(place, reference, "the certificate that the pods are shown")
        yield from edits
        if edits:
            yield KEYS("proxy-ssl-secret", name=reference, copy=name)
        policy |= {"mode": "MUTUAL", "credentialName": name}
    host = said(settings, "proxy-ssl-name")
    if said(settings, "proxy-ssl-verify") == "on":
        del policy["insecureSkipVerify"]
        policy["subjectAltNames"] = [host or "upstream_balancer"]
        if not host:
            yield NO_NAME("proxy-ssl-verify")
    if host and said(settings, "proxy-ssl-server-name") == "on":
        policy["sni"] = host
    else:
        yield SNI("backend-protocol")
    for key in ("proxy-ssl-ciphers", "proxy-ssl-protocols", "proxy-ssl-verify-depth"):
        if key in place:
            yield DETAIL(key, name=key)
    yield Destination("tls", policy, port)


def secured(place: Place) -> Mapping[str, Setting]:
    """The proxy-ssl settings in force: the location's, else those of the host.

    The first Ingress of the host that names a Secret sets them for the whole server block, unless
    proxy-ssl-location-only says otherwise (``getBackendServers``).
    """
    if "proxy-ssl-secret" in place.settings or place["proxy-ssl-location-only"]:
        return place.settings
    found = {
        loc.ingress.object: loc.settings
        for loc in place.server.locations
        if "proxy-ssl-secret" in loc.settings
    }
    order = [origin.object for origin in place.server.ingresses]
    first = min(
        found, key=lambda name: order.index(name) if name in order else len(order), default=""
    )
    return found.get(first, {})


def said(settings: Mapping[str, Setting], key: str) -> str:
    """Return a setting as text, "" when it is not in force."""
    return str(settings[key].value) if key in settings else ""


@rule("proxy-http-version", when="configured")
def http_version(place: Place) -> Iterator[Edit | Finding]:
    """Envoy speaks HTTP/1.1 to pods, as nginx does unless told to speak 1.0."""
    if place.upstream is not None and place.text("proxy-http-version") == "1.0":
        yield OLD_HTTP("proxy-http-version")
