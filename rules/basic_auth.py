"""auth-type, auth-secret, auth-realm: users and passwords that nginx itself checks."""

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    Requests,
    Route,
    RouteBefore,
    auth_check,
    early,
    literal,
    rule,
    unavailable,
)

NO_CHECK = Message(
    "N2I230",
    "unsupported",
    "error",
    "Passwords are not checked",
    "Istio does not check the users and passwords of Secret {secret}. {result}.",
    "Convert with --auth-service, which writes an nginx service that checks them from the same "
    "Secret.",
    frozenset({"auth", "access", "routing"}),
)
DIGEST = Message(
    "N2I249",
    "unsupported",
    "error",
    "Digests of passwords are not checked",
    "Neither Istio nor a stock nginx checks the digests (auth-type: digest) of Secret {secret}. "
    "{result}.",
    "Use auth-type: basic with hashes of htpasswd, and convert with --auth-service.",
    frozenset({"auth", "access", "routing"}),
)
ADD_USERS = "Add these users to the authentication service."
NO_SECRET = Message(
    "N2I232",
    "approximated",
    "info",
    "Basic authentication without its Secret",
    "If Secret {secret} does not exist, nginx answers 503 to every client. The gateway asks for "
    "credentials.",
    aspects=frozenset({"routing"}),
)
OTHER_WAY = Message(
    "N2I231",
    "unsupported",
    "error",
    "Passwords no longer let clients in",
    "nginx accepts the users and passwords of Secret {secret} as well (satisfy: any). Istio lets "
    "clients in by {other} only.",
    "Convert with --auth-service, which checks them from the same Secret.",
    frozenset({"auth", "access", "redirect", "response-headers", "status"}),
)


@rule(
    "auth-type",
    "auth-secret",
    "auth-secret-type",
    "auth-realm",
    reads=(
        "satisfy",
        "auth-url",
        "global-auth-url",
        "enable-global-auth",
        "no-auth-locations",
        "allowlist-source-range",
        "denylist-source-range",
    ),
    protects=True,
)
def basic_auth(place: Place) -> Iterator[Edit | Finding]:
    """A request without a valid user and password gets 401 from nginx, others go on without them.

    Istio has no such check, and the passwords do not belong in its configuration. A request
    without a password gets the same 401, one with a password can't be judged and gets 503.
    """
    path = place.location.path
    if "auth-type" not in place or place.config.exempts("no-auth-locations", path):
        return
    if early(place.config, place.server, place.location).always:
        return
    secret = place.text("auth-secret")
    yield Route("headers.request.remove", ["Authorization"])
    if auth_check(place):
        return
    other = _other_way(place)
    if other:
        finding = OTHER_WAY("auth-type", other=other, secret=secret).past_https_redirect(place)
        basic = place.text("auth-type") == "basic"
        yield finding if basic else replace(finding, to_do=ADD_USERS)
    elif place.options.allow_unprotected:
        no_check = NO_CHECK if place.text("auth-type") == "basic" else DIGEST
        served = no_check("auth-type", secret=secret, result="The path is served to everybody")
        yield served.past_https_redirect(place)
    elif place.text("auth-type") == "basic":
        challenge = f'Basic realm="{literal(place.text("auth-realm"))}"'
        headers = {"response": {"set": {"WWW-Authenticate": challenge}}}
        asks = {"directResponse": {"status": 401}, "headers": headers}
        yield RouteBefore(Phase.ACCESS, asks, {"withoutHeaders": {"authorization": {}}})
        yield unavailable()
        result = "A request with a password gets 503, one without still gets 401"
        asks_in = NO_CHECK("auth-type", secret=secret, result=result)
        yield asks_in.for_requests(Requests(header="Authorization")).past_https_redirect(place)
        yield NO_SECRET("auth-type", secret=secret)
    else:
        yield unavailable()
        closed = DIGEST("auth-type", secret=secret, result="The path answers 503")
        yield closed.past_https_redirect(place)


def _other_way(place: Place) -> str:
    """What else lets a client in, "" when nginx wants a password."""
    if place.text("satisfy") != "any":
        return ""
    if "auth-url" in place or (place.text("global-auth-url") and place["enable-global-auth"]):
        return "the authentication service"
    return "an address on the list" if place["allowlist-source-range"] else ""
