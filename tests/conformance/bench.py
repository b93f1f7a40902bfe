"""Runs cases, one after another, on one rig: convert, serve, send, compare."""

from __future__ import annotations

import time
import traceback
from typing import Any

from nginx2istio.verify.judged.declared import Declared

from ..verify.evaluated import evaluated_as_istio, evaluated_as_nginx
from .analysis import analysis_errors
from .auth_service import AuthServices, parted, with_services
from .converter import Converter, Refusal
from .dotted import with_dots
from .forge import Forge
from .judge import judge
from .objects import documents, join, text_of
from .observe import Observer
from .oracle import Oracle, ports_of
from .parts import Parts
from .pods import Pods
from .ports import Block, own_address
from .records import Case, exported
from .world import world


class Bench:
    """One oracle with its Envoy, pods and Secrets."""

    def __init__(self, parts: Parts, convert: Converter, envoy_filters: bool):
        self._convert, self._envoy_filters = convert, envoy_filters
        self._forge, self._own = Forge(), own_address()
        self._ports = Block()
        self._pods = Pods(self._ports.first + 1)
        self._auth = AuthServices(self._ports.first)
        self._oracle = Oracle(parts.oracle, parts.envoy, self._ports.first)

    def close(self) -> None:
        """Stops what was started."""
        self._oracle.close()
        self._auth.stop()
        self._pods.close()
        self._ports.close()
        self._forge.close()

    def run(self, case: Case) -> dict[str, Any]:
        """A case's result: how each exchange compares, what was refused, false alarms, times."""
        start, recorded, case = time.monotonic(), case, with_dots(case)
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
        observer = Observer(case, ports, self._pods, self._forge, self._own, declared)
        records = case["exchanges"]
        pairs = list(zip(records, observer.observe(records), strict=True))
        judge(report, pairs, declared, result)
        if not parted(text)[1]:  # an auth service is no part of Istio
            result["evaluated"] = {
                "nginx": evaluated_as_nginx(recorded),
                "istio": evaluated_as_istio(case, text, report, pairs),
            }
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
        pods, tls, dead = (case.get(part) or () for part in ("pods", "tls_pods", "dead_pods"))
        given = self._pods.assign(dict(pods), tls, dead)
        text, workload = parted(text)
        given = given | self._auth.assign(workload)
        around = case | {"objects": with_services(case["objects"], workload)} if workload else case
        objects = world(around, report, given, self._forge)
        self._auth.start(workload, given, objects)
        whole = join(text, text_of(objects))
        analysis = self._oracle.validate(whole)
        swap = self._oracle.put(whole)
        result["refused"] = [
            f"{r['kind']} {r['namespace']}/{r['name']}: {'; '.join(r['errors'])}"[:400]
            for r in swap["refused"]
        ] + swap["errors"]
        result["rejected"] = swap["rejected"]
        result["analysis"] = analysis_errors(analysis.get("analysis") or [], case, report)
        if analysis.get("failure"):
            result["analysis"].append(f"the analyzers failed: {analysis['failure']}")
        return ports_of(swap)


def empty_result(case: Case) -> dict[str, Any]:
    """The result of a case of which nothing is known yet."""
    return {
        "id": case["id"],
        "exchanges": [],
        "failure": None,
        "refused": [],
        "analysis": [],
        "rejected": {},
        "true_alarms": 0,
        "false_alarms": [],
        "idle_findings": [],
    }
