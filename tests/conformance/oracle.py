"""The Istio side: one istio-oracle with its Envoy, as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

HTTP = 8080  # target port of the gateway's port 80; the one of 443 is 363 higher
GOGC = "400"  # a pilot lives for minutes: it need not look for free memory as often as it does
LOG_END = 2000  # characters of the log that are of use


def ports_of(answer: dict[str, Any]) -> dict[str, int]:
    """The ports of the listeners that `Oracle.put` answers with, by target port."""
    return {
        name.rsplit("_", 1)[-1]: int(address.rsplit(":", 1)[1])
        for name, address in answer["listeners"].items()
    }


class Oracle:
    """Real pilot and real Envoy; `put` replaces the whole configuration.

    Its listeners are at `first_port` and at `first_port` + 363. Without Envoy it only validates.
    """

    def __init__(self, binary: Path, envoy: Path | None, first_port: int = 0):
        self._dir = tempfile.TemporaryDirectory(prefix="conformance-oracle-")
        self._log = Path(self._dir.name, "oracle.log").open("w")  # noqa: SIM115
        self._process = subprocess.Popen(
            [
                *(str(binary), "serve", "-until-eof", "-dir", self._dir.name),
                *(("-envoy", str(envoy)) if envoy else ()),
                *("-port-offset", str(first_port - HTTP)),
            ],
            stdin=subprocess.PIPE,  # ends with us, however we end
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={"GOGC": GOGC, **os.environ},
        )
        assert self._process.stdout is not None
        line = next((line for line in self._process.stdout if line.startswith("{")), None)
        if line is None:
            status = self._process.wait()
            raise RuntimeError(f"istio-oracle did not start (exit {status}): {self.log()}")
        ready = json.loads(line)
        self._control, self._admin = ready["control"], ready.get("envoy_admin")

    def put(self, text: str) -> dict[str, Any]:
        """Makes the documents of `text` all there is, and answers when Envoy has them.

        ``refused`` lists what a cluster would not take, ``rejected`` what Envoy would not.
        """
        return self._call("PUT", "/config?fresh=1", text)

    def validate(self, text: str) -> dict[str, Any]:
        """What the API server, istiod's webhook and ``istioctl analyze`` say of the documents."""
        return self._call("POST", "/validate", text)

    def generated(self) -> dict[str, Any]:
        """The configuration that pilot generates for the gateway, taken by Envoy or not."""
        (proxy,) = json.loads(_answer(f"{self._control}/debug/syncz"))
        page = f"{self._control}/debug/config_dump?proxyID={proxy['proxy']}"
        dump: dict[str, Any] = json.loads(_answer(page))
        return dump

    def statistics(self) -> str:
        """What Prometheus would scrape at Envoy."""
        return _answer(f"{self._admin}/stats/prometheus").decode()

    def _call(self, method: str, path: str, text: str) -> dict[str, Any]:
        request = urllib.request.Request(self._control + path, data=text.encode(), method=method)
        answer: dict[str, Any] = json.loads(_answer(request))
        return answer

    def ended(self) -> bool:
        """Whether the program has ended, as it does with its Envoy."""
        return self._process.poll() is not None

    def log(self) -> str:
        """The end of what the program wrote."""
        return Path(self._dir.name, "oracle.log").read_text(errors="replace")[-LOG_END:]

    def close(self) -> None:
        """Stops the program, which stops its Envoy."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._dir.cleanup()


def _answer(request: str | urllib.request.Request) -> bytes:
    with urllib.request.urlopen(request, timeout=60) as response:
        body: bytes = response.read()
        return body
