"""Sends a case's requests to the gateway and sees who answers, and what the pods get of them."""

from __future__ import annotations

import collections
import itertools
import threading
from collections.abc import Sequence

from nginx2istio.verify.judged.chance import SURE, shares_differ
from nginx2istio.verify.judged.declared import Declared
from nginx2istio.verify.judged.subrequests import is_mirrored

from .certificates import names_of
from .client import send
from .forge import Forge
from .jar import Jar
from .pods import MARK, Pods, recorded
from .ports import LOOPBACK
from .records import Case, Exchange, Request
from .upstream import Entry

LISTENERS = {"http": "8080", "https": "8443"}
UNTIL_SEEN = 25  # what a weight decides: how often the recorded service may take to turn up
UNTIL_TRUSTED = 20  # what no weight decides: how often it must come out as recorded
MORE = 4  # times as many requests again, when shares look apart


class Observer:
    """Observes the exchanges of one case, in their order; sessions keep their cookies."""

    def __init__(
        self, case: Case, ports: dict[str, int], pods: Pods, forge: Forge, own: str, what: Declared
    ):
        self._case, self._ports, self._pods, self._forge, self._own = case, ports, pods, forge, own
        self._weighted = what.weighted
        self._limited = any(key.startswith("limit-") for key in what.keys)
        self._marks = map(str, itertools.count(1)) if "mirror-target" in what.keys else None
        self._jars: dict[str, Jar] = collections.defaultdict(Jar)

    def observe(self, records: Sequence[Exchange]) -> list[Exchange]:
        """The observed exchanges, in order. Mirrored requests come late: they bear marks."""
        exchanges = [self._observe(record) for record in records]
        if self._marks is not None:
            self._add_copies(records, exchanges)
        return exchanges

    def _add_copies(self, records: Sequence[Exchange], exchanges: list[Exchange]) -> None:
        """Adds to the exchanges of one request what was received of it after its answer."""
        pairs = [
            (record, exchange)
            for record, exchange in zip(records, exchanges, strict=True)
            if "mark" in exchange and "subrequests" in exchange
        ]
        self._pods.wait_for(
            {
                exchange["mark"]: sum(map(is_mirrored, record.get("subrequests") or []))
                + (exchange["upstream"] is not None)
                for record, exchange in pairs
            }
        )
        self._pods.forget()
        for _, exchange in pairs:
            early = [entry for entry in exchange["entries"] if not entry.request.header(MARK)]
            late = self._pods.others(exchange["main"], exchange["mark"])
            exchange["subrequests"] = [recorded(entry) for entry in early + late]

    def _observe(self, record: Exchange) -> Exchange:
        """The observed exchange: the recorded request sent as often as it was."""
        request, times = record["request"], record.get("times", 1)
        jar = self._jars[request["session"]] if request.get("session") else None
        if times == 1:
            exchange = self._single(record, jar)
            if self._weighted and jar is None:
                exchange = self._again(record, exchange)
            return exchange
        if record.get("parallel"):
            many = self._together(request, times)
        else:
            many = [self._once(request, jar)[0] for _ in range(times)]
            if self._looks_apart(record, many):
                many += [self._once(request, jar)[0] for _ in range(MORE * times)]
        pods = {exchange["upstream"]["pod"] for exchange in many[:times] if exchange["upstream"]}
        # The record shows one service's answer of several: compare with one of the same.
        service = (record.get("upstream") or {}).get("service")
        shown = next((exchange for exchange in many if _service(exchange) == service), many[0])
        return shown | {"distribution": _tally(many), "same_pod": len(pods) == 1}

    def _single(self, record: Exchange, jar: Jar | None) -> Exchange:
        """One request, with what pods saw besides."""
        self._pods.forget()
        exchange, main = self._once(record["request"], jar)
        others = self._pods.others(main, exchange.get("mark", ""))
        subs = [recorded(entry) for entry in others]
        return exchange | {"subrequests": subs, "main": main, "entries": others}

    def _again(self, record: Exchange, exchange: Exchange) -> Exchange:
        """The answer that counts, of several, where some canary has a weight.

        Where the weight decides (the record says so), one answer is as good as another: look
        whether the recorded one comes. Elsewhere nginx always answers the same: look for one that
        is not.
        """
        expected = _service(record), record["response"]["status"]
        by_weight = bool(record.get("weighted"))
        if self._limited and not by_weight:
            return exchange  # further requests would use up the limit
        for _ in range(UNTIL_SEEN if by_weight else UNTIL_TRUSTED):
            same = _service(exchange) == expected[0]
            if not by_weight:
                same = same and exchange["response"]["status"] == expected[1]
            if same == by_weight:
                break
            exchange = self._single(record, None)
        return exchange

    def _looks_apart(self, record: Exchange, many: list[Exchange]) -> bool:
        """Whether more requests are needed to tell the shares of services apart from chance."""
        tally = _tally(many)
        if self._limited or any(key.startswith("status:") for key in tally):
            return False
        return shares_differ(record.get("distribution") or {}, tally, SURE)

    def _together(self, request: Request, times: int) -> list[Exchange]:
        """What is observed of requests sent at the same time, pods' answers first."""
        many: list[Exchange] = []
        threads = [
            threading.Thread(target=lambda: many.append(self._once(request, None)[0]))
            for _ in range(times)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(many, key=lambda exchange: exchange["response"]["by"] != "upstream")

    def _once(self, request: Request, jar: Jar | None) -> tuple[Exchange, Entry | None]:
        """One request to the listener of its scheme, what came of it, and what the pod got."""
        port = self._ports.get(LISTENERS[request["scheme"]])
        if port is None:
            error = "no listener for " + request["scheme"]
            response = {"status": 0, "headers": [], "cookies": [], "by": "proxy", "error": error}
            return {"response": response, "upstream": None}, None
        secrets = self._case.get("secrets") or []
        wish = next((s for s in secrets if s["name"] == request.get("client_cert")), None)
        certificate = None
        if wish and "ca" in wish["type"]:
            certificate = self._forge.client_certificate(wish)
        mark = {}
        if self._marks is not None:
            mark = {"mark": next(self._marks)}
            request = request | {"headers": [*request["headers"], [MARK, mark["mark"]]]}
        answer = send(request, (LOOPBACK, port), jar, certificate)
        pod = next((value for name, value in answer.headers if name.lower() == "x-pod"), None)
        response = answer.recorded(by_upstream=pod is not None)
        if answer.certificate is not None:
            names = self._forge.hosts.get(answer.certificate)
            response["cert"] = names or names_of(answer.certificate)
        entry = self._pods.received(pod, answer.body)
        upstream = recorded(entry) if entry else None
        for field in (upstream or {}).get("headers", []):
            if field[0] == "x-forwarded-for":
                field[1] = self._as_sent(field[1], request)
        return {"response": response, "upstream": upstream} | mark, entry

    def _as_sent(self, forwarded: str, request: Request) -> str:
        """X-Forwarded-For with the client's address where Envoy wrote the machine's own.

        Envoy does not forward a loopback client's address (use_remote_address); a real client has
        none.
        """
        client = request.get("from") or LOOPBACK
        parts = (part.strip() for part in forwarded.split(","))
        return ", ".join(client if part == self._own else part for part in parts)


def _tally(many: list[Exchange]) -> dict[str, int]:
    return dict(
        collections.Counter(
            _service(exchange) or f"status:{exchange['response']['status']}" for exchange in many
        )
    )


def _service(exchange: Exchange) -> str | None:
    upstream = exchange.get("upstream")
    return str(upstream["service"]) if upstream else None
