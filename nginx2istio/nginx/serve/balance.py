"""Which Service gets a request (``balancer.lua``)."""

from __future__ import annotations

import re
from fractions import Fraction

from nginx2istio.nginx.model import Upstream
from nginx2istio.nginx.serve.visit import Visit, upstream_name

ACCEPTED = ("always", "never")


def split(visit: Visit) -> dict[str, Fraction]:
    """The shares of the Services that may answer, by ``namespace/name:port``."""
    config, world = visit.config, visit.variables.world
    upstream = config.upstreams[visit.location.upstream]
    main = {upstream_name(upstream): Fraction(1)}
    if not upstream.alternatives:
        return main
    other = upstream.alternatives[0]
    if other.unavailable or world.backends.get(upstream_name(other)) == "none":
        return main
    chosen = _by_request(visit, other)
    if chosen is None:
        total = max(_number(other, "canary-weight-total"), 100)
        weight = Fraction(min(max(_number(other, "canary-weight"), 0), total), total)
    else:
        weight = Fraction(int(chosen))
    shares = {upstream_name(upstream): 1 - weight, upstream_name(other): weight}
    return {name: share for name, share in shares.items() if share}


def _by_request(visit: Visit, other: Upstream) -> bool | None:
    """Whether header or cookie choose the canary; None where the weight decides."""
    v = visit.variables
    name = _text(other, "canary-by-header").lower().replace("_", "-")
    header = v.request.header(name) if name else None
    if header is not None:
        value, pattern = (
            _text(other, "canary-by-header-value"),
            _text(other, "canary-by-header-pattern"),
        )
        if value:
            if header == value:
                return True
        elif pattern:
            try:
                if re.search(pattern, header):
                    return True
            except re.error:
                return False
        elif header in ACCEPTED:
            return header == "always"
    cookie = _text(other, "canary-by-cookie")
    if cookie and v.cookie(cookie) in ACCEPTED:
        return v.cookie(cookie) == "always"
    return None


def _text(upstream: Upstream, key: str) -> str:
    setting = upstream.settings.get(key)
    return str(setting.value) if setting else ""


def _number(upstream: Upstream, key: str) -> int:
    return int(_text(upstream, key) or 0)
