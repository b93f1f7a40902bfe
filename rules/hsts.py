"""hsts*: Strict-Transport-Security on every answer over https."""

from collections.abc import Iterator

from nginx2istio.rule import (
    STS,
    Edit,
    Finding,
    Message,
    Place,
    Requests,
    Route,
    answer_headers,
    auth_check,
    early,
    not_denied,
    protections,
    rule,
    transport_security,
)

CERTIFICATES = Message(
    "N2I934",
    "approximated",
    "info",
    "Another certificate for the same host",
    "Where several certificates cover a host, or none does, the gateway can present another one "
    "than nginx, and lacks Strict-Transport-Security on its own answers.",
    aspects=frozenset({"tls"}),
    requests=(Requests(scheme="https"),),
)
NOT_ON_404 = Message(
    "N2I946",
    "approximated",
    "info",
    "No Strict-Transport-Security on a 404",
    "nginx adds the header to its own 404 over https as well. The gateway answers paths that no "
    "Ingress names without it.",
    aspects=frozenset({"response-headers"}),
    requests=(Requests(scheme="https"),),
)
KEYS = ("hsts", "hsts-max-age", "hsts-include-subdomains", "hsts-preload")


@rule(
    *KEYS,
    "HSTS on TLS responses",
    when="always",
)
def hsts(place: Place) -> Iterator[Edit | Finding]:
    """nginx adds Strict-Transport-Security to every answer over https; ConfigMap keys hsts*.

    What a snippet or a list of headers says of it comes later and wins.
    """
    if place.tls and place["hsts"]:
        lines = answer_headers(place.config, place.server, place.location)
        security = transport_security(place.config, lines)
        if not security or (place.options.compat == "lean" and not place.builds(*KEYS)):
            return
        if place.builds(*KEYS) or answers(place):
            check = auth_check(place)
            if check and check.external and check.external.signin:
                security = not_denied(302, security)
            yield Route("headers.response.set", {STS: security}, port=443)
        else:
            yield NOT_ON_404("")


def answers(place: Place) -> bool:
    """Whether requests for the location get more than nginx's own 404."""
    location, config, server = place.location, place.config, place.server
    if place.proxied or location.slash_redirect or location.denied:
        return True
    always = early(config, server, location).always
    return always or bool(protections(config, server, location, place.tls))


@rule(at="conversion", when="always")
def certificates(place: Place) -> Iterator[Edit | Finding]:
    """Hosts that share connections share a certificate at the gateway."""
    yield CERTIFICATES("").for_every_host()
