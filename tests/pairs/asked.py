"""The requests that are made of each host of an estate, and how it may answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.conformance.records import Request
from tests.pairs.array import Estate
from tests.pairs.world import PLAIN

UNKNOWN = "nobody.pairs.test"
LONG, TOO_LONG = "x" * 9_000, "x" * 70_000
UPGRADE = [
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", "13"],
    ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
]
PREFLIGHT = [["Origin", "https://a.pairs.test"], ["Access-Control-Request-Method", "PUT"]]
BUSY = [
    ["Authorization", "Basic YTpi"],
    ["Cookie", "route=x; INGRESSCOOKIE=1|2; canary=always; id=7"],
    ["x-canary", "v1"],
    ["X-User", "u"],
    ["Accept-Encoding", "gzip, br"],
    ["If-None-Match", '"x"'],
    ["Range", "bytes=0-3"],
    ["Referer", "https://spam.test/"],
    ["User-Agent", "a badbot"],
    ["X-Forwarded-For", "203.0.113.7, 10.0.0.1"],
    ["x_under", "score"],
]

OF_PODS = {"backend-protocol", "ssl-passthrough"}
"""Where it depends on the pods whether a host is served, and the pods here speak few protocols."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; ``main`` is one for what the host is there for."""

    request: Request
    main: bool = False
    closes: bool = False
    """Whether no answer is an answer."""


def requests_of(estate: Estate) -> Iterator[Asked]:
    """All requests for an estate; the plain host's are the last."""
    suffix = estate.options.host_suffix
    long_once = True
    for host in estate.hosts:
        name = ("sub." if host.form == "wildcard" else "") + host.name + suffix
        keys = {key for setting in host.settings for key, _ in setting.annotations}
        own = not keys & OF_PODS
        yield from _plainly(name, own)
        if host.tls:
            yield from _securely(name, own, "ssl-passthrough" in keys, long_once)
            long_once = False
    for unknown in (UNKNOWN, f"sub.{PLAIN}{suffix}", "127.0.0.1", f"h0.pairs.test{suffix}:80"):
        yield Asked(request_of(unknown), closes=False)
        yield Asked(request_of(unknown, headers=[["X-Long", LONG]]))
        yield Asked(request_of(unknown, headers=UPGRADE, ws="hello"))
    yield Asked(request_of(UNKNOWN, scheme="https"), closes=True)
    yield from _plainly(PLAIN + suffix)


def request_of(host: str, method: str = "GET", target: str = "/", **more: Any) -> Request:
    """A request for a host, over http unless ``more`` says so."""
    given = {"scheme": "http", "method": method, "target": target, "host": host, "headers": []}
    return {**given, **more}


def _plainly(host: str, main: bool = True) -> Iterator[Asked]:
    """What is asked of each host without TLS; the host's own answer to ``/`` is the last."""

    def of(method: str = "GET", target: str = "/", closes: bool = False, **more: Any) -> Asked:
        return Asked(request_of(host, method, target, **more), closes=closes)

    yield of(target="/exact?id=7", headers=BUSY)
    yield of(target="/no/such%2Fpath;a=b/../?x=%zz&id=1")
    yield of("DELETE", "/re/a/b")
    yield of("HEAD", "/deeper/x")
    yield of(target="/healthz")
    yield of(headers=[["X-Long", LONG]])
    yield of(target="/" + LONG)
    yield of(headers=[["X-Long", TOO_LONG]], closes=True)
    yield of("OPTIONS", headers=PREFLIGHT)
    yield of("POST", chunked=True, body_bytes=20_000)
    yield of("PUT", "/exact", body_bytes=100_000)
    yield of(headers=UPGRADE, ws="hello")
    yield Asked(request_of(host), main)


def _securely(host: str, main: bool, closes: bool, too_long: bool) -> Iterator[Asked]:
    """What is asked of a host with TLS. One that passes TLS on has no pod that speaks it."""

    def of(http: str = "2", method: str = "GET", target: str = "/", **more: Any) -> Asked:
        request = request_of(host, method, target, scheme="https", http=http, **more)
        return Asked(request, closes=closes)

    yield Asked(request_of(host, scheme="https"), main, closes)
    yield Asked(request_of(host, scheme="https", headers=UPGRADE, ws="hello"), closes=True)
    yield of()
    yield of(target="/exact?id=7", headers=BUSY)
    yield of(target="/re/a/b", headers=[["X-Long", LONG]])
    yield of(method="PUT", target="/deeper/x", body_bytes=100_000)
    if too_long:
        request = request_of(host, scheme="https", http="2", headers=[["X-Long", TOO_LONG]])
        yield Asked(request, closes=True)
