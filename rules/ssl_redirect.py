"""ssl-redirect, force-ssl-redirect, preserve-trailing-slash: plain HTTP is sent to HTTPS; HSTS."""

import re
from collections.abc import Iterator
from functools import lru_cache

from nginx2istio.bridge.response_headers import STS, transport_security
from nginx2istio.nginx.facts.headers import answer_headers
from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    Route,
    RouteBefore,
    answer,
    envoy_filter,
    on_route,
    once_per,
    rule,
)

SLASH = Message(
    "N2I111",
    "approximated",
    "info",
    "",
    "nginx cuts one trailing slash off the address when it redirects to https; Envoy keeps it",
    "nothing: the address with the slash is the one that was asked for; --envoy-filters cuts it",
    frozenset({"redirect"}),
)
QUERY_SLASH = Message(
    "N2I114",
    "approximated",
    "info",
    "",
    "nginx cuts a slash off the end of the query, too, when it redirects to https; Envoy keeps it",
    "nothing: the address with the slash is the one that was asked for",
    frozenset({"redirect"}),
)
OUTER = Message(
    "N2I115",
    "approximated",
    "info",
    "",
    "where a proxy in front names another host in X-Forwarded-Host, the redirect to https keeps a "
    "slash at the end of the address, which nginx cuts off",
    "nothing: the address with the slash is the one that was asked for",
    frozenset({"redirect"}),
)
WITHOUT_SLASH = "to https without the slash"
"""The name of the routes whose redirect cuts a slash off, for the EnvoyFilter that says so."""
# What differs over https itself is said by the baseline's N2I901.
FAKE = Message(
    "N2I112",
    "unsupported",
    "error",
    "",
    "plain HTTP is redirected to https, but the host has no certificate of its own: nginx presents "
    "its self-signed one there, the new gateway serves nothing",
    "create a certificate for the host and name its Secret in spec.tls, or set ssl-redirect: "
    '"false"',
)


@rule(
    "ssl-redirect",
    "force-ssl-redirect",
    "preserve-trailing-slash",
    "http-redirect-code",
    "no-tls-redirect-locations",
    "use-port-in-redirects",
    "https redirect 308",
    "trailing slash removal in https redirect",
    when="always",
    reads="use-forwarded-headers",
)
def ssl_redirect(place: Place) -> Iterator[Edit | Finding]:
    """Nginx answers plain HTTP with 308 to https where the host has a certificate, or is forced to.

    The status is the ConfigMap's http-redirect-code; the Host's port is dropped, and that of
    --https-port named where `use-port-in-redirects` says so. With `use-forwarded-headers`
    X-Forwarded-Proto tells what is plain, and X-Forwarded-Host the host.
    """
    location = place.location
    if location.slash_redirect or place.config.exempts("no-tls-redirect-locations", location.path):
        return
    yield from _redirects(place)


@once_per("server", "settings", "config", "options")
def _redirects(place: Place) -> Iterator[Edit | Finding]:
    """What all paths of an Ingress on a host have in common."""
    forced = bool(place["force-ssl-redirect"])
    if not forced and not (place["ssl-redirect"] and place.server.certificate is not None):
        return
    code = place.number("http-redirect-code")
    to: dict[str, object] = {"scheme": "https", "redirectCode": code}
    named = ""
    if place["use-port-in-redirects"]:
        to["port"] = place.config.controller.flags["https-port"]
        named = f":{to['port']}"
    if place.redirect_host == place.server.host:
        to["authority"] = place.server.host
    names = [n for n in place.hosts if forced or place.certified(n)]
    matches: list[dict[str, object]] = [{}]
    if len(names) < len(
        place.hosts
    ):  # nginx looks for a certificate by the name that was asked for
        matches = [{"authority": {"regex": f"(?i){re.escape(n)}(:[0-9]+)?"}} for n in names]
    cut, believed = not place["preserve-trailing-slash"], bool(place["use-forwarded-headers"])
    plain = {"x-forwarded-proto": {"exact": "http"}} if believed else {}
    port = 0 if believed else 80
    for match in matches:
        if believed:
            outer = {**match, "headers": {**plain, "x-forwarded-host": {"regex": ".+"}}}
            there = answer(code, f"https://%REQ(X-FORWARDED-HOST)%{named}%REQ(:PATH)%")
            yield RouteBefore(Phase.HTTPS, there, outer)
        if cut and place.options.envoy_filters:
            slash = {**match, "headers": {**plain, ":path": {"regex": "[^?]+/"}}}
            yield RouteBefore(
                Phase.HTTPS, {"name": WITHOUT_SLASH, "redirect": to}, slash, port=port
            )
        whole = {**match, "headers": plain} if plain else match
        yield RouteBefore(Phase.HTTPS, {"redirect": to}, whole, port=port)
    if cut and believed:
        yield OUTER("preserve-trailing-slash")
    if cut and place.options.envoy_filters:
        rewrite = {"pattern": {"regex": "/$"}, "substitution": ""}
        patch = on_route(WITHOUT_SLASH, {"redirect": {"regex_rewrite": rewrite}})
        yield envoy_filter(place, "https-without-slash", patch)
        yield QUERY_SLASH("preserve-trailing-slash")
    elif cut:
        yield SLASH("preserve-trailing-slash")
    if not place.tls and not place.server.passthrough and not believed:
        yield FAKE("force-ssl-redirect" if forced else "ssl-redirect").for_host()


@rule(
    "hsts",
    "hsts-max-age",
    "hsts-include-subdomains",
    "hsts-preload",
    "HSTS on TLS responses",
    when="always",
)
def hsts(place: Place) -> Iterator[Edit | Finding]:
    """Nginx adds Strict-Transport-Security to every answer over https; ConfigMap keys hsts*.

    What a snippet or a list of headers says of it comes later and wins.
    """
    if place.tls and place["hsts"]:
        said = answer_headers(place.config, place.server, place.location)
        security = transport_security(place.config, said)
        if security:
            yield _header(security)


@lru_cache(maxsize=256)  # one value for all hosts, so that what is made of it is made once
def _header(security: str) -> Edit:
    return Route("headers.response.set", {STS: security}, port=443)
