"""How often a client may send a request: limit-rps and limit-rpm at a location."""

from __future__ import annotations

from nginx2istio.base.records import record
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Location

RATE_SECONDS = {"limit-rps": 1, "limit-rpm": 60}
"""The seconds that the rate of an annotation is for."""
LIMIT_STATUS = {
    "limit-rps": "limit-req-status-code",
    "limit-rpm": "limit-req-status-code",
    "limit-connections": "limit-conn-status-code",
}
"""The annotations by which nginx refuses requests, and the ConfigMap's key of the code."""
_ADDRESSES = ("$binary_remote_addr", "$remote_addr")


@record(frozen=True, slots=True)
class RateLimit:
    """One limit, which all locations of an Ingress share.

    A client may send ``rate`` requests every ``seconds``, and ``burst`` more at once.
    """

    key: str
    ingress: str
    rate: int
    seconds: int
    burst: int


def rate_limits(config: NginxConfig, location: Location) -> tuple[RateLimit, ...]:
    """The limits of a location, in nginx's order."""
    times = int(str(config.in_force(location, "limit-burst-multiplier")))
    limits = []
    for key, seconds in RATE_SECONDS.items():
        rate = int(str(config.in_force(location, key)))
        if rate > 0:
            burst = max(rate * times, 0)
            limits.append(RateLimit(key, location.ingress.object, rate, seconds, burst))
    return tuple(limits)


def unlimited_networks(config: NginxConfig, location: Location) -> tuple[str, ...]:
    """The networks of a location's clients that nginx does not limit."""
    networks = config.in_force(location, "limit-allowlist")
    return tuple(map(str, networks)) if isinstance(networks, tuple) else ()


def counts_addresses(config: NginxConfig) -> bool:
    """Whether nginx tells clients apart by their address."""
    return config.default("limit-conn-zone-variable") in _ADDRESSES
