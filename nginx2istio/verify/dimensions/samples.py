"""Values that stand for all others: addresses, origins, spellings of a host."""

from __future__ import annotations

import ipaddress
import re

from nginx2istio.verify.automata import NotRegular, example, regex_automaton

OUTSIDE = "198.51.100.77"
"""An address that lists seldom have."""
COMMON_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
"""The methods that clients use; GET is that of the plain request."""
OTHER_ORIGIN = "https://elsewhere.invalid"
"""An Origin that lists seldom have."""
OTHER_VALUE = "zqx-other"
"""A value that conditions seldom have."""


def first_address(network: str) -> str:
    """The first address of a network, which is asked for. Raises ValueError."""
    return str(ipaddress.ip_network(network, strict=False).network_address)


def spellings(name: str) -> tuple[str, str, str]:
    """How a host is written: as it is, with a port, in capitals."""
    return name, f"{name}:8080", name.upper()


def sample(pattern: str, whole: bool = False, any_case: bool = False) -> str | None:
    """A text in which a pattern is found, or that it fits as a ``whole``; None for an odd one."""
    try:
        return example(regex_automaton(pattern, whole, any_case))
    except (NotRegular, ValueError, re.error):
        return None
