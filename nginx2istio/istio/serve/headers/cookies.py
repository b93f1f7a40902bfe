"""Cookies that Envoy makes for a session that begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def hash_cookies(
    config: GatewayConfig, arrived: Arrived, route: Json, chosen: Json
) -> Sequence[str]:
    """The cookies that hash policies make for a session that begins at the chosen destination.

    A destination that is balanced by a hash asks all policies of the route, which are those of all
    its destinations (``processWeightedDestination``).
    """
    if not _hash_policy(config, chosen):
        return ()
    policies = [_hash_policy(config, each).get("httpCookie") for each in route["route"]]
    sent = arrived.headers.get("cookie", "")
    return [
        new_cookie(cookie)
        for cookie in policies
        if cookie and "ttl" in cookie and f"{cookie['name']}=" not in sent
    ]


def _hash_policy(config: GatewayConfig, destination: Json) -> Json:
    policy = config.traffic_policy(destination["destination"])
    hashed: Json = policy.get("loadBalancer", {}).get("consistentHash") or {}
    return hashed
