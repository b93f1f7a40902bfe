"""Free ports and addresses of this machine."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Sequence

LOOPBACK = "127.0.0.1"


def own_address() -> str:
    """The machine's own address: what Envoy takes a client on loopback to have."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # no packet is sent
        except OSError:
            return LOOPBACK
        return str(probe.getsockname()[0])


def free_block(size: int, offsets: Sequence[int] = (0,)) -> int:
    """The first of `size` ports in a row, below the ephemeral ones, that are free.

    With `offsets`, they are free at each offset from it.
    """
    while True:
        base = random.randrange(10000, 24000)
        with contextlib.ExitStack() as stack:
            try:
                for port in (base + offset + i for offset in offsets for i in range(size)):
                    stack.enter_context(socket.socket()).bind((LOOPBACK, port))
            except OSError:
                continue
        return base
