"""auth-type, auth-secret, auth-realm: users and passwords that nginx itself checks."""

from collections.abc import Iterator

from nginx2istio.nginx.facts.answered_early import early
from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    Route,
    RouteBefore,
    literal,
    rule,
    unavailable,
)

NO_CHECK = Message(
    "N2I230",
    "unsupported",
    "error",
    "",
    "nothing in Istio checks the users and passwords of Secret {secret}: {so}",
    "put a service that checks them (oauth2-proxy with --htpasswd-file, say) behind auth-url and "
    "convert again; or give Envoy's basic_auth filter a list of {{SHA}} passwords by hand",
    frozenset({"auth", "access", "routing"}),
)
OTHER_WAY = Message(
    "N2I231",
    "unsupported",
    "error",
    "",
    "only {other} lets clients in: users and passwords of Secret {secret}, which nginx takes as "
    "well (satisfy: any), are not checked and not accepted",
    "let the authentication service know these users, too",
    frozenset({"auth", "access", "redirect", "response-headers"}),
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
)
def basic_auth(place: Place) -> Iterator[Edit | Finding]:
    """A request without a valid user and password gets 401 from nginx, others go on without them.

    Istio has no such check, and the passwords do not belong into its configuration. A request that
    brings none is refused as before, one that brings some can't be judged: 503.
    """
    path = place.location.path
    if "auth-type" not in place or place.config.exempts("no-auth-locations", path):
        return
    if early(place.config, place.server, place.location).always:
        return
    secret = place.text("auth-secret")
    yield Route("headers.request.remove", ["Authorization"])
    other = _other_way(place)
    if other:
        yield OTHER_WAY("auth-type", other=other, secret=secret)
        return
    if place.options.allow_unprotected:
        yield NO_CHECK("auth-type", secret=secret, so="the path is served to everybody")
        return
    so = "who brings a password gets 503, who brings none the same 401 as before"
    if "basic" in place.text("auth-type"):
        challenge = f'Basic realm="{literal(place.text("auth-realm"))}"'
        yield RouteBefore(
            Phase.ACCESS,
            {
                "directResponse": {"status": 401},
                "headers": {"response": {"set": {"WWW-Authenticate": challenge}}},
            },
            {"withoutHeaders": {"authorization": {}}},
        )
    else:
        so = "the path answers 503"
    yield unavailable()
    yield NO_CHECK("auth-type", secret=secret, so=so)


def _other_way(place: Place) -> str:
    """What else lets a client in, "" when a password is what it takes."""
    if place.text("satisfy") != "any":
        return ""
    if "auth-url" in place or (place.text("global-auth-url") and place["enable-global-auth"]):
        return "the authentication service"
    return "an address on the list" if place["allowlist-source-range"] else ""
