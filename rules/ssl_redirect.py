"""ssl-redirect, force-ssl-redirect, preserve-trailing-slash: plain HTTP is sent to HTTPS."""

import re
from collections.abc import Iterator

from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    Requests,
    RouteBefore,
    answer,
    envoy_filter,
    on_route,
    rule,
)

SLASH = Message(
    "N2I111",
    "approximated",
    "info",
    "Trailing slash in the redirect to https",
    "nginx removes one trailing slash when it redirects to https. Envoy keeps it.",
    "Convert with --envoy-filters if clients depend on the shorter address.",
    frozenset({"redirect"}),
)
QUERY_SLASH = Message(
    "N2I114",
    "approximated",
    "info",
    "Slash at the end of a query",
    "nginx removes a slash from the end of the query, too, when it redirects to https. Envoy "
    "keeps it.",
    aspects=frozenset({"redirect"}),
)
OUTER = Message(
    "N2I115",
    "approximated",
    "info",
    "Trailing slash behind another proxy",
    "Where a proxy in front sends X-Forwarded-Host, Envoy's redirect to https keeps a "
    "trailing slash. nginx removes it.",
    aspects=frozenset({"redirect"}),
    requests=(Requests(header="X-Forwarded-Host"),),
)
WITHOUT_SLASH = "to https without the slash"
"""The name of the routes whose redirect cuts a slash off, for the EnvoyFilter that says so."""
# What differs over https itself is said by the baseline's N2I901.
FAKE = Message(
    "N2I112",
    "unsupported",
    "error",
    "Redirect to https without a certificate",
    "nginx redirects plain HTTP to https and presents its default certificate, because "
    "the host has none. The gateway serves no https for the host.",
    "Name the controller's certificate by --default-ssl-certificate, if it has one, or add its "
    "Deployment to the input. Otherwise name a Secret for the host in spec.tls.",
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
    unless="no-tls-redirect-locations",
)
def ssl_redirect(place: Place) -> Iterator[Edit | Finding]:
    """nginx answers plain HTTP with 308 to https where the host has a certificate, or is forced to.

    The status is the ConfigMap's http-redirect-code; the Host's port is dropped, and that of
    --https-port named where `use-port-in-redirects` says so. With `use-forwarded-headers`
    X-Forwarded-Proto tells what is plain, and X-Forwarded-Host the host.
    """
    forced = bool(place["force-ssl-redirect"])
    if place.slash_redirect:
        return
    if not forced and not (place["ssl-redirect"] and place.server.certificate is not None):
        return
    code = place.number("http-redirect-code")
    to: dict[str, object] = {"scheme": "https", "redirectCode": code}
    port_suffix = ""
    if place["use-port-in-redirects"]:
        to["port"] = place.config.controller.flags["https-port"]
        port_suffix = f":{to['port']}"
    if place.redirect_host == place.server.host:
        to["authority"] = place.server.host
    names = [n for n in place.hosts if forced or place.certified(n)]
    matches: list[dict[str, object]] = [{}]
    if len(names) < len(place.hosts):
        # nginx looks for a certificate by the name that the client asks for.
        matches = [{"authority": {"regex": f"(?i){re.escape(n)}(:[0-9]+)?"}} for n in names]
    cut, believed = not place["preserve-trailing-slash"], bool(place["use-forwarded-headers"])
    plain = {"x-forwarded-proto": {"exact": "http"}} if believed else {}
    port = 0 if believed else 80
    for match in matches:
        if believed:
            outer = {**match, "headers": {**plain, "x-forwarded-host": {"regex": ".+"}}}
            address = f"https://%REQ(X-FORWARDED-HOST)%{port_suffix}%REQ(:PATH)%"
            yield RouteBefore(Phase.HTTPS, answer(code, address), outer)
        if cut and place.options.filters("redirects"):
            slash = {**match, "headers": {**plain, ":path": {"regex": "[^?]+/"}}}
            yield RouteBefore(
                Phase.HTTPS, {"name": WITHOUT_SLASH, "redirect": to}, slash, port=port
            )
        whole = {**match, "headers": plain} if plain else match
        yield RouteBefore(Phase.HTTPS, {"redirect": to}, whole, port=port)
    if cut and believed:
        yield OUTER("preserve-trailing-slash")
    if cut and place.options.filters("redirects"):
        rewrite = {"pattern": {"regex": "/$"}, "substitution": ""}
        patch = on_route(WITHOUT_SLASH, {"redirect": {"regex_rewrite": rewrite}})
        yield envoy_filter(place, "redirects", "https-without-slash", patch)
    if cut:
        message = QUERY_SLASH if place.options.filters("redirects") else SLASH
        finding = message("preserve-trailing-slash")
        yield finding if believed else finding.for_requests(Requests(scheme="http"))
    if not place.tls and not place.server.passthrough and not believed:
        key = "force-ssl-redirect" if forced else "ssl-redirect"
        yield FAKE(key).for_host().assuming("flags")
