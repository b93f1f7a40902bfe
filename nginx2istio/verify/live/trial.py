"""One request sent to both gateways, as often as it takes to tell a difference from noise."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from nginx2istio.base.outcome import Request
from nginx2istio.istio.serve import serve_as_istio
from nginx2istio.nginx.serve import serve_as_nginx
from nginx2istio.verify.judged.announce import announcers
from nginx2istio.verify.judged.compare import compare
from nginx2istio.verify.judged.difference import Difference
from nginx2istio.verify.judged.exchange import FindingData
from nginx2istio.verify.live.address import GatewayAddress
from nginx2istio.verify.live.client import GatewayAnswer, send
from nginx2istio.verify.live.observed import answer_words, live_differences
from nginx2istio.verify.record import exchange_record, request_record
from nginx2istio.verify.sides import Sides

CONFIRMATIONS = 2
"""So many more times both are asked before an unexpected difference counts."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""What a server promises not to act on (RFC 9110, 9.2.1), TRACE left out."""


class Stopped(Exception):
    """The run ends before this request is done."""


@dataclass(slots=True)
class Pace:
    """Lets requests go at most so many a second, until the run ends at ``ends`` or is stopped."""

    per_second: float
    ends: float
    stopped: threading.Event = field(default_factory=threading.Event)
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Waits for this request's turn. Raises Stopped."""
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + 1 / self.per_second
        over = turn > self.ends or self.stopped.wait(max(0.0, turn - time.monotonic()))
        if over:
            raise Stopped


@dataclass(frozen=True, slots=True)
class Observation:
    """What came of a request: real differences, and what varied by itself (aspect and what).

    ``old`` and ``new`` are the first answers of both in a few words (``answer_words``).
    """

    request: Request
    differences: tuple[Difference, ...] = ()
    noise: tuple[str, ...] = ()
    old: str = ""
    new: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """The two gateways, and how they are asked; ``timeout`` in seconds is for an answer."""

    sides: Sides
    old: GatewayAddress
    new: GatewayAddress
    pace: Pace
    timeout: float = 10.0

    def observe(self, request: Request) -> Observation:
        """Asks old twice and new once; more often where a difference is not to be expected.

        What old varies in by itself is noise, and so is what does not show each time. Raises
        Stopped, Unsendable.
        """
        nginx = serve_as_nginx(self.sides.config, request)
        istio = serve_as_istio(self.sides.gateway, self.sides.at_gateway(request, nginx))
        keys = self.sides.declared.keys_for(request.host, request.target)

        def differing(a: GatewayAnswer, b: GatewayAnswer) -> list[Difference]:
            return live_differences(request, a, b, (nginx, istio), keys)

        expected = compare(exchange_record(request, nginx), exchange_record(request, istio), keys)
        predicted = _names(expected)
        first = self._ask(self.old, request)
        noise = _names(differing(first, self._ask(self.old, request)))
        new = self._ask(self.new, request)
        differences = differing(first, new)
        for _ in range(CONFIRMATIONS):
            pairs = announced(self.sides, request, _without(differences, noise))
            if all(given and _name(d) in predicted for d, given in pairs):
                break
            again = self._ask(self.old, request)
            noise |= _names(differing(first, again))
            noise |= _names(differences) - _names(differing(again, self._ask(self.new, request)))
        real = tuple(_without(differences, noise))
        answers = answer_words(first), answer_words(new)
        return Observation(request, real, tuple(sorted(noise)), *answers)

    def _ask(self, gateway: GatewayAddress, request: Request) -> GatewayAnswer:
        self.pace.wait()
        return send(gateway, request, self.timeout)


def announced(
    sides: Sides, request: Request, differences: Iterable[Difference]
) -> list[tuple[Difference, list[FindingData]]]:
    """Each difference with the findings that announce it."""
    listed = list(differences)
    covered = sides.covering(request_record(request)) if listed else []
    return [(d, announcers(d, covered)[1]) for d in listed]


def why_not_sent(request: Request, methods: frozenset[str]) -> str:
    """Why a request can't be sent as it is, "" for one that can: who we are can't be changed."""
    plain = Request()
    if request.method not in methods:
        return f"method {request.method}"
    if request.source != plain.source:
        return "another client address"
    if request.certificate != plain.certificate:
        return "a client certificate"
    if request.credentials == "valid":
        return "valid credentials"
    if request.auth_status != plain.auth_status:
        return "another answer of the authentication service"
    return "" if request.http == plain.http else f"HTTP/{request.http}"


def _names(differences: Iterable[Difference]) -> set[str]:
    return {_name(difference) for difference in differences}


def _name(difference: Difference) -> str:
    return f"{difference.aspect}: {difference.what}"


_WHOLE = frozenset({"answer", "status"})


def _without(differences: Iterable[Difference], noise: set[str]) -> list[Difference]:
    """The differences that are no noise: none where who answers, or the status, is."""
    if any(name.rpartition(": ")[2] in _WHOLE for name in noise):
        return []
    return [d for d in differences if _name(d) not in noise]
