"""What came of a probe on one side, as an exchange of the ruler's, and how two of them differ."""

from __future__ import annotations

import re
import time
from typing import Any

from nginx2istio.verify.judged.announce import announcers, covering
from nginx2istio.verify.judged.compare import compare
from nginx2istio.verify.judged.declared import Declared
from nginx2istio.verify.judged.difference import Difference, difference
from nginx2istio.verify.judged.headers import ENVOY

from ..conformance.objects import documents
from ..conformance.ports import LOOPBACK
from ..conformance.records import Exchange
from .client import Answer, send
from .pod import GONE, Pod, Received
from .probes import Probe
from .sides import INGRESS

DECLARED = Declared.of(documents(INGRESS))
LATE = GONE + 0.3  # seconds after which a pod knows whether the proxy hung up
OWN = re.compile(r"^(date|server|x-pod|content-length|transfer-encoding|connection|keep-alive)$")


def ask(port: int, pod: Pod, probe: Probe, own_address: str) -> Exchange:
    """Sends the probe to one side; the exchange, and beside it what only bytes show (``wire``)."""
    pod.received.clear()
    answer = send(port, probe.text, probe.rest, probe.hang_up)
    if probe.hang_up:
        time.sleep(LATE)
    got = pod.received[-1] if pod.received else None
    by_pod = bool(answer.first("x-pod"))
    return {
        "request": request_of(probe),
        "response": _response(answer, by_pod),
        "upstream": _upstream(got, own_address) if got and (by_pod or probe.hang_up) else None,
        "wire": _wire(answer, got, by_pod),
    }


def request_of(probe: Probe) -> dict[str, Any]:
    """The probe's request in the record format, as far as its bytes are HTTP."""
    head, _, body = (probe.text + probe.rest).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").lstrip("\r\n").split("\r\n")
    words = first.split(" ")
    headers = [[n.strip(), v.strip()] for n, _, v in (line.partition(":") for line in lines)]
    return {
        "scheme": "http",
        "host": next((v for n, v in headers if n.lower() == "host"), ""),
        "method": words[0],
        "target": words[1] if len(words) > 1 else "/",
        "headers": [h for h in headers if h[0].lower() not in ("host", "content-length")],
        "body_bytes": len(body),
        "malformed": probe.malformed,
        "response": probe.response,
        "response_header_bytes": 5000 if b"/large-header " in probe.text else 0,
        "chunked": b"chunked" in head,
        "http": words[-1].removeprefix("HTTP/") if words[-1].startswith("HTTP/") else "0.9",
    }


def _response(answer: Answer, by_pod: bool) -> dict[str, Any]:
    fields = [[n.lower(), v] for n, v in answer.headers if not OWN.match(n.lower())]
    return {
        "status": answer.status,
        "headers": [field for field in fields if field[0] != "set-cookie"],
        "cookies": [{"name": v, "attributes": {}} for n, v in fields if n == "set-cookie"],
        "by": "upstream" if by_pod else "proxy",
        "error": "" if answer.status else "the connection ended without an answer",
    }


def _upstream(got: Received, own_address: str) -> dict[str, Any]:
    method, target, _ = got.head.split(b"\r\n")[0].decode("latin-1").split(" ", 2)
    fields = [[n.lower(), v.replace(own_address, LOOPBACK)] for n, v in got.headers()]
    return {
        "service": "default/web:80",
        "pod": "web-0",
        "method": method,
        "target": target,
        "host": got.first("host"),
        "headers": [field for field in fields if field[0] != "host"],
        "body_bytes": len(got.body),
    }


def _wire(answer: Answer, got: Received | None, by_pod: bool) -> dict[str, Any]:
    """What the record format has no place for, by what to call it."""
    if not by_pod:
        return {"gone": bool(got and got.gone)}
    return {
        "interim answers": answer.interim,
        "body": answer.body,
        "whole body": answer.whole,
        "trailers of the answer": answer.trailers,
        "trailers at the backend": got.trailers if got else b"",
        "length at the backend": _length(got) if got else "",
        "TE at the backend": got.first("te") if got else "",
    }


def _length(got: Received) -> str:
    """How the backend is told of the body's length; without one, 0 says nothing."""
    return got.first("content-length") if got.body else ""


def differences(nginx: Exchange, gateway: Exchange) -> list[Difference]:
    """In which aspects the two sides differ."""
    unlike = [
        d
        for d in compare(nginx, gateway)
        if not (d.aspect == "response-headers" and ENVOY.match(d.what))
    ]
    a, b = nginx["wire"], gateway["wire"]
    if any(d.what == "answer" for d in unlike):
        return unlike
    aspect = {"length at the backend": "buffering", "body": "body", "whole body": "body"}
    aspect["TE at the backend"] = "request-headers"
    return unlike + [
        difference(aspect.get(what, "protocol"), what, a.get(what), b.get(what))
        for what in a
        if a.get(what) != b.get(what)
    ]


def announcing(unlike: Difference, nginx: Exchange, findings: list[dict[str, Any]]) -> list[str]:
    """The codes of the findings that announce a difference."""
    _, given = announcers(unlike, covering(findings, nginx, DECLARED))
    return sorted({finding["code"] for finding in given})
