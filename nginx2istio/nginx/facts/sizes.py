"""Sizes as nginx reads them: a number of bytes, or of KiB (k), MiB (m) or GiB (g)."""

from __future__ import annotations

import re
from functools import lru_cache

from nginx2istio.base.memo import memo
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Server
from nginx2istio.nginx.values.go import Value, whole_number

SHIFTS = {"": 0, "k": 10, "m": 20, "g": 30}
DEFAULT_BODY_LIMIT = 1 << 20
BODY_SIZE = "proxy-body-size"


@lru_cache(maxsize=1024, typed=True)
def byte_size(value: Value | None, otherwise: int = 0) -> int:
    """A size in bytes, ``otherwise`` for what is none."""
    size = _SIZE.fullmatch(str(value or "").strip())
    return whole_number(size[1]) << SHIFTS[size[2].lower()] if size else otherwise


_SIZE = re.compile("([0-9]+)([kKmMgG]?)")


def max_body_size(value: Value | None) -> int:
    """A client_max_body_size in bytes, 0 for no limit.

    What isValidByteSize refuses is left out of nginx.conf, and nginx's own default holds.
    """
    return byte_size(value, DEFAULT_BODY_LIMIT)


@memo
def body_limits(config: NginxConfig, server: Server, by_default: bool) -> frozenset[int]:
    """The limits of a server's locations (``max_body_size``), 0 for none.

    ``by_default``: whether nginx's own limit counts where nobody sets one.
    """
    return frozenset(
        max_body_size(config.in_force(location, BODY_SIZE))
        if by_default or config.is_set(location, BODY_SIZE)
        else 0
        for location in server.locations
    )


def readable_size(size: int) -> str:
    """A size for readers, in the largest unit that divides it."""
    for unit, shift in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size and size % (1 << shift) == 0:
            return f"{size >> shift} {unit}"
    return f"{size} bytes"
