"""Pods of a case with their ports, and what they received, in the record format."""

from __future__ import annotations

import collections
import json
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any

from .upstream import Entry, Pod, Upstream

PORTS = 120  # the most pods of one case
MARK = "x-rig-mark"  # a header that tells which request a mirrored copy is of
QUIET = 0.2  # seconds without a request after which no further copy is expected
QUIET_INCOMPLETE = 1.0  # the same when copies are missing, on a busy machine
LONGEST = 5.0  # seconds to wait for copies in any case

Given = dict[str, list[tuple[str, int]]]  # service port -> (pod, port on this machine)


class Pods:
    """The upstream with a port for every pod of the case at hand."""

    def __init__(self, first_port: int) -> None:
        self._upstream = Upstream()
        self._base = first_port
        self._log: list[Entry] = []
        self._lock = threading.Lock()

    def assign(
        self,
        pods: dict[str, list[str]],
        tls: Collection[str] = (),
        dead: Collection[str] = (),
        calls: Collection[str] = (),
    ) -> Given:
        """Gives each pod a port.

        `tls` names the service ports that speak TLS only, `calls` those of them that speak HTTP/2,
        too; `dead` the pods that refuse connections.
        """
        ports = iter(range(self._base, self._base + PORTS))
        given = {
            service: [(name, next(ports)) for name in names] for service, names in pods.items()
        }
        self._log = []
        self._upstream.serve(
            {
                port: Pod(service, name, service in tls, service in calls)
                for service, pairs in given.items()
                for name, port in pairs
                if name not in dead
            }
        )
        return given

    def forget(self) -> None:
        """Forgets what was received so far, but for what bears a mark."""
        marked = [entry for entry in self._all() if entry.request.header(MARK)]
        with self._lock:
            self._log = marked

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

    def others(self, main: Entry | None, mark: str = "") -> list[Entry]:
        """All that was received besides `main`, but for what bears a mark other than `mark`."""
        return [e for e in self._all() if e is not main and e.request.header(MARK) in ("", mark)]

    def wait_for(self, marks: Mapping[str, int]) -> None:
        """Waits until each mark has come as often as it must, and no more comes.

        A mirrored request comes when it comes, or never.
        """
        received, start = -1, time.monotonic()
        end = quiet_since = start
        while end - start < LONGEST:
            entries = self._all()
            if len(entries) != received:
                received, quiet_since = len(entries), end
            counts = collections.Counter(entry.request.header(MARK) for entry in entries)
            complete = all(counts[mark] >= count for mark, count in marks.items())
            if end - quiet_since >= (QUIET if complete else QUIET_INCOMPLETE):
                return
            time.sleep(0.01)
            end = time.monotonic()

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
        "headers": [field for field in fields if field[0] not in ("host", MARK)],
        "body_bytes": request.body_bytes,
    }
