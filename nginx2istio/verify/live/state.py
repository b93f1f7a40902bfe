"""The file by which a run goes on where an earlier one ended: a line of JSON a request."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from nginx2istio.base.outcome import Request
from nginx2istio.verify.judged.difference import Difference
from nginx2istio.verify.live.address import GatewayAddress
from nginx2istio.verify.live.trial import Observation

RequestKey = tuple[str, str, str, str, tuple[tuple[str, str], ...], int]
"""What of a request is sent."""


class BadState(ValueError):
    """A file that is no state of a run with these gateways."""


def request_key(request: Request) -> RequestKey:
    """Equal for requests that are sent alike."""
    return (
        request.method,
        request.scheme,
        request.host,
        request.target,
        tuple(request.headers),
        request.body_bytes,
    )


@dataclass(slots=True)
class LiveState:
    """What earlier runs knew of requests; ``file`` gets what this one does, at once."""

    known: Mapping[RequestKey, Observation] = field(default_factory=dict)
    file: IO[str] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, observation: Observation) -> None:
        """Writes what came of a request; each is sent once, so nobody looks for it in this run."""
        if self.file is None:
            return
        with self._lock:
            self.file.write(json.dumps(_data(observation)) + "\n")
            self.file.flush()

    def __enter__(self) -> LiveState:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self.file is not None:
            self.file.close()


def open_state(path: Path | None, old: GatewayAddress, new: GatewayAddress) -> LiveState:
    """The state of earlier runs in a file, which is made where it is not there.

    Without a file nothing outlives the run. Raises BadState, OSError.
    """
    if path is None:
        return LiveState()
    head = {"nginx2istio": "verify", "old": str(old), "new": str(new)}
    known: dict[RequestKey, Observation] = {}
    end = 0
    if path.exists() and path.stat().st_size:
        with path.open("rb") as file:
            end = _head_length(path, file.readline(), head)
            for number, line in enumerate(file, 2):
                if not line.endswith(b"\n"):
                    break  # a run that was killed wrote half of it
                try:
                    observation = _observation(json.loads(line))
                except (ValueError, KeyError, TypeError):
                    raise BadState(f"{path}:{number} can't be read") from None
                known[request_key(observation.request)] = observation
                end += len(line)
    opened = path.open("r+b" if end else "wb")
    if end:
        opened.truncate(end)
        opened.seek(end)
    else:
        opened.write(json.dumps(head).encode() + b"\n")
        opened.flush()
    return LiveState(known, io.TextIOWrapper(opened, encoding="utf-8"))


def _head_length(path: Path, line: bytes, head: dict[str, str]) -> int:
    try:
        first = json.loads(line)
    except ValueError:
        raise BadState(f"{path} is no state of nginx2istio verify") from None
    if first != head:
        raise BadState(f"{path} is about other gateways, or no state of nginx2istio verify")
    return len(line)


_SENT = ("method", "scheme", "host", "target", "headers", "body_bytes", "sni")


def _data(observation: Observation) -> dict[str, Any]:
    return {
        "request": {name: getattr(observation.request, name) for name in _SENT},
        "differences": [
            [d.aspect, d.what, d.expected, d.got, sorted(d.accepts), d.always, d.grave]
            for d in observation.differences
        ],
        "noise": observation.noise,
        "answers": [observation.old, observation.new],
    }


def _observation(data: dict[str, Any]) -> Observation:
    fields = data["request"]
    headers = tuple((str(n), str(v)) for n, v in fields["headers"])
    differences = tuple(
        Difference(aspect, what, expected, got, frozenset(accepts), always, grave)
        for aspect, what, expected, got, accepts, always, grave in data["differences"]
    )
    return Observation(
        Request(**{**{name: fields[name] for name in _SENT}, "headers": headers}),
        differences,
        tuple(data["noise"]),
        *map(str, data.get("answers", ())),
    )
