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


@rule(
    "hsts",
    "hsts-max-age",
    "hsts-include-subdomains",
    "hsts-preload",
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
        if security:
            yield Route("headers.response.set", {STS: security}, port=443)


@rule(at="conversion", when="always")
def certificates(place: Place) -> Iterator[Edit | Finding]:
    """Hosts that share connections share a certificate at the gateway."""
    yield CERTIFICATES("").for_every_host()
