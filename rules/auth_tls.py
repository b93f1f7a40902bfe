"""auth-tls-*: clients show a certificate."""

from collections.abc import Iterator

from nginx2istio.istio import re2
from nginx2istio.rule import (
    Action,
    Edit,
    Finding,
    GatewayField,
    HostRoute,
    MeshField,
    Message,
    Phase,
    Place,
    addresses,
    answer,
    authority_secret,
    client_certificate,
    external_auth,
    literal,
    rule,
)

WRONG = Message(
    "N2I240",
    "approximated",
    "info",
    "A wrong certificate ends the connection",
    "A client with a certificate of another authority gets {was} from nginx. The new gateway "
    "closes the connection.",
    "Tell the owners of such clients what the error looks like.",
    frozenset({"tls"}),
)
UNVERIFIED = Message(
    "N2I241",
    "unsupported",
    "error",
    "Certificates of unknown authorities are refused",
    "nginx accepts certificates of any authority (optional_no_ca) and tells the backend whether "
    "one is valid. The new gateway refuses those that Secret {secret} does not cover.",
    "Add their authorities to the Secret.",
    frozenset({"tls"}),
)
SECRET = Message(
    "N2I242",
    "approximated",
    "info",
    "The authority's Secret was not looked at",
    "Secret {secret} may be missing or have no ca.crt. Then nginx answers 403 on the whole host, "
    "and the new gateway refuses https connections.",
    "Check that it exists and has a ca.crt.",
    frozenset({"tls"}),
)
DEPTH = Message(
    "N2I243",
    "approximated",
    "info",
    "Certificate chains of any length are accepted",
    "nginx follows a client's certificate over at most {depth} to the authority in Secret "
    "{secret}. Envoy has no limit.",
    "Check whether the authority has signed other authorities.",
)
PAGE = Message(
    "N2I244",
    "unsupported",
    "warning",
    "The page for clients without certificate is missing",
    "Clients without a certificate get 400 instead of {page}: {reason}.",
    "Use a whole address (https://...) without variables.",
    frozenset({"redirect", "status"}),
)
SUBJECT = Message(
    "N2I245",
    "unsupported",
    "error",
    "The certificate's subject can't be compared",
    "Istio can't compare the subject of certificates with {pattern} ({reason}). The host answers "
    "403 to every client.",
    "Use plain characters, dots and stars.",
    frozenset({"access", "routing"}),
)
CERTIFICATE_LAST = Message(
    "N2I246",
    "approximated",
    "info",
    "The certificate is checked last",
    "The gateway checks addresses and credentials before certificates. A client without a "
    "certificate that is also denied by those gets that error first.",
    aspects=frozenset({"access", "auth"}),
)
QUOTES = Message(
    "N2I247",
    "approximated",
    "info",
    "Subjects with a quotation mark",
    "nginx also compares subjects with a quotation mark. The gateway answers 403 to them.",
    aspects=frozenset({"access"}),
)
FORBIDDEN = {"directResponse": {"status": 403}}


@rule(
    "auth-tls-secret",
    "auth-tls-verify-client",
    "auth-tls-verify-depth",
    "auth-tls-error-page",
    "auth-tls-match-cn",
    at="server",
    when="always",
    protects=True,
)
def auth_tls(place: Place) -> Iterator[Edit | Finding]:
    """A server's ssl_verify_client: a missing or wrong certificate is 400, over https only.

    The gateway asks for a certificate and takes none or a valid one (OPTIONAL_MUTUAL); a route
    before all others answers clients that showed none. `auth-tls-match-cn` is 403 in nginx for all
    other subjects, over plain HTTP (where there is none) for everybody.
    """
    if place.server.denied:
        yield HostRoute(Phase.SERVER, {}, FORBIDDEN)
    if "auth-tls-secret" not in place or place.server.denied:
        return
    verify, secret = place.text("auth-tls-verify-client"), place.text("auth-tls-secret")
    if verify != "off" and place.tls:
        yield from _gateway(place, secret)
        yield SECRET("auth-tls-secret", secret=secret)
        wrong = UNVERIFIED if verify == "optional_no_ca" else WRONG
        was = "400" if "auth-tls-error-page" not in place else "a redirect to a page"
        yield wrong("auth-tls-verify-client", secret=secret, was=was)
        depth = place.number("auth-tls-verify-depth")
        authorities = "one authority" if depth == 1 else f"{depth} authorities"
        yield DEPTH("auth-tls-verify-depth", depth=authorities, secret=secret)
    if verify == "on" and place.tls:
        yield from _without_certificate(place)
        if _checked_before(place):
            yield CERTIFICATE_LAST("auth-tls-verify-client")
    if "auth-tls-match-cn" in place:
        yield from _subjects(place, verify)


def _gateway(place: Place, secret: str) -> Iterator[Edit]:
    """The gateway asks for a certificate and tells the routes what it verified."""
    yield GatewayField("mode", "OPTIONAL_MUTUAL")
    yield MeshField("defaultConfig.gatewayTopology.forwardClientCertDetails", "SANITIZE_SET")
    default = place.config.controller.default_ssl_certificate
    name, copy = authority_secret(place.server, secret, default, place.options)
    if name:
        yield GatewayField("caCertCredentialName", name)
    if copy:
        yield Action(copy.pop("kind"), copy.pop("text"), copy)


def _without_certificate(place: Place) -> Iterator[Edit | Finding]:
    """A client that shows no certificate: 400, or a redirect to a page."""
    page = place.text("auth-tls-error-page") if "auth-tls-error-page" in place else ""
    fields = {"directResponse": {"status": 400}}
    if page and "$" not in page and page.startswith(("http://", "https://")):
        fields = answer(302, literal(page))
    elif page:
        reason = "it has variables" if "$" in page else "it is a path of the host itself"
        yield PAGE("auth-tls-error-page", page=page, reason=reason)
    absent = client_certificate.ABSENT
    yield HostRoute(Phase.SERVER, absent, fields, 443, protects="client-certificate")


def _checked_before(place: Place) -> bool:
    """Whether a policy looks at requests of the host before its routes do."""
    config, locations = place.config, place.server.locations
    if any(addresses(config, x) for x in locations):
        return True
    asks = any(external_auth(config, x) for x in locations)
    return asks and not place.options.filters("external-auth")


def _subjects(place: Place, verify: str) -> Iterator[Edit | Finding]:
    pattern = place.text("auth-tls-match-cn")
    try:
        matches = client_certificate.subject_matches(pattern)
        any_subject = re2.takes_nothing(f".*(?:{pattern}).*")  # without certificate it is empty
    except re2.Untranslatable as reason:
        yield SUBJECT("auth-tls-match-cn", pattern=pattern, reason=reason)
        yield _forbidden({})
        return
    yield QUOTES("auth-tls-match-cn")
    other = client_certificate.without(matches)
    if not any_subject:
        yield _forbidden({}, 80)
        yield _forbidden({} if verify == "off" else other, 443)
    elif verify != "off":
        yield _forbidden(client_certificate.PRESENT | other, 443)


def _forbidden(match: dict[str, object], port: int = 0) -> Edit:
    return HostRoute(Phase.SERVER, match, FORBIDDEN, port, protects="certificate-subject")
