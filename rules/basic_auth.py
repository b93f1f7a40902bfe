"""auth-type, auth-secret, auth-realm: users and passwords that nginx itself checks."""

from collections.abc import Iterator

from nginx2istio.nginx.facts.answered_early import early
from nginx2istio.rule import (
    Edit,
    Finding,
    Here,
    Message,
    Phase,
    literal,
    route,
    rule,
    variant,
    withheld,
)

NO_CHECK = Message(
    "N2I230",
    "unsupported",
    "error",
    "nothing in Istio checks the users and passwords of Secret {secret}: {so}",
    "put a service that checks them (oauth2-proxy with --htpasswd-file, say) behind auth-url and "
    "convert again; or give Envoy's basic_auth filter a list of {{SHA}} passwords by hand",
    frozenset({"auth", "access", "routing"}),
)
OTHER_WAY = Message(
    "N2I231",
    "unsupported",
    "error",
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
def basic_auth(here: Here) -> Iterator[Edit | Finding]:
    """A request without a valid user and password gets 401 from nginx, others go on without them.

    Istio has no such check, and the passwords do not belong into its configuration. A request that
    brings none is refused as before, one that brings some can't be judged: 503.
    """
    path = here.location.path
    if "auth-type" not in here or here.config.exempts("no-auth-locations", path):
        return
    if early(here.server, here.location, here.config).always:
        return
    secret = here.text("auth-secret")
    yield route("headers.request.remove", ["Authorization"])
    other = _other_way(here)
    if other:
        yield OTHER_WAY.about("auth-type", other=other, secret=secret)
        return
    if here.options.allow_unprotected:
        yield NO_CHECK.about("auth-type", secret=secret, so="the path is served to everybody")
        return
    so = "who brings a password gets 503, who brings none the same 401 as before"
    if "basic" in here.text("auth-type"):
        challenge = f'Basic realm="{literal(here.text("auth-realm"))}"'
        yield variant(
            Phase.ACCESS,
            {"withoutHeaders": {"authorization": {}}},
            directResponse={"status": 401},
            headers={"response": {"set": {"WWW-Authenticate": challenge}}},
        )
    else:
        so = "the path answers 503"
    yield withheld()
    yield NO_CHECK.about("auth-type", secret=secret, so=so)


def _other_way(here: Here) -> str:
    """What else lets a client in, "" when a password is what it takes."""
    if here.text("satisfy") != "any":
        return ""
    if "auth-url" in here or (here.text("global-auth-url") and here["enable-global-auth"]):
        return "the authentication service"
    return "an address on the list" if here["allowlist-source-range"] else ""
