"""What a step converts to, in force at a real pilot and Envoy before the application."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nginx2istio import api

from ..conformance.client import Answer, send
from ..conformance.forge import Forge
from ..conformance.jar import Jar
from ..conformance.objects import join, text_of
from ..conformance.oracle import Oracle, ports_of
from ..conformance.parts import Parts
from ..conformance.ports import LOOPBACK, Block
from ..conformance.world import world
from .application import Application, Hit

EXAMPLES = Path(__file__).parents[2] / "examples" / "walkthrough"
FIRST, SECOND = "istio-gin-test.test.com", "istio-gin-test-cross.test.com"
CROSS = f"http://{SECOND}:32554"  # the origin that the Ingress allows


@dataclass(frozen=True, slots=True)
class Step:
    """A step in force: `port` is the gateway's port 80, `report` the conversion's JSON."""

    name: str
    report: dict[str, Any]
    port: int
    application: Application

    def ask(
        self,
        target: str,
        host: str = FIRST,
        method: str = "GET",
        headers: Iterable[tuple[str, str]] = (),
        jar: Jar | None = None,
    ) -> tuple[Answer, list[Hit]]:
        """Sends a request over a connection of its own; the answer, and what pods received."""
        self.application.take()
        request = {
            "scheme": "http",
            "host": host,
            "method": method,
            "target": target,
            "headers": [list(header) for header in headers],
        }
        return send(request, (LOOPBACK, self.port), jar), self.application.take()


class Gateway:
    """One oracle with its Envoy, and the application."""

    def __init__(self, parts: Parts) -> None:
        self._application, self._forge, self._ports = Application(), Forge(), Block()
        self._oracle = Oracle(parts.oracle, parts.envoy, self._ports.first)

    def close(self) -> None:
        """Stops what was started."""
        self._oracle.close()
        self._application.close()
        self._ports.close()
        self._forge.close()

    def serve(self, name: str) -> Step:
        """Converts the example `name` as a user would, and puts it in force; all of it is taken."""
        file = EXAMPLES / f"{name}.yaml"
        conversion = api.convert_files([str(file)])
        report: dict[str, Any] = api.report(conversion)
        case = {"objects": file.read_text()}
        around = world(case, report, self._application.given, self._forge)
        whole = join(api.yaml(conversion), text_of(around))
        analysis = self._oracle.validate(whole)["analysis"] or []
        assert [message for message in analysis if message["level"] == "Error"] == []
        swap = self._oracle.put(whole)
        assert (swap["refused"], swap["rejected"], swap["errors"]) == ([], {}, [])
        return Step(name, report, ports_of(swap)["8080"], self._application)
