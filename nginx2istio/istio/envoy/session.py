"""A cookie with the address of the pod: Envoy's stateful session filter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nginx2istio.istio.envoy.filters import http_filter, on_route, per_filter, typed
from nginx2istio.istio.objects import Object

FILTER = "nginx2istio.session"
SESSION = "envoy.extensions.filters.http.stateful_session.v3.StatefulSession"
COOKIE = "envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState"


def session_filter() -> Object:
    """The patch with the filter; it acts where a route has a ``session_cookie``."""
    return http_filter(FILTER, typed(SESSION), disabled=True)


def session_cookie(route: str, cookie: Mapping[str, Any], port: int) -> Object:
    """The patch that keeps the clients of a route on a port at one pod, by this cookie.

    The fields of ``cookie`` are those of Istio's HTTPCookie, and Envoy's.
    """
    state = {
        "name": "envoy.http.stateful_session.cookie",
        "typed_config": typed(COOKIE, cookie=dict(cookie)),
    }
    config = typed(f"{SESSION}PerRoute", stateful_session={"session_state": state})
    return on_route(route, per_filter(FILTER, config), port)
