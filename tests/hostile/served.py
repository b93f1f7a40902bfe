"""Hostile estates are converted and put to real pilot and Envoy."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from nginx2istio import api
from tests.conformance.oracle import Oracle
from tests.hostile.estate import PLAIN, PLAIN_HOST, Estate

NO_PODS = b"no healthy upstream"
"""What Envoy says for a route to a Service without pods."""


class Gateway:
    """Real pilot with its Envoy, which gets one estate after another."""

    def __init__(self, oracle: Oracle, first_port: int):
        self.oracle, self.port = oracle, first_port

    def faults(self, estate: Estate) -> Iterator[str]:
        """What is wrong when the gateway gets what an estate is converted to."""
        conversion = api.convert_text(estate.text(), estate.options)
        objects = "\n---\n".join((api.yaml(conversion), *map(json.dumps, PLAIN)))
        answer = self.oracle.put(objects)
        for how in ("refused", "rejected"):
            for refusal in answer.get(how) or ():
                yield f"{how}: {refusal}"
        for path in ("/", "/deeper/x"):
            host = PLAIN_HOST + estate.options.host_suffix
            status, body = self._asked(host, path)
            if (status, body) != (503, NO_PODS):
                yield f"{host}{path} is answered {status} {body[:80]!r}"

    def least(self, estate: Estate) -> Estate:
        """The estate with one Ingress that suffices for a fault, or the whole."""
        for ingress in estate.ingresses:
            alone = replace(estate, ingresses=(ingress,))
            if any(self.faults(alone)):
                return replace(alone, ingresses=(self._without_more(ingress, alone),))
        return estate

    def _without_more(self, ingress: dict[str, Any], estate: Estate) -> dict[str, Any]:
        for key in sorted(ingress["metadata"]["annotations"]):
            annotations = {k: v for k, v in ingress["metadata"]["annotations"].items() if k != key}
            smaller = {**ingress, "metadata": {**ingress["metadata"], "annotations": annotations}}
            if any(self.faults(replace(estate, ingresses=(smaller,)))):
                ingress = smaller
        return ingress

    def _asked(self, host: str, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": host})
            response = connection.getresponse()
            return response.status, response.read()
        except OSError as error:
            return 0, str(error).encode()
        finally:
            connection.close()
