"""How much a cluster may ask of us: time and memory have an end, whatever the server sends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

R = TypeVar("R")
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a scan. Seconds are wall time, not between two bytes.

    ``request_seconds`` is for one request with name lookup, TLS handshake and body,
    ``answer_seconds`` for all tries of it, ``list_seconds`` for all pages of a list,
    ``plugin_seconds`` for a log-in plugin of the kubeconfig, which may open a browser. ``pages``
    are pages a list.
    """

    tries: int = 7
    request_seconds: float = 120
    answer_seconds: float = 300
    list_seconds: float = 1800
    plugin_seconds: float = 180
    answer_bytes: int = 64 * MIB
    list_bytes: int = 2048 * MIB
    pages: int = 5000


LIMITS = Limits()


def within(seconds: float, work: Callable[[], R]) -> R:
    """What ``work`` returns or raises. Raises TimeoutError when it takes longer.

    Work that takes longer is left to itself in a thread that does not keep the process alive: no
    timeout of a socket counts a name lookup, or a header that comes byte by byte.
    """
    results: list[R] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]
