"""Requests that pods see besides the one that is answered: retries, calls for auth, mirrors."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Set
from typing import Any

from nginx2istio.verify.judged.difference import Difference, difference
from nginx2istio.verify.judged.exchange import Exchange

Sub = dict[str, Any]  # as the "upstream" of an exchange

# Headers by which nginx tells the auth service of the request (auth-url's location).
TOLD = ("x-original-url", "x-original-method", "x-auth-request-redirect", "x-sent-from")


def subrequests(recorded: Exchange, observed: Exchange, keys: Set[str]) -> list[Difference]:
    """What differs between the recorded further requests and those observed.

    Nothing when either is unknown, or when the request was sent more than once.
    """
    expected, got = recorded.get("subrequests"), observed.get("subrequests")
    if expected is None or got is None or recorded.get("times", 1) > 1:
        return []
    main = {(side.get("upstream") or {}).get("service") for side in (recorded, observed)}
    mirrors, unasked = _mirrored(expected), _unasked(keys)
    differences = []
    left, right = _by_service(expected), _by_service(got)
    for service in sorted(set(left) | set(right)):
        a, b = left.get(service, []), right.get(service, [])
        aspect, also = _aspect(service, a, mirrors, main) or unasked
        if len(a) != len(b):
            what = f"further requests to {service}"
            differences.append(difference(aspect, what, len(a), len(b), *also))
        elif aspect != "retries":
            differences += [d for pair in zip(a, b, strict=True) for d in _told(aspect, *pair)]
    return differences


def _aspect(
    service: str, expected: list[Sub], mirrors: Set[str], main: Set[str | None]
) -> tuple[str, tuple[str, ...]] | None:
    """What further requests to a service are for, and which aspects announce them as well.

    None when nginx never asks it.
    """
    if any(_is_auth(sub) for sub in expected):
        return "auth", ("access",)
    if service in mirrors:
        return "mirror", ()
    if service in main or expected:
        return "retries", ("timeout", "status")
    return None


def _unasked(keys: Set[str]) -> tuple[str, tuple[str, ...]]:
    """What Istio may ask a service for that nginx does not ask, by the annotations in use."""
    if "mirror-target" in keys:
        return "mirror", ("auth",) if "auth-url" in keys else ()
    if "auth-url" in keys:
        return "auth", ("access",)
    return "routing", ("retries", "status")


def _told(aspect: str, a: Sub, b: Sub) -> Iterator[Difference]:
    """What a service that is asked besides is told otherwise than by nginx."""
    names = TOLD if aspect == "auth" else ()
    for field in ("method", "target", "body_bytes", "host", *names):
        left, right = (sub.get(field, dict(sub["headers"]).get(field)) for sub in (a, b))
        if left != right:
            what = f"{field} told to {a['service']}"
            yield difference(aspect, what, left, right, "request-headers")


def _mirrored(expected: list[Sub]) -> set[str]:
    """Services that nginx mirrors to."""
    return {sub["service"] for sub in expected if is_mirrored(sub)}


def is_mirrored(sub: Sub) -> bool:
    """Whether nginx mirrored this: it passes no headers about the proxy on."""
    return not _is_auth(sub) and "x-forwarded-for" not in dict(sub["headers"])


def _is_auth(sub: Sub) -> bool:
    return "x-original-method" in dict(sub["headers"])


def _by_service(subs: list[Sub]) -> dict[str, list[Sub]]:
    by_service: dict[str, list[Sub]] = collections.defaultdict(list)
    for sub in subs:
        by_service[sub["service"]].append(sub)
    return by_service
