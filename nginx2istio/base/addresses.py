"""Addresses of clients, and the networks that have them."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_address(text: str) -> bool:
    """Whether a text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_network(text: str) -> bool:
    """Whether a text is a network in CIDR notation."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def in_networks(address: str, listed: tuple[str, ...]) -> bool:
    """Whether an address is in one of the networks, in CIDR notation; no text but an address is."""
    return is_address(address) and any(
        ipaddress.ip_address(address) in network for network in _parsed(listed)
    )


@lru_cache(maxsize=1024)
def _parsed(listed: tuple[str, ...]) -> tuple[IpNetwork, ...]:
    return tuple(ipaddress.ip_network(text, strict=False) for text in listed)
