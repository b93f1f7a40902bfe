"""Pods of a case with their ports, and what they received, in the record format."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Collection
from typing import Any

from .upstream import Entry, Pod, Upstream

PORTS = 120  # the most pods of one case

Given = dict[str, list[tuple[str, int]]]  # service port -> (pod, port on this machine)


class Pods:
    """The upstream with a port for every pod of the case at hand."""

    def __init__(self, first_port: int) -> None:
        self._upstream = Upstream()
        self._base = first_port
        self._log: list[Entry] = []
        self._lock = threading.Lock()

    def assign(self, pods: dict[str, list[str]], tls: Collection[str] = ()) -> Given:
        """Gives each pod a port; `tls` names the service ports that speak TLS only."""
        ports = iter(range(self._base, self._base + PORTS))
        given = {
            service: [(name, next(ports)) for name in names] for service, names in pods.items()
        }
        self._log = []
        self._upstream.serve(
            {
                port: Pod(service, name, service in tls)
                for service, pairs in given.items()
                for name, port in pairs
            }
        )
        return given

    def forget(self) -> None:
        """Forgets what was received so far."""
        with self._lock:
            self._upstream.take()
            self._log = []

    def received(self, pod: str | None, body: bytes) -> Entry | None:
        """What the `pod` that answered got; None when no pod answered.

        The answer's body tells which of the pod's requests it was; without one (HEAD) the last.
        """
        mine = [entry for entry in self._all() if entry.pod.name == pod]
        try:
            number = json.loads(body)["seq"]
        except (ValueError, KeyError, TypeError):
            number = None
        return next((e for e in reversed(mine) if number in (None, e.seq)), None)

    def others(self, main: Entry | None, expected: int, pause: float, wait: float) -> list[Entry]:
        """All that was received besides `main`. A mirrored request comes when it comes.

        Waits for `pause` seconds in any case, and for up to `wait` seconds until there are as many
        as `expected`.
        """
        start = time.monotonic()
        while True:
            others = [entry for entry in self._all() if entry is not main]
            waited = time.monotonic() - start
            if waited >= pause and (waited >= wait or len(others) >= expected):
                return others
            time.sleep(0.005)

    def _all(self) -> list[Entry]:
        with self._lock:
            self._log += self._upstream.take()
            return list(self._log)

    def close(self) -> None:
        """Closes all ports."""
        self._upstream.close()


def recorded(entry: Entry) -> dict[str, Any]:
    """What a pod got, as the "upstream" of an exchange."""
    request = entry.request
    fields = [[name.lower(), value] for name, value in request.headers]
    return {
        "service": entry.pod.service,
        "pod": entry.pod.name,
        "method": request.method,
        "target": request.target,
        "host": dict(fields).get("host", ""),
        "headers": [field for field in fields if field[0] != "host"],
        "body_bytes": request.body_bytes,
    }
