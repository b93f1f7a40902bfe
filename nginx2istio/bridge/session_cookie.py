"""nginx's session cookie (affinity) as Istio's HTTPCookie, and as a Set-Cookie header.

The functions ask a place for the session-cookie settings: its rule owns them or reads them.
"""

from __future__ import annotations

import re
from typing import Any

from nginx2istio.bridge.place import Place
from nginx2istio.istio.envoy.expires_lua import nameable

ATTRIBUTES = (("Domain", "session-cookie-domain"), ("SameSite", "session-cookie-samesite"))
FAR_OFF, LONG_AGO = "Thu, 31-Dec-37 23:55:55 GMT", "Thu, 01-Jan-70 00:00:01 GMT"
"""Dates for Expires where nobody can write one that moves; the first is nginx's ``expires max``."""
OLD_BROWSERS: tuple[dict[str, Any], ...] = (
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
"""Matches for browsers that take SameSite=None for Strict (``same_site_none_compatible``)."""


def cookie_path(place: Place) -> str:
    """The Path of the cookie: nginx takes the Ingress's, even a regular expression."""
    return place.text("session-cookie-path") or place.location.declared


def http_cookie(place: Place, port: int, samesite: bool = True) -> dict[str, Any]:
    """Istio's HTTPCookie; its HttpOnly is Envoy's own doing, as it is always nginx's.

    Its Expires is for clients that know no Max-Age, see ``fixed_expires``.
    """
    attributes: list[dict[str, str]] = []
    age = lifetime(place)
    if age is not None and age <= 0:  # a ttl of 0s means a session cookie, not one to forget
        attributes.append({"name": "Max-Age", "value": str(age)})
    for attribute, key in ATTRIBUTES:
        if key in place and (samesite or attribute != "SameSite"):
            attributes.append({"name": attribute, "value": place.text(key)})
    if fixed_expires(place):
        attributes.append({"name": "Expires", "value": fixed_expires(place)})
    if place["session-cookie-secure"] or port == 443:
        attributes.append({"name": "Secure"})
    ttl = f"{age}s" if age and age > 0 else "0s"
    fields = {"name": place.text("session-cookie-name"), "path": cookie_path(place), "ttl": ttl}
    return fields | ({"attributes": attributes} if attributes else {})


def fixed_expires(place: Place) -> str:
    """The date that the cookie always has, "" where it has none, or a script writes it.

    Clients that know no Max-Age keep the cookie for longer than nginx says. ``--compat lean`` has
    no date for them: to them it is a cookie of the session.
    """
    if "session-cookie-expires" not in place or dated_by_script(place):
        return ""
    if place.number("session-cookie-expires") <= 0:
        return LONG_AGO
    return "" if place.options.compat == "lean" else FAR_OFF


def dated_by_script(place: Place) -> bool:
    """Whether an EnvoyFilter writes the Expires of the cookie."""
    name = place.text("session-cookie-name")
    return place.options.filters("session-cookies") and nameable(name)


def lifetime(place: Place) -> int | None:
    """The seconds that browsers keep the cookie, None for one of the session.

    Browsers prefer Max-Age to Expires, whose date Envoy can't work out.
    """
    for key in ("session-cookie-max-age", "session-cookie-expires"):
        if key in place and place.text(key):
            return place.number(key)
    return None


def in_cookie_path(place: Place) -> bool:
    """Whether all requests of the location are in the cookie's path.

    Envoy's session filter leaves out the others; nginx does not look at the path.
    """
    path, location = cookie_path(place), place.location
    same = path.rstrip("/") == location.declared.rstrip("/")
    return path == "/" or (location.match != "regex" and same)


def set_cookie(place: Place, port: int, name: str, value: str) -> str:
    """A Set-Cookie header for another cookie with the attributes of the session cookie."""
    parts = [f"{name}={value}", f"Path={cookie_path(place)}"]
    parts += [f"{attribute}={place.text(key)}" for attribute, key in ATTRIBUTES if key in place]
    age = place.text("session-cookie-max-age") or place.text("session-cookie-expires")
    if age:
        parts.append(f"Max-Age={age}")
    if place["session-cookie-secure"] or port == 443:
        parts.append("Secure")
    return "; ".join([*parts, "HttpOnly"])


def cookie_match(name: str, value: str, any_case: bool = False) -> dict[str, Any]:
    """A match for requests with a cookie, as nginx takes the Cookie header apart.

    ``value`` is a word, ``any_case`` is about the name.
    """
    pattern = re.escape(name).replace(r"\-", "-")
    pattern = f"(?i:{pattern})" if any_case else pattern
    return {"headers": {"cookie": {"regex": f"(.*[;,] *)?{pattern} *= *{value}(;.*)?"}}}
