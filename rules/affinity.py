"""affinity, session-cookie-*: a cookie that keeps a client at one pod."""

import re
from collections.abc import Iterator
from typing import Any

from nginx2istio.istio.envoy import expires_lua
from nginx2istio.rule import (
    Destination,
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    Route,
    RouteBefore,
    Upstream,
    envoy_filter,
    http_filter,
    on_route,
    rule,
    to,
    typed,
)

ASSIGNED = Message(
    "N2I300",
    "translated",
    "warning",
    "",
    "the cookie {name} keeps a client at one pod as before, but its value is Envoy's own: a "
    "client that brings nginx's cookie may get to another pod once",
    "switch over when losing the sessions once does no harm",
)
EXPIRES = Message(
    "N2I301",
    "approximated",
    "info",
    "",
    "the cookie {name} says its lifetime by Max-Age only, not by Expires",
    "nothing: all browsers of the last ten years read Max-Age, and prefer it; --envoy-filters adds "
    "Expires",
    frozenset({"cookies"}),
)
PERSISTENT = Message(
    "N2I302",
    "approximated",
    "info",
    "",
    "a client whose cookie {name} names no pod (made up, or the pod is gone) keeps this cookie and "
    "is sent to the pod that its value hashes to; nginx gives it a new one",
    "nothing: the client still keeps to one pod",
    frozenset({"cookies"}),
)
MOVED = Message(
    "N2I303",
    "approximated",
    "warning",
    "",
    "affinity-mode persistent leaves every session at its pod when pods are added; under Istio's "
    "consistent hash a part of the sessions moves to the new pods",
    "keep sessions outside of the pods, or convert with --envoy-filters, which writes the pod into "
    "the cookie",
    frozenset({"balancing"}),
)
OTHER_POD = Message(
    "N2I304",
    "approximated",
    "info",
    "",
    "when a pod fails, nginx sends the client to another one and gives it a new cookie {name}; "
    "Envoy sends the request to another one, too, but asks the failed pod first until it is gone",
    "nothing: failed pods leave the Service soon",
    frozenset({"retries"}),
)
OLD_BROWSERS = Message(
    "N2I305",
    "approximated",
    "warning",
    "",
    "nginx leaves SameSite=None out of the cookie {name} for browsers of 2018 that mistake it; "
    "{why} they can't be told from others",
    "give up session-cookie-conditional-samesite-none, or these browsers",
    frozenset({"cookies"}),
)
ADDRESS = Message(
    "N2I306",
    "translated",
    "info",
    "",
    "the cookie {name} holds the address of a pod, readable for who looks",
    "nothing, unless the addresses inside of the cluster are a secret",
)
TAKES_PART = Message(
    "N2I307",
    "approximated",
    "info",
    "",
    "nginx obeys the cookie {name} on this path, too, but does not set it here; Envoy sets it",
    "nothing: the cookie is the same as that of the Service's other paths",
    frozenset({"cookies"}),
)
TOKEN = re.compile(r"[\w!#$&'*.^`|~-]+")
COOKIE = "consistentHash.httpCookie"
MISTAKE_NONE: tuple[dict[str, Any], ...] = (
    {
        "headers": {
            "user-agent": {
                "regex": ".*(Chrome/[456]|CPU iPhone OS 12|iPad; CPU OS 12).*",
            }
        }
    },
    {
        "headers": {"user-agent": {"regex": ".*Macintosh.*Intel Mac OS X 10_14.*Safari.*"}},
        "withoutHeaders": {"user-agent": {"regex": ".*Chrome.*"}},
    },
)
"""The browsers of ``same_site_none_compatible``."""


@rule(
    "affinity",
    "affinity-mode",
    "session-cookie-name",
    "session-cookie-path",
    "session-cookie-domain",
    "session-cookie-expires",
    "session-cookie-max-age",
    "session-cookie-samesite",
    "session-cookie-conditional-samesite-none",
    "session-cookie-secure",
    "session-cookie-change-on-failure",
    at="upstream",
)
def affinity(place: Place) -> Iterator[Edit | Finding]:
    """The cookie: nginx sets it at the paths that ask for it and obeys it wherever the Service is.

    Envoy hashes the cookie's value and makes a cookie only where one with a lifetime is asked for;
    0s is a cookie for the session.
    """
    upstream = place.upstream
    if upstream is None or upstream.affinity is None:
        return
    name = place.text("session-cookie-name")
    only = upstream.name if legacy(upstream) else ""
    persistent = upstream.affinity.mode == "persistent"
    if place.options.envoy_filters and persistent and stateful(place):
        yield from written(place, name)
        return
    if (place.server.host, place.location.declared) not in upstream.affinity.places:
        yield Destination(f"loadBalancer.{COOKIE}", {"name": name}, upstream=only)
        return
    for port in place.ports:
        yield Destination(f"loadBalancer.{COOKIE}", cookie(place, port), port, only)
    if place["session-cookie-conditional-samesite-none"] and place.text(SAMESITE) == "None":
        yield from old_browsers(place)
    yield from differences(place, name)


SAMESITE = "session-cookie-samesite"


def legacy(upstream: Upstream) -> bool:
    """Whether a canary beside the Service has no affinity (``mergeAlternativeBackend``)."""
    for canary in upstream.alternatives[:1]:
        behaviour = canary.settings.get("affinity-canary-behavior")
        return behaviour is not None and behaviour.value == "legacy"
    return False


def cookie(place: Place, port: int, samesite: bool = True) -> dict[str, Any]:
    """Istio's HTTPCookie; its HttpOnly is Envoy's own doing, as it is always nginx's."""
    attributes: list[dict[str, str]] = []
    age = lifetime(place)
    if age is not None and age <= 0:  # a ttl of 0s means a session cookie, not one to forget
        attributes.append({"name": "Max-Age", "value": str(age)})
    for attribute, key in (("Domain", "session-cookie-domain"), ("SameSite", SAMESITE)):
        if key in place and (samesite or key != SAMESITE):
            attributes.append({"name": attribute, "value": place.text(key)})
    if place["session-cookie-secure"] or port == 443:
        attributes.append({"name": "Secure"})
    made: dict[str, Any] = {
        "name": place.text("session-cookie-name"),
        # nginx takes the path of the Ingress, even where that is a regular expression
        "path": place.text("session-cookie-path") or place.location.declared,
        "ttl": f"{age}s" if age and age > 0 else "0s",
    }
    return made | ({"attributes": attributes} if attributes else {})


FILTER = "nginx2istio.session"
STATE = "envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState"
SESSION = "envoy.extensions.filters.http.stateful_session.v3.StatefulSession"


def stateful(place: Place) -> bool:
    """Whether Envoy's session filter can set the cookie here.

    It keeps away from requests outside of the cookie's path, which nginx does not look at.
    """
    path = place.text("session-cookie-path") or place.location.declared
    return path == "/" or (
        place.location.match != "regex" and path.rstrip("/") == place.location.declared.rstrip("/")
    )


def written(place: Place, name: str) -> Iterator[Edit | Finding]:
    """Write the pod's address into the cookie, which moves with nothing but the pod's end."""
    assert place.upstream is not None and place.upstream.affinity is not None
    yield envoy_filter(place, "session", http_filter(FILTER, typed(SESSION), disabled=True))
    places = place.upstream.affinity.places
    if (place.server.host, place.location.declared) not in places:
        yield TAKES_PART("affinity-mode", name=name)
    patches = []
    for port in (80, 443):
        made = typed(STATE, cookie=cookie(place, port))
        state = {"name": "envoy.http.stateful_session.cookie", "typed_config": made}
        session = {"session_state": state}
        config = {FILTER: typed(f"{SESSION}PerRoute", stateful_session=session)}
        patches.append(on_route(place.route_name, {"typed_per_filter_config": config}, port))
    yield envoy_filter(place, f"session of {place.route_name}", *patches)
    yield from told(place, name)
    yield ADDRESS("affinity-mode", name=name)
    key = "session-cookie-conditional-samesite-none"
    if place[key] and place.text(SAMESITE) == "None":
        yield OLD_BROWSERS(key, name=name, why="in a cookie with the pod's address")


def lifetime(place: Place) -> int | None:
    """The seconds that browsers keep the cookie, None for one of the session.

    Max-Age goes before Expires, which Envoy can't write.
    """
    for key in ("session-cookie-max-age", "session-cookie-expires"):
        if key in place and place.text(key):
            return int(place.text(key))
    return None


def old_browsers(place: Place) -> Iterator[Edit | Finding]:
    """The cookie without SameSite for browsers that take None for Strict."""
    assert place.upstream is not None
    if place.upstream.alternatives:
        key = "session-cookie-conditional-samesite-none"
        why = "with a canary beside the Service"
        yield OLD_BROWSERS(key, name=place.text("session-cookie-name"), why=why)
        return
    for port in place.ports:
        plain = {"loadBalancer": {"consistentHash": {"httpCookie": cookie(place, port, False)}}}
        for match in MISTAKE_NONE:
            yield RouteBefore(
                Phase.SPLIT, {"route": [to(place.upstream, policy=plain)]}, match, port
            )


def told(place: Place, name: str) -> Iterator[Edit | Finding]:
    """Say what is another in Envoy's cookie, however it is made."""
    yield ASSIGNED("affinity", name=name)
    if "session-cookie-expires" not in place:
        return
    if not place.options.envoy_filters or not TOKEN.fullmatch(name):
        yield EXPIRES("session-cookie-expires", name=name)
        return
    seconds = int(place.text("session-cookie-expires"))
    value = expires_lua.per_route(name, seconds, "session-cookie-max-age" in place)
    filter_ = http_filter(expires_lua.NAME, expires_lua.lua_filter(), disabled=True)
    yield envoy_filter(place, "expires", filter_)
    yield envoy_filter(place, f"expires of {place.route_name}", on_route(place.route_name, value))


def differences(place: Place, name: str) -> Iterator[Edit | Finding]:
    """Say what a client can notice of a consistent hash."""
    yield from told(place, name)
    if place.text("affinity-mode") == "persistent":
        yield PERSISTENT("affinity-mode", name=name)
        yield MOVED("affinity-mode")
    if place["session-cookie-change-on-failure"]:
        # under a hash pilot else leaves retries at the same pod, as nginx does by default
        yield Route("retries.retryIgnorePreviousHosts", True)
        yield OTHER_POD("session-cookie-change-on-failure", name=name)
