"""Many requests sent to both gateways: paced, side by side, until all are done or time is up."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

from nginx2istio.base.outcome import Request
from nginx2istio.verify.judged.difference import Difference
from nginx2istio.verify.live.address import GatewayAddress
from nginx2istio.verify.live.client import Unsendable
from nginx2istio.verify.live.state import LiveState, request_key
from nginx2istio.verify.live.trial import (
    SAFE_METHODS,
    Observation,
    Pace,
    Stopped,
    Trial,
    announced,
    why_not_sent,
)
from nginx2istio.verify.sides import Sides

LiveVerdict = Literal["same", "announced", "noise", "unannounced"]
LIVE_VERDICTS: tuple[LiveVerdict, ...] = ("same", "announced", "noise", "unannounced")


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """How both gateways are asked.

    ``per_second`` counts requests to both together, ``seconds`` is for the whole run, ``timeout``
    (seconds) for an answer.
    """

    old: GatewayAddress
    new: GatewayAddress
    methods: frozenset[str] = SAFE_METHODS
    per_second: float = 20.0
    concurrency: int = 4
    seconds: float = 3600.0
    timeout: float = 10.0


MOST_LISTED = 500
"""So many requests of each verdict are listed with their answers."""


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request that was sent, what came of it, and the codes that announce its differences."""

    observation: Observation
    verdict: LiveVerdict
    codes: tuple[str, ...]


@dataclass(slots=True)
class LiveResult:
    """What came of a run, counted in requests.

    ``announced`` counts by code, ``noise`` by what varied, ``unsent`` by why. ``earlier`` are those
    of which the state told. ``requests`` are the first ``MOST_LISTED`` of each verdict. ``ended``
    is why the run ended before all was sent, "" if it did not.
    """

    verdicts: Counter[LiveVerdict] = field(default_factory=Counter)
    announced: Counter[str] = field(default_factory=Counter)
    noise: Counter[str] = field(default_factory=Counter)
    unsent: Counter[str] = field(default_factory=Counter)
    unannounced: list[tuple[Request, tuple[Difference, ...]]] = field(default_factory=list)
    requests: list[SentRequest] = field(default_factory=list)
    earlier: int = 0
    ended: Literal["", "the time was up", "interrupted"] = ""


def verify_live(
    sides: Sides, requests: Iterable[Request], settings: LiveSettings, state: LiveState
) -> LiveResult:
    """Sends each request that may be sent to both gateways. Ctrl-C ends it with what is known."""
    result = LiveResult()
    pace = Pace(settings.per_second, time.monotonic() + settings.seconds)
    trial = Trial(sides, settings.old, settings.new, pace, settings.timeout)
    pool = ThreadPoolExecutor(settings.concurrency, "verify")
    try:
        chosen = _to_send(requests, settings, result)
        for observation in _observed(trial, chosen, settings, state, pool, result):
            _count(sides, observation, result)
    except KeyboardInterrupt:
        result.ended = "interrupted"
    finally:
        pace.stopped.set()
        pool.shutdown(cancel_futures=True)
    return result


def _to_send(
    requests: Iterable[Request], settings: LiveSettings, result: LiveResult
) -> Iterator[Request]:
    """Those that may be sent, each once."""
    known = set()
    for request in requests:
        why = why_not_sent(request, settings.methods)
        if why:
            result.unsent[why] += 1
        elif (key := request_key(request)) not in known:
            known.add(key)
            yield request


def _observed(
    trial: Trial,
    requests: Iterable[Request],
    settings: LiveSettings,
    state: LiveState,
    pool: ThreadPoolExecutor,
    result: LiveResult,
) -> Iterator[Observation]:
    """What came of each, in order; a few are under way at a time."""

    def one_more(request: Request) -> Observation:
        observation = trial.observe(request)
        state.keep(observation)
        return observation

    under_way: deque[Future[Observation]] = deque()
    for request in requests:
        earlier = state.known.get(request_key(request))
        if earlier is not None:
            result.earlier += 1
            yield earlier
            continue
        if time.monotonic() > trial.pace.ends:
            result.ended = "the time was up"
            break
        under_way.append(pool.submit(one_more, request))
        if len(under_way) > 2 * settings.concurrency:
            yield from _finished(under_way.popleft(), result)
    while under_way:
        yield from _finished(under_way.popleft(), result)


def _finished(future: Future[Observation], result: LiveResult) -> Iterator[Observation]:
    try:
        yield future.result()
    except Stopped:
        result.ended = "the time was up"
    except Unsendable as error:
        result.unsent[str(error)] += 1


def _count(sides: Sides, observation: Observation, result: LiveResult) -> None:
    pairs = announced(sides, observation.request, observation.differences)
    silent = tuple(d for d, given in pairs if not given)
    codes = {str(f["code"]) for _, given in pairs for f in given}
    result.announced.update(codes)
    result.noise.update(observation.noise)
    if silent:
        result.unannounced.append((observation.request, silent))
    verdict: LiveVerdict = (
        "unannounced"
        if silent
        else "announced"
        if pairs
        else "noise"
        if observation.noise
        else "same"
    )
    result.verdicts[verdict] += 1
    if result.verdicts[verdict] <= MOST_LISTED:
        result.requests.append(SentRequest(observation, verdict, tuple(sorted(codes))))
