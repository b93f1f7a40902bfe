"""A small case and its exchanges, for the tests of the comparison."""

from __future__ import annotations

from typing import Any

from nginx2istio.verify.judged.compare import compare
from nginx2istio.verify.judged.declared import Declared
from nginx2istio.verify.judged.difference import Difference

from .objects import documents
from .records import Case, Exchange, Request

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: a
  namespace: default
  annotations:
    nginx.ingress.kubernetes.io/server-alias: "alias.test, *.al.test"
    nginx.ingress.kubernetes.io/limit-rps: "1"
spec:
  rules:
  - host: a.test
    http:
      paths:
      - {path: /foo, pathType: Prefix}
      - {path: /only, pathType: Exact}
"""
CASE: Case = {"id": "x/y", "objects": INGRESS}
DECLARED = Declared.of(documents(INGRESS))
ORIGIN = "https://o.test"
CORS = {"headers": [["Origin", ORIGIN]]}
PREFLIGHT = {
    "method": "OPTIONS",
    "headers": [["Origin", ORIGIN], ["Access-Control-Request-Method", "PUT"]],
}


def request(**over: Any) -> Request:
    given = {"scheme": "http", "host": "a.test", "method": "GET", "target": "/foo/x"}
    return {**given, "headers": [], "session": None} | over


def sub(service: str = "default/auth:80", **headers: str) -> dict[str, Any]:
    fields = [[name.replace("_", "-"), value] for name, value in headers.items()]
    return {"service": service, "method": "GET", "target": "/", "headers": fields, "body_bytes": 0}


def exchange(
    status: int = 200,
    by: str = "upstream",
    headers: Any = (),
    service: str = "default/echo:80",
    sent: Any = (),
    target: str = "/foo/x",
    asked: dict[str, Any] | None = None,
    cookies: Any = (),
    **over: Any,
) -> Exchange:
    """An exchange in the record format; `sent` are headers as the pod got them."""
    up = {
        **sub(service),
        "pod": "echo-0",
        "target": target,
        "host": "a.test",
        "headers": [list(header) for header in sent],
    }
    return {
        "request": request(**(asked or {})),
        "times": 1,
        "response": {
            "status": status,
            "headers": [list(header) for header in headers],
            "cookies": list(cookies),
            "by": by,
        },
        "upstream": up if by == "upstream" else None,
    } | over


def aspects(recorded: Exchange, observed: Exchange, *keys: str) -> set[str]:
    return {d.aspect for d in compare(recorded, observed, frozenset(keys))}


def only(recorded: Exchange, observed: Exchange, *keys: str) -> Difference:
    (difference,) = compare(recorded, observed, frozenset(keys))
    return difference
