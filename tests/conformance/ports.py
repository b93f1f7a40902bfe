"""Ports and addresses of this machine, shared fairly by the rigs that run on it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import tempfile
from pathlib import Path

LOOPBACK = "127.0.0.1"
FIRST, LAST = 10240, 32256  # below the ports that systems give to outgoing connections
SIZE = 512


def own_address() -> str:
    """The machine's own address: what Envoy takes a client on loopback to have."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # no packet is sent
        except OSError:
            return LOOPBACK
        return str(probe.getsockname()[0])


class Block:
    """A run of 512 ports that is ours until it is closed.

    Envoy binds its ports long after they were chosen: a lock file keeps other rigs away.
    """

    def __init__(self) -> None:
        self._lock = contextlib.ExitStack()
        for first in range(FIRST, LAST, SIZE):
            if self._locked(first) and _free(first):
                self.first = first
                return
            self._lock.close()
        raise RuntimeError("no free block of ports on this machine")

    def close(self) -> None:
        """Lets others have the ports."""
        self._lock.close()

    def _locked(self, first: int) -> bool:
        folder = Path(tempfile.gettempdir(), f"nginx2istio-ports-{os.getuid()}")
        folder.mkdir(exist_ok=True)
        file = self._lock.enter_context((folder / str(first)).open("w"))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def _free(first: int) -> bool:
    for port in range(first, first + SIZE):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                return False
    return True
