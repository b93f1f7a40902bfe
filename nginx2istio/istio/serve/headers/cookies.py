"""Cookies that Envoy makes for a session that begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nginx2istio.base.outcome import SOME_COOKIE_VALUE
from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.gateway_config import GatewayConfig
from nginx2istio.istio.serve.matching import Arrived


def new_cookie(cookie: Mapping[str, Any]) -> str:
    """A cookie as Envoy writes it (``Utility::makeSetCookieValue``)."""
    parts = [f"{cookie['name']}={SOME_COOKIE_VALUE}"]
    seconds = int(str(cookie.get("ttl", "0s")).rstrip("s") or 0)
    if seconds:
        parts.append(f"Max-Age={seconds}")
    if cookie.get("path"):
        parts.append(f"Path={cookie['path']}")
    for attribute in cookie.get("attributes", ()):
        value = attribute.get("value")
        parts.append(f"{attribute['name']}={value}" if value else attribute["name"])
    return "; ".join([*parts, "HttpOnly"])


def hash_cookies(config: GatewayConfig, arrived: Arrived, route: Json) -> list[str]:
    """The cookies that hash policies make for a session that begins, "" for none.

    Several where the destination decides that a request gets by chance.
    """
    cookies: dict[str, None] = {}
    for destination in route.get("route", ()):
        if len(route["route"]) > 1 and not destination.get("weight"):
            continue
        policy = config.traffic_policy(destination["destination"])
        cookie = policy.get("loadBalancer", {}).get("consistentHash", {}).get("httpCookie")
        begins = bool(cookie) and "ttl" in cookie
        begins = begins and f"{cookie['name']}=" not in arrived.headers.get("cookie", "")
        cookies[new_cookie(cookie) if begins else ""] = None
    return list(cookies)
