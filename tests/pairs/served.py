"""Serves estates by real pilot and Envoy, sends the requests, and says what is wrong."""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from nginx2istio import api
from nginx2istio.convert.convert import Conversion
from nginx2istio.nginx.config import NginxConfig
from tests.conformance.client import Answer, send
from tests.conformance.forge import Forge
from tests.conformance.objects import join, text_of
from tests.conformance.oracle import Oracle
from tests.conformance.parts import Parts
from tests.conformance.pods import Pods
from tests.conformance.ports import Block
from tests.conformance.records import describe
from tests.conformance.world import world
from tests.pairs.array import Estate
from tests.pairs.asked import Asked, requests_of
from tests.pairs.world import AUTHORITY, case_of

HTTPS = 363  # how much higher than that of http the port of https is
AT_ONCE = 4
STEPS = ("convert", "put", "ask")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong: ``refused``, ``rejected``, ``crash``, ``closed`` or ``unserved``."""

    kind: str
    text: str


@dataclass
class Tally:
    """What came of some estates."""

    estates: int = 0
    requests: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STEPS, 0.0))


class Served:
    """A release of Istio with its Envoy, and pods, for one estate after another."""

    def __init__(self, parts: Parts, version: str) -> None:
        self._parts = parts
        major, minor = map(int, version.split("."))
        self._version = (major, minor)
        self._forge, self._ports = Forge(), Block()
        self.port = self._ports.first
        self._pods = Pods(self.port + 1)
        self._oracle = self._start()
        self._workers = ThreadPoolExecutor(AT_ONCE)
        self.tally = Tally()

    def _start(self) -> Oracle:
        return Oracle(self._parts.oracle, self._parts.envoy, self.port)

    def close(self) -> None:
        """Stops what was started."""
        self._workers.shutdown()
        self._oracle.close()
        self._pods.close()
        self._ports.close()
        self._forge.close()

    def faults(self, estate: Estate) -> list[Fault]:
        """What is wrong when the estate is converted, served and asked."""
        faults = list(self._faults(estate))
        self.tally.estates += 1
        self.tally.faults.update({fault.kind for fault in faults})
        return faults

    def _faults(self, estate: Estate) -> Iterator[Fault]:
        start = time.monotonic()
        conversion, objects = self.converted(estate)
        converted = time.monotonic()
        try:
            answer = self._oracle.put(objects)
        except OSError as error:
            yield self._crash(f"as the configuration came: {error}")
            return
        for refusal in answer["refused"]:
            yield Fault("refused", json.dumps(refusal)[:600])
        for text in answer["errors"]:
            yield Fault("refused", str(text)[:600])
        for what, why in (answer["rejected"] or {}).items():
            yield Fault("rejected", f"{what}: {why}"[:900])
        put = time.monotonic()
        yield from self._requests(estate, conversion, answer["listeners"])
        ends = (start, converted, put, time.monotonic())
        for step, before, after in zip(STEPS, ends, ends[1:], strict=False):
            self.tally.seconds[step] += after - before

    def converted(self, estate: Estate) -> tuple[Conversion, str]:
        """The conversion of an estate, and all that istiod gets."""
        case = case_of(estate)
        options = replace(estate.options, istio_version=self._version)
        conversion = api.convert_text(case["objects"], options)
        given = self._pods.assign(case["pods"], case["tls_pods"])
        around = world(case, api.report(conversion), given, self._forge)
        return conversion, join(api.yaml(conversion), text_of(around))

    def _requests(
        self, estate: Estate, conversion: Conversion, listeners: dict[str, str]
    ) -> Iterator[Fault]:
        ports = {
            "http": self.port,
            "https": self.port + HTTPS if len(listeners) > 1 else 0,
        }
        asked = [a for a in requests_of(estate) if ports[a.request["scheme"]]]
        *_, last = asked
        certificate = self._forge.client_certificate(AUTHORITY)

        def answered(a: Asked) -> Answer:
            port = ports[a.request["scheme"]]
            return send(a.request, ("127.0.0.1", port), client_certificate=certificate)

        answers = [*self._workers.map(answered, asked[:-1]), answered(last)]
        self.tally.requests += len(asked)
        self.tally.statuses.update(answer.status for answer in answers)
        if self._oracle.ended() or "refused" in answers[-1].error:
            shown = next((a for a, b in zip(asked, answers, strict=True) if not b.status), last)
            yield self._crash(f"about at {describe(shown.request)[:300]}")
            return
        errors = [f for f in conversion.findings if f.severity == "error"]
        for a, b in zip(asked, answers, strict=True):
            line = describe(a.request)[:160]
            if not b.status and not a.closes:
                yield Fault("closed", f"{line}: {b.error}")
            elif a.main and _by_gateway(b):
                name = a.request["host"]
                if not _is_announced(name, errors) and _is_open(conversion.config, name):
                    yield Fault("unserved", f"{line}: {b.status} {b.body[:120]!r}")

    def _crash(self, text: str) -> Fault:
        """A crash, after which the programs are started anew."""
        end = self._oracle.log()
        self._oracle.close()
        self._oracle = self._start()
        return Fault("crash", f"{text}; {end}")

    def least(self, estate: Estate, kind: str) -> Estate:
        """A smaller estate that shows a fault of the kind."""

        def shows(smaller: Estate) -> bool:
            return any(fault.kind == kind for fault in self._faults(smaller))

        return least(estate, shows)


def least(estate: Estate, shows: Callable[[Estate], bool]) -> Estate:
    """The estate without the hosts, settings and ConfigMap keys that ``shows`` does not need."""
    for host in estate.hosts:
        alone = replace(estate, hosts=(host,))
        if shows(alone):
            estate = alone
            break
    else:
        estate = replace(estate, hosts=_least(estate.hosts, _with("hosts", estate, shows)))
    estate = replace(estate, config=_least(estate.config, _with("config", estate, shows)))
    for index, host in enumerate(estate.hosts):
        before = estate

        def having(chosen: tuple[Any, ...], at: int = index, of: Estate = before) -> Estate:
            changed = replace(of.hosts[at], settings=chosen)
            return replace(of, hosts=(*of.hosts[:at], changed, *of.hosts[at + 1 :]))

        def enough(chosen: tuple[Any, ...], make: Callable[..., Estate] = having) -> bool:
            return shows(make(chosen))

        estate = having(_least(host.settings, enough))
    return estate


def _with(
    name: str, estate: Estate, shows: Callable[[Estate], bool]
) -> Callable[[tuple[Any, ...]], bool]:
    """Whether the estate shows it with other hosts or another ConfigMap."""
    return lambda parts: shows(replace(estate, **{name: parts}))  # type: ignore[arg-type]


def _least(parts: tuple[Any, ...], shows: Callable[[tuple[Any, ...]], bool]) -> tuple[Any, ...]:
    for part in parts:
        fewer = tuple(other for other in parts if other is not part)
        if shows(fewer):
            parts = fewer
    return parts


def _by_gateway(answer: Answer) -> bool:
    """Whether the gateway has no route, or no backend, for a request."""
    with contextlib.suppress(ValueError):
        if "pod" in json.loads(answer.body):
            return False
    return answer.status in (404, 500, 502, 503, 504)


def _is_open(config: NginxConfig, name: str) -> bool:
    """Whether nginx has a location for ``/`` of a host and does not answer it with an error."""
    for server in config.servers:
        if server.host in (name, "*." + name.partition(".")[2]) and not server.denied:
            paths = [x for x in server.locations if x.match != "regex" and x.path == "/"]
            return any(not location.denied for location in paths)
    return False


def _is_announced(name: str, errors: Sequence[Any]) -> bool:
    return any(
        host in ("*", name) or (host.startswith("*.") and name.endswith(host[1:]))
        for finding in errors
        for host in finding.hosts
    )
