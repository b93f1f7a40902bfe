"""affinity, session-cookie-*: a cookie that keeps a client at one pod."""

from collections.abc import Iterator

from nginx2istio.istio.envoy.expires_lua import cookie_expires, expires_filter
from nginx2istio.istio.envoy.session import session_cookie, session_filter
from nginx2istio.rule import (
    OLD_BROWSERS,
    Destination,
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    Route,
    RouteBefore,
    Upstream,
    dated_by_script,
    envoy_filter,
    fixed_expires,
    http_cookie,
    in_cookie_path,
    on_route,
    rule,
    to,
)

NEW_VALUE = Message(
    "N2I300",
    "approximated",
    "warning",
    "Session cookie gets a new value",
    "Cookie {name} still pins a client to one pod, but Envoy does not understand the value that "
    "nginx issued. Each client can move to another pod once, at the cut-over.",
    "Cut over when losing in-memory sessions once is acceptable.",
)
OTHER_EXPIRES = Message(
    "N2I301",
    "approximated",
    "info",
    "Expires of the session cookie is not alike",
    "Envoy writes the lifetime of cookie {name} as Max-Age, which browsers of the last ten years "
    "prefer. For other clients, {expires}.",
    "Convert with --envoy-filters if older clients have to drop the cookie in time.",
    frozenset({"cookies"}),
)
UNKNOWN_POD = Message(
    "N2I302",
    "approximated",
    "info",
    "Session cookie of a lost pod stays",
    "When cookie {name} names no pod, nginx replaces it. Envoy keeps it, and always sends the "
    "client to the pod that its value hashes to.",
    aspects=frozenset({"cookies"}),
)
MOVED = Message(
    "N2I303",
    "approximated",
    "warning",
    "New pods take over sessions",
    "With affinity-mode persistent nginx moves no session when pods are added. Istio's consistent "
    "hash moves a part of the sessions to the new pods.",
    "Keep sessions outside of the pods, or convert with --envoy-filters, which writes the pod into "
    "the cookie.",
    frozenset({"balancing"}),
)
OTHER_POD = Message(
    "N2I304",
    "approximated",
    "info",
    "Session cookie after a failure",
    "When a pod fails, nginx sends the client to another pod with a new cookie {name}. Envoy keeps "
    "the cookie, and asks the failed pod first until it leaves the Service.",
    aspects=frozenset({"retries"}),
)
SAMESITE_NONE = Message(
    "N2I305",
    "approximated",
    "warning",
    "SameSite=None is sent to old browsers",
    "nginx omits SameSite=None from cookie {name} for old browsers that misread it. Envoy sends it "
    "to all browsers, because of {reason}.",
    "Give up session-cookie-conditional-samesite-none, or these browsers.",
    frozenset({"cookies"}),
)
ADDRESS = Message(
    "N2I306",
    "translated",
    "info",
    "Session cookie shows a pod's address",
    "Cookie {name} holds the address of a pod, and its client can read it.",
    "Convert without --envoy-filters if addresses in the cluster are secret.",
)
ALSO_HERE = Message(
    "N2I307",
    "approximated",
    "info",
    "Session cookie is set on more paths",
    "nginx follows cookie {name} on this path, but does not set it here. Envoy sets it, as on the "
    "other paths of the Service.",
    aspects=frozenset({"cookies"}),
)
SAMESITE = "session-cookie-samesite"
CONDITIONAL = "session-cookie-conditional-samesite-none"
HASH_COOKIE = "loadBalancer.consistentHash.httpCookie"


@rule(
    "affinity",
    "affinity-mode",
    "session-cookie-name",
    "session-cookie-path",
    "session-cookie-domain",
    "session-cookie-expires",
    "session-cookie-max-age",
    SAMESITE,
    CONDITIONAL,
    "session-cookie-secure",
    "session-cookie-change-on-failure",
    at="upstream",
)
def affinity(place: Place) -> Iterator[Edit | Finding]:
    """The cookie: nginx sets it at the paths that ask for it and obeys it wherever the Service is.

    Envoy hashes the cookie's value and makes a cookie only where the policy gives one a lifetime;
    0s is a cookie for the session.
    """
    upstream = place.upstream
    if upstream is None or upstream.affinity is None:
        return
    name = place.text("session-cookie-name")
    sets = (place.server.host, place.location.declared) in upstream.affinity.places
    if (
        place.options.filters("session-cookies")
        and upstream.affinity.mode == "persistent"
        and in_cookie_path(place)
    ):
        if not sets:
            yield ALSO_HERE("affinity-mode", name=name)
        yield from by_address(place, name)
        return
    only = upstream.name if upstream.canary_is_legacy else ""
    if not sets:
        yield Destination(HASH_COOKIE, {"name": name}, upstream=only)
        return
    for port in place.ports:
        yield Destination(HASH_COOKIE, http_cookie(place, port), port, only)
    if place[CONDITIONAL] and place.text(SAMESITE) == "None":
        if upstream.alternatives:
            yield SAMESITE_NONE(CONDITIONAL, name=name, reason="the canary beside the Service")
        else:
            yield from without_samesite(place, upstream)
    yield from new_cookie(place, name)
    if place.text("affinity-mode") == "persistent":
        yield UNKNOWN_POD("affinity-mode", name=name)
        yield MOVED("affinity-mode")
    if place["session-cookie-change-on-failure"]:
        # Under a hash pilot leaves retries at the same pod without this, as nginx does by default.
        yield Route("retries.retryIgnorePreviousHosts", True)
        yield OTHER_POD("session-cookie-change-on-failure", name=name)


def by_address(place: Place, name: str) -> Iterator[Edit | Finding]:
    """A cookie with the pod's address, which changes only when the pod is gone."""
    yield envoy_filter(place, "session-cookies", "session", session_filter())
    patches = [
        session_cookie(place.route_name, http_cookie(place, port), port) for port in (80, 443)
    ]
    yield envoy_filter(place, "session-cookies", f"session of {place.route_name}", *patches)
    yield from new_cookie(place, name)
    yield ADDRESS("affinity-mode", name=name)
    if place[CONDITIONAL] and place.text(SAMESITE) == "None":
        yield SAMESITE_NONE(CONDITIONAL, name=name, reason="the pod's address in the cookie")


def without_samesite(place: Place, upstream: Upstream) -> Iterator[Edit]:
    """The cookie without SameSite for browsers that take None for Strict."""
    for port in place.ports:
        cookie = http_cookie(place, port, samesite=False)
        plain = {"loadBalancer": {"consistentHash": {"httpCookie": cookie}}}
        fields = {"route": [to(upstream, policy=plain)]}
        yield from (RouteBefore(Phase.SPLIT, fields, match, port) for match in OLD_BROWSERS)


def new_cookie(place: Place, name: str) -> Iterator[Edit | Finding]:
    """What is different in Envoy's cookie, whatever its value is made of."""
    yield NEW_VALUE("affinity", name=name)
    if "session-cookie-expires" not in place:
        return
    seconds = place.number("session-cookie-expires")
    if not dated_by_script(place):
        date = fixed_expires(place)
        expires = f"Expires is always {date}" if date else "there is no Expires (--compat lean)"
        yield OTHER_EXPIRES("session-cookie-expires", name=name, expires=expires)
        return
    fields = cookie_expires(name, seconds, "session-cookie-max-age" in place)
    yield envoy_filter(place, "session-cookies", "expires", expires_filter())
    patch = on_route(place.route_name, fields)
    yield envoy_filter(place, "session-cookies", f"expires of {place.route_name}", patch)
