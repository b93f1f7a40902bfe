"""Real pilot and Envoy with an estate's pods, for one set of objects after another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nginx2istio.verify.judged.declared import Declared

from ..conformance.forge import Forge
from ..conformance.objects import join, text_of
from ..conformance.observe import Observer
from ..conformance.oracle import Oracle, ports_of
from ..conformance.parts import Parts
from ..conformance.pods import Pods
from ..conformance.ports import Block, own_address
from ..conformance.records import Exchange, Request
from ..conformance.world import world
from .estate import Estate
from .operators import Json, http_routes


class Refused(Exception):
    """Istio's webhook or Envoy would not take the objects."""


@dataclass(slots=True)
class Served:
    """Objects in force at the gateway."""

    observer: Observer
    mirrors: bool

    def answers(self, requests: Iterable[Request]) -> list[Exchange]:
        """What is observed of each request."""
        answers = [self._answer({"request": request, "times": 1}) for request in requests]
        for each in answers:
            request = each["request"]
            upgrades = any(name.lower() == "upgrade" for name, _ in request["headers"])
            if self.mirrors and (request["method"] == "HEAD" or upgrades):
                # Without a body nobody knows which of two requests at a pod is the copy.
                each["upstream"] = None
        return answers

    def _answer(self, record: Exchange) -> Exchange:
        """An answer. One that comes before all of a large body is sent may be lost by a reset."""
        for _ in range(UPLOADS):
            answer = {**record, **self.observer.observe([record])[0]}
            lost = str(answer["response"].get("error") or "").startswith("ConnectionResetError")
            if not (lost and record["request"].get("body_bytes")):
                break
        return answer


UPLOADS = 4
"""So often an upload is sent whose answer is lost."""


class Gateway:
    """One istio-oracle with its Envoy and pods."""

    def __init__(self, parts: Parts) -> None:
        self._forge, self._ports, self._own = Forge(), Block(), own_address()
        self._pods = Pods(self._ports.first + 1)
        self._oracle = Oracle(parts.oracle, parts.envoy, self._ports.first)

    def close(self) -> None:
        """Stops what was started."""
        self._oracle.close()
        self._pods.close()
        self._ports.close()
        self._forge.close()

    def serve(self, estate: Estate, objects: Sequence[Json]) -> Served:
        """Puts objects in force. Raises Refused."""
        case = estate.case
        secure = case["tls_pods"]
        given = self._pods.assign(dict(case["pods"]), secure, calls=secure)
        around: list[dict[str, Any]] = world(case, estate.report, given, self._forge)
        swap = self._oracle.put(join(text_of(objects), text_of(around)))
        problems = [str(r) for r in swap["refused"]] + swap["errors"] + list(swap["rejected"])
        if problems:
            raise Refused("; ".join(problems)[:300])
        ports = ports_of(swap)
        mirrors = any(route.keys() & {"mirror", "mirrors"} for route in http_routes(list(objects)))
        marked = Declared(keys={"mirror-target"} if mirrors else set())
        return Served(Observer(case, ports, self._pods, self._forge, self._own, marked), mirrors)
