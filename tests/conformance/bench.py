"""Runs cases, one after another, on one rig: convert, serve, send, compare."""

from __future__ import annotations

import collections
import threading
import time
import traceback
from typing import Any

from .announce import alarms, announced
from .client import send
from .compare import FAKE, compare
from .converter import Converter, Refusal
from .declared import Declared
from .dotted import with_dots
from .forge import Forge
from .headers import added_by_envoy
from .jar import Jar
from .objects import documents, join, text_of
from .oracle import Oracle
from .parts import Parts
from .pods import Pods
from .ports import LOOPBACK, Block, own_address
from .records import Case, Exchange, Request, describe, exported
from .world import world

# An exchange is as bad as its worst difference, in this order.
CLASSES = ("same", "specific", "global", "always", "silent")
RESEND = 25  # a single request under weights: how often the recorded service may take to turn up
LISTENERS = {"http": "8080", "https": "8443"}


class Bench:
    """One oracle with its Envoy, pods and Secrets."""

    def __init__(self, parts: Parts, convert: Converter, envoy_filters: bool):
        self._convert, self._envoy_filters = convert, envoy_filters
        self._forge, self._own = Forge(), own_address()
        self._ports = Block()
        self._pods = Pods(self._ports.first + 1)
        self._oracle = Oracle(parts.oracle, parts.envoy, self._ports.first)

    def close(self) -> None:
        """Stops what was started."""
        self._oracle.close()
        self._pods.close()
        self._ports.close()
        self._forge.close()

    def run(self, case: Case) -> dict[str, Any]:
        """A case's result: how each exchange compares, what was refused, false alarms, times."""
        start, case = time.monotonic(), with_dots(case)
        result: dict[str, Any] = empty_result(case)
        try:
            text, report = self._convert(exported(case), case, self._envoy_filters)
        except Exception as error:  # whatever it is, it costs this case and is shown
            result["failure"] = f"{type(error).__name__}: {error}"[:600]
            if not isinstance(error, Refusal):
                result["trace"] = traceback.format_exc(limit=-4)
            result["exchanges"] = [{"class": "unserved"} for _ in case["exchanges"]]
            return result
        converted = time.monotonic()
        ports = self._serve(case, text, report, result)
        served = time.monotonic()
        declared = Declared.of(documents(case["objects"]))
        self._judge(case, report, self._exchanges(case, ports, declared), declared, result)
        result["seconds"] = {
            "convert": round(converted - start, 3),
            "serve": round(served - converted, 3),
            "requests": round(time.monotonic() - served, 3),
        }
        return result

    def _serve(
        self, case: Case, text: str, report: dict[str, Any], result: dict[str, Any]
    ) -> dict[str, int]:
        """Puts the case's configuration in force; the ports of its listeners by target port."""
        given = self._pods.assign(case.get("pods") or {}, case.get("tls_pods") or ())
        whole = join(text, text_of(world(case, report, given, self._forge)))
        analysis = self._oracle.validate(whole)
        swap = self._oracle.put(whole)
        result["refused"] = [
            f"{r['kind']} {r['namespace']}/{r['name']}: {'; '.join(r['errors'])}"[:400]
            for r in swap["refused"]
        ] + swap["errors"]
        result["rejected"] = swap["rejected"]
        result["analysis"] = [
            f"{m.get('code')} {m.get('kind')} {m.get('namespace')}/{m.get('name')}: "
            f"{m.get('message')}"
            for m in analysis.get("analysis") or []
            if m.get("level") == "Error"
        ]
        return {
            name.rsplit("_", 1)[-1]: int(address.rsplit(":", 1)[1])
            for name, address in swap["listeners"].items()
        }

    def _exchanges(
        self, case: Case, ports: dict[str, int], declared: Declared
    ) -> list[tuple[Exchange, Exchange]]:
        """Each recorded exchange with what was observed."""
        jars: dict[str, Jar] = collections.defaultdict(Jar)
        return [(e, self._exchange(case, e, ports, jars, declared)) for e in case["exchanges"]]

    def _judge(
        self,
        case: Case,
        report: dict[str, Any],
        pairs: list[tuple[Exchange, Exchange]],
        declared: Declared,
        result: dict[str, Any],
    ) -> None:
        findings = report.get("findings") or []
        judged = []
        for recorded, observed in pairs:
            differences = compare(recorded, observed, declared.keys)
            if declared.weighted and recorded["request"].get("session"):
                # Which service a session fell to is chance.
                differences = [d for d in differences if d.what != "service"]
            judged.append((recorded, differences))
            ways = [
                announced(d, recorded, findings, declared) or ("always" if d.always else "silent")
                for d in differences
            ]
            result["exchanges"].append(
                {
                    "class": max(ways, key=CLASSES.index, default="same"),
                    "request": describe(recorded["request"]),
                    "fake": recorded["response"].get("cert") == FAKE,
                    "differences": [
                        {
                            "aspect": d.aspect,
                            "what": d.what,
                            "nginx": d.expected,
                            "istio": d.got,
                            "way": way,
                        }
                        for d, way in zip(differences, ways, strict=True)
                    ],
                    "envoy_adds": added_by_envoy(observed),
                }
            )
        false, idle = alarms(findings, judged, declared)
        result["false_alarms"] = [_short(finding) for finding in false]
        result["idle_findings"] = [_short(finding) for finding in idle]
        result["findings"] = dict(collections.Counter(f.get("severity") for f in findings))
        result["global_findings"] = [f for f in findings if "*" in (f.get("hosts") or [])]

    def _exchange(
        self,
        case: Case,
        recorded: Exchange,
        ports: dict[str, int],
        jars: dict[str, Jar],
        declared: Declared,
    ) -> Exchange:
        """The observed exchange: the recorded request sent as often as it was."""
        request, times = recorded["request"], recorded.get("times", 1)
        jar = jars[request["session"]] if request.get("session") else None
        wanted = (recorded.get("upstream") or {}).get("service")
        if recorded.get("parallel"):
            seen = self._together(case, request, ports, times)
        else:
            seen = [self._once(case, request, ports, jar) for _ in range(times)]
        if times == 1 and declared.weighted and wanted and jar is None:
            # By weights one answer is as good as another: look whether the recorded one comes.
            for _ in range(RESEND):
                if _service(seen[0]) == wanted:
                    break
                seen[0] = self._once(case, request, ports, jar)
        if times == 1:
            return seen[0]
        tally = collections.Counter(
            _service(s) or f"status:{s['response']['status']}" for s in seen
        )
        pods = {s["upstream"]["pod"] for s in seen if s["upstream"]}
        # The record shows one service's answer of several: compare with one of the same.
        shown = next((s for s in seen if _service(s) == wanted), seen[0])
        return shown | {"distribution": dict(tally), "same_pod": len(pods) == 1}

    def _together(
        self, case: Case, request: Request, ports: dict[str, int], times: int
    ) -> list[Exchange]:
        """What is observed of requests sent at the same time, pods' answers first."""
        seen: list[Exchange] = []
        threads = [
            threading.Thread(target=lambda: seen.append(self._once(case, request, ports, None)))
            for _ in range(times)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(seen, key=lambda s: s["response"]["by"] != "upstream")

    def _once(
        self, case: Case, request: Request, ports: dict[str, int], jar: Jar | None
    ) -> Exchange:
        """One request to the listener of its scheme, and what came of it."""
        port = ports.get(LISTENERS[request["scheme"]])
        if port is None:
            error = "no listener for " + request["scheme"]
            response = {"status": 0, "headers": [], "cookies": [], "by": "proxy", "error": error}
            return {"response": response, "upstream": None}
        secrets = case.get("secrets") or []
        wish = next((s for s in secrets if s["name"] == request.get("client_cert")), None)
        certificate = None
        if wish and "ca" in wish["type"]:
            certificate = self._forge.client_certificate(wish)
        answer = send(request, (LOOPBACK, port), jar, certificate)
        pod = next((value for name, value in answer.headers if name.lower() == "x-pod"), None)
        response = answer.recorded(by_upstream=pod is not None)
        if answer.certificate is not None:
            response["cert"] = self._forge.hosts.get(answer.certificate, ["?"])
        upstream = self._pods.received(pod, answer.body)
        for field in (upstream or {}).get("headers", []):
            if field[0] == "x-forwarded-for":
                field[1] = self._as_sent(field[1], request)
        return {"response": response, "upstream": upstream}

    def _as_sent(self, forwarded: str, request: Request) -> str:
        """X-Forwarded-For with the client's address where Envoy wrote the machine's own.

        Envoy does not forward a loopback client's address (use_remote_address); a real client has
        none.
        """
        client = request.get("from") or LOOPBACK
        parts = (part.strip() for part in forwarded.split(","))
        return ", ".join(client if part == self._own else part for part in parts)


def empty_result(case: Case) -> dict[str, Any]:
    """The result of a case of which nothing is known yet."""
    return {
        "id": case["id"],
        "exchanges": [],
        "failure": None,
        "refused": [],
        "analysis": [],
        "rejected": {},
        "false_alarms": [],
        "idle_findings": [],
    }


def _service(observed: Exchange) -> str | None:
    return observed["upstream"]["service"] if observed["upstream"] else None


def _short(finding: dict[str, Any]) -> str:
    where = f"{finding.get('hosts')} {finding.get('paths')}"
    return f"{finding.get('code')} {finding.get('key')} {finding.get('aspects')} at {where}"
