"""ssl-redirect, force-ssl-redirect, preserve-trailing-slash: plain HTTP is sent to HTTPS."""

from collections.abc import Iterator

from nginx2istio.rule import (
    HOST_WITHOUT_PORT,
    TARGET_WITHOUT_SLASH,
    WITH_SLASH,
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    Requests,
    RouteBefore,
    answer,
    authority_pattern,
    extracted,
    rule,
)

SLASH = Message(
    "N2I111",
    "approximated",
    "info",
    "Trailing slash in the redirect to https",
    "nginx removes one trailing slash when it redirects to https. Envoy keeps it.",
    "Convert with --compat exact or --envoy-filters if clients depend on the shorter address.",
    frozenset({"redirect"}),
)
PORT = Message(
    "N2I113",
    "approximated",
    "info",
    "Port in the redirect to https",
    "nginx drops the port of the Host header when it redirects to https. Where a host has several "
    "names, Envoy keeps it.",
    "Check clients that name a port other than 80.",
    frozenset({"redirect"}),
)
FORWARDED_HOST = extracted("request.headers['x-forwarded-host']", r"^([^,:]*)(.*)$", r"\1")
"""The first of the hosts of X-Forwarded-Host, without its port (``redirect_host``)."""
OTHER_PORT = r":(?!80$)[0-9]+$"
"""Host headers with a port that Envoy keeps."""
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
    X-Forwarded-Proto tells what is plain, and X-Forwarded-Host the host. One slash at the end of
    the request target goes.
    """
    forced = bool(place["force-ssl-redirect"])
    if place.slash_redirect:
        return
    # nginx looks for a certificate by the name that the client asks for.
    names = [n for n in place.hosts if forced or (place["ssl-redirect"] and place.certified(n))]
    if not names:
        return
    code = place.number("http-redirect-code")
    to: dict[str, object] = {"scheme": "https", "redirectCode": code}
    port_suffix = ""
    if place["use-port-in-redirects"]:
        to["port"] = place.config.controller.flags["https-port"]
        port_suffix = f":{to['port']}"
    if place.redirect_host == place.server.host:
        to["authority"] = place.server.host
    matches: list[dict[str, object]] = [{}]
    if len(names) < len(place.hosts):
        patterns = (authority_pattern(place.server, [name]) for name in names)
        matches = [{"authority": {"regex": pattern}} for pattern in patterns]
    cut, believed = not place["preserve-trailing-slash"], bool(place["use-forwarded-headers"])
    builds = cut and place.shortens_redirects
    plain = {"x-forwarded-proto": {"exact": "http"}} if believed else {}
    port = 0 if believed else 80
    host = f"{to.get('authority', HOST_WITHOUT_PORT)}{port_suffix}"
    for match in matches:
        with_slash = {**plain, **WITH_SLASH}
        slash = {**match, "headers": with_slash}
        if believed:
            named = {"x-forwarded-host": {"regex": ".+"}}
            address = f"https://{FORWARDED_HOST}{port_suffix}"
            if builds:
                outer = {**slash, "headers": {**with_slash, **named}}
                yield RouteBefore(Phase.HTTPS, answer(code, address + TARGET_WITHOUT_SLASH), outer)
            outer = {**match, "headers": {**plain, **named}}
            yield RouteBefore(Phase.HTTPS, answer(code, f"{address}%REQ(:PATH)%"), outer)
        if builds:
            shorter = answer(code, f"https://{host}{TARGET_WITHOUT_SLASH}")
            yield RouteBefore(Phase.HTTPS, shorter, slash, port=port)
        whole = {**match, "headers": plain} if plain else match
        yield RouteBefore(Phase.HTTPS, {"redirect": to}, whole, port=port)
    if cut and not builds:
        finding = SLASH("preserve-trailing-slash")
        yield finding if believed else finding.for_requests(Requests(scheme="http"))
    if "authority" not in to and "port" not in to:
        asked = Requests(host=OTHER_PORT, scheme="" if believed else "http")
        yield PORT("ssl-redirect" if not forced else "force-ssl-redirect").for_requests(asked)
    if not place.tls and not place.server.passthrough and not believed:
        key = "force-ssl-redirect" if forced else "ssl-redirect"
        yield FAKE(key).for_host().assuming("flags")
