"""hsts*: Strict-Transport-Security on every answer over https."""

from collections.abc import Iterator

from nginx2istio.rule import (
    STS,
    Edit,
    Finding,
    Place,
    Route,
    answer_headers,
    auth_check,
    not_denied,
    rule,
    transport_security,
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
            check = auth_check(place)
            if check and check.external and check.external.signin:
                security = not_denied(302, security)
            yield Route("headers.response.set", {STS: security}, port=443)
