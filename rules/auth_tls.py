"""auth-tls-*: clients show a certificate."""

from collections.abc import Iterator

from nginx2istio.bridge.secrets import copy_secret, secret_name
from nginx2istio.istio import re2
from nginx2istio.istio.policy import client_certificate as certificate
from nginx2istio.nginx.facts.external_auth import external_auth
from nginx2istio.rule import (
    Action,
    Edit,
    Finding,
    GatewayField,
    HostRoute,
    MeshField,
    Message,
    PerRequest,
    Phase,
    Place,
    Route,
    addresses,
    answer,
    literal,
    rule,
)

WRONG = Message(
    "N2I240",
    "approximated",
    "info",
    "",
    "a client whose certificate is of another authority gets {was} from nginx; the new gateway "
    "breaks the connection off",
    "nothing: it is refused in both; tell those who run such clients what the error looks like",
    frozenset({"tls"}),
)
UNVERIFIED = Message(
    "N2I241",
    "unsupported",
    "error",
    "",
    "nginx lets certificates of any authority pass (optional_no_ca) and tells the back end whether "
    "one is valid; the new gateway refuses those that Secret {secret} does not cover",
    "add their authorities to the Secret",
    frozenset({"tls"}),
)
SECRET = Message(
    "N2I242",
    "approximated",
    "info",
    "",
    "whether Secret {secret} exists and has a ca.crt can't be seen; if it does not, nginx answers "
    "403 on the whole host, and the new gateway refuses https connections",
    "see that it does",
    frozenset({"tls"}),
)
DEPTH = Message(
    "N2I243",
    "approximated",
    "info",
    "",
    "nginx follows a client's certificate over {depth} at most to the authority in Secret "
    "{secret}; Envoy follows as many as there are",
    "nothing, if the authority has signed no other authorities",
)
PAGE = Message(
    "N2I244",
    "unsupported",
    "warning",
    "",
    "the page {page} for clients without a certificate can't be shown, as {why}; they get 400",
    "name a whole address (https://...) without variables",
    frozenset({"redirect", "status"}),
)
CN = Message(
    "N2I245",
    "unsupported",
    "error",
    "",
    "Istio can't compare the subject of certificates with {pattern} ({why}); the host answers 403 "
    "to all",
    "write it with plain characters, dots and stars",
    frozenset({"access", "routing"}),
)
ORDER = Message(
    "N2I246",
    "approximated",
    "info",
    "",
    "who shows no certificate and may not enter for another reason, too (address, credentials), is "
    "told so: the gateway looks at those first",
    "nothing: it is refused in both",
    frozenset({"access", "auth"}),
)
FORBIDDEN = {"status": 403}
NAMES = ("ssl-client-verify", "ssl-client-subject-dn", "ssl-client-issuer-dn")


@rule(
    "auth-tls-secret",
    "auth-tls-verify-client",
    "auth-tls-verify-depth",
    "auth-tls-error-page",
    "auth-tls-match-cn",
    at="server",
    when="always",
)
def auth_tls(place: Place) -> Iterator[Edit | Finding]:
    """A server's ssl_verify_client: a missing or wrong certificate is 400, over https only.

    The gateway asks for a certificate and takes none or a valid one (OPTIONAL_MUTUAL); a route
    before all others answers clients that showed none. `auth-tls-match-cn` is 403 in nginx for all
    other subjects, over plain HTTP (where there is none) for everybody.
    """
    if place.server.denied:
        yield HostRoute(Phase.SERVER, {}, {"directResponse": FORBIDDEN})
    if "auth-tls-secret" not in place or place.server.denied:
        return
    verify, reference = place.text("auth-tls-verify-client"), place.text("auth-tls-secret")
    if verify != "off" and place.tls:
        yield from _asked_for(place, reference)
        yield SECRET("auth-tls-secret", secret=reference)
        wrong = UNVERIFIED if verify == "optional_no_ca" else WRONG
        was = "400" if "auth-tls-error-page" not in place else "sent to a page"
        yield wrong("auth-tls-verify-client", secret=reference, was=was)
        depth = place.number("auth-tls-verify-depth")
        over = "one authority" if depth == 1 else f"{depth} authorities"
        yield DEPTH("auth-tls-verify-depth", depth=over, secret=reference)
    if verify == "on" and place.tls:
        yield from _refused(place)
        if _checked_before(place):
            yield ORDER("auth-tls-verify-client")
    if "auth-tls-match-cn" in place:
        yield from _subjects(place, verify)


def _asked_for(place: Place, reference: str) -> Iterator[Edit]:
    """The gateway's side of it. The authority is in a Secret beside the certificate's own."""
    yield GatewayField("mode", "OPTIONAL_MUTUAL")
    topology = "defaultConfig.gatewayTopology.forwardClientCertDetails"
    yield MeshField(topology, "SANITIZE_SET")
    own = place.server.certificate
    served = f"{own.namespace}/{own.secret}" if own and own.secret else ""
    served = served or place.config.controller.default_ssl_certificate
    if served == reference:
        return  # one Secret has both
    by_itself = place.options.supports("client-ca-of-its-own")
    namespace, _, name = (reference if by_itself else served).partition("/")
    there = f"{secret_name(namespace, name, place.options)}-cacert"
    if by_itself:
        yield GatewayField("caCertCredentialName", there)
    what = f"the authority of the clients of {place.server.host}"
    namespace, _, name = reference.partition("/")
    wanted = copy_secret(namespace, name, there, place.options, what)
    yield Action(wanted.pop("kind"), wanted.pop("text"), wanted)


def _refused(place: Place) -> Iterator[Edit | Finding]:
    """Who shows no certificate: 400, or a redirect to a page."""
    page = place.text("auth-tls-error-page") if "auth-tls-error-page" in place else ""
    if page and "$" not in page and page.startswith(("http://", "https://")):
        fields = answer(302, literal(page))
    else:
        fields = {"directResponse": {"status": 400}}
        if page:
            why = "it has variables" if "$" in page else "it is a path of the host itself"
            yield PAGE("auth-tls-error-page", page=page, why=why)
    yield HostRoute(Phase.SERVER, certificate.ABSENT, fields, 443)


def _checked_before(place: Place) -> bool:
    """Whether a policy looks at requests of the host before its routes do."""
    places = place.server.locations
    if any(addresses(place.config, x) for x in places):
        return True
    asked = any(external_auth(place.config, x) for x in places)
    return asked and not place.options.envoy_filters


def _subjects(place: Place, verify: str) -> Iterator[Edit | Finding]:
    pattern = place.text("auth-tls-match-cn")
    try:
        known = certificate.subject_matches(pattern)
    except re2.Untranslatable as why:
        yield CN("auth-tls-match-cn", pattern=pattern, why=why)
        yield HostRoute(Phase.SERVER, {}, {"directResponse": FORBIDDEN})
        return
    if re2.takes_nothing(f".*(?:{pattern}).*"):  # as without a certificate the subject is empty
        if verify != "off":
            match = certificate.PRESENT | certificate.without(known)
            yield HostRoute(Phase.SERVER, match, {"directResponse": FORBIDDEN}, 443)
        return
    yield HostRoute(Phase.SERVER, {}, {"directResponse": FORBIDDEN}, 80)
    if verify == "off":
        yield HostRoute(Phase.SERVER, {}, {"directResponse": FORBIDDEN}, 443)
    else:
        yield HostRoute(
            Phase.SERVER, certificate.without(known), {"directResponse": FORBIDDEN}, 443
        )


@rule("auth-tls-pass-certificate-to-upstream", when="configured", reads="auth-tls-secret")
def client_certificate_headers(place: Place) -> Iterator[Edit | Finding]:
    """Back ends of a host with `auth-tls-secret` learn about the certificate by headers.

    nginx replaces what a client sends under their names; over plain HTTP they do not arrive.
    """
    settings = place.server.settings
    if "auth-tls-secret" not in settings or place.upstream is None or place.location.slash_redirect:
        return
    passed = settings.get("auth-tls-pass-certificate-to-upstream")
    names = [certificate.HEADER, *NAMES]
    names += ["ssl-client-cert"] if passed and passed.value else []
    yield Route("headers.request.remove", names)
    verify = settings.get("auth-tls-verify-client")
    how = str(verify.value) if verify else "on"
    none = {"ssl-client-verify": "NONE"}
    if how == "off":
        yield Route("headers.request.set", none, port=443)
        return
    shown = {
        "ssl-client-verify": "SUCCESS",
        "ssl-client-subject-dn": certificate.SUBJECT,
        "ssl-client-issuer-dn": certificate.ISSUER,
    }
    if passed and passed.value:
        shown["ssl-client-cert"] = certificate.PEM
    if how == "on":
        yield Route("headers.request.set", shown, port=443)
        return
    for match, headers in ((certificate.PRESENT, shown), (certificate.ABSENT, none)):
        made = {"request": {"set": headers}}
        yield PerRequest(match, {"headers": made}, 443, "certificate")
