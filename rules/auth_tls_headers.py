"""auth-tls-pass-certificate-to-upstream: what backends learn about a client's certificate."""

from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, PerRequest, Place, Route, client_certificate, rule

NAMES = ("ssl-client-verify", "ssl-client-subject-dn", "ssl-client-issuer-dn")


@rule(
    "auth-tls-pass-certificate-to-upstream",
    at="proxied",
    when="configured",
    reads=("auth-tls-secret", "auth-tls-verify-client"),
)
def client_certificate_headers(place: Place) -> Iterator[Edit | Finding]:
    """Backends of a host with `auth-tls-secret` learn about the certificate by headers.

    nginx replaces what a client sends under their names; over plain HTTP they do not arrive.
    """
    settings = place.server.settings
    if "auth-tls-secret" not in settings:
        return
    passed = settings.get("auth-tls-pass-certificate-to-upstream")
    pem = bool(passed and passed.value)
    names = [client_certificate.HEADER, *NAMES, *(["ssl-client-cert"] if pem else [])]
    yield Route("headers.request.remove", names)
    verify = settings.get("auth-tls-verify-client")
    absent = {"ssl-client-verify": "NONE"}
    present = client_certificate.certificate_headers(pem)
    match str(verify.value) if verify else "on":
        case "off":
            yield Route("headers.request.set", absent, port=443)
        case "on":
            yield Route("headers.request.set", present, port=443)
        case _:
            for shown, headers in (
                (client_certificate.PRESENT, present),
                (client_certificate.ABSENT, absent),
            ):
                changes = {"headers": {"request": {"set": headers}}}
                yield PerRequest(shown, changes, 443, "certificate")
