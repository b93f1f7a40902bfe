"""Addresses and networks as nginx's ``allow`` and ``deny`` read them (``ngx_ptocidr``)."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

ALL_NETWORKS = ("0.0.0.0/0", "::/0")
"""What ``all`` means, as networks in CIDR notation."""

_LEADING_ZEROS = re.compile(r"(?<![0-9a-fA-F:.])0+(?=\d)|(?<=\.)0+(?=\d)|(?<=/)0+(?=\d)")


@lru_cache(maxsize=1024)
def networks(text: str) -> tuple[str, ...] | None:
    """The networks that one argument of allow or deny names, None where nginx refuses it.

    ``all`` names every address, ``unix:`` none that a client has. nginx reads ``010.0.0.1`` as
    decimal and ignores the address bits behind the mask.
    """
    if text == "all":
        return ALL_NETWORKS
    if text == "unix:":
        return ()
    _, slash, bits = text.partition("/")
    if "%" in text or (slash and not (bits.isascii() and bits.isdigit())):
        return None
    plain = text if ":" in text else _LEADING_ZEROS.sub("", text)
    try:
        network = ipaddress.ip_network(plain, strict=False)
    except ValueError:
        return None
    whole = network.prefixlen == network.max_prefixlen
    return (str(network.network_address if whole else network),)
