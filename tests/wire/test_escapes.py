"""Envoy escapes the % of a broken escape: nothing that a backend decodes is another path."""

from __future__ import annotations

from contextlib import closing

from tests.conformance.parts import Parts

from .client import send
from .pod import Pod
from .probes import get
from .sides import INGRESS, gateway_side

PROTECTED = """
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: admin
  namespace: default
  annotations: {nginx.ingress.kubernetes.io/denylist-source-range: 0.0.0.0/0}
spec:
  ingressClassName: nginx
  rules:
  - host: w.acme.io
    http:
      paths:
      - path: /admin
        pathType: Prefix
        backend: {service: {name: web, port: {number: 80}}}
"""


TARGETS = {
    "/admin": "",
    "/%61dmin": "",
    "/%%36%31dmin": "/%2561dmin",
    "/%6%31dmin": "/%2561dmin",
    "/x/%2%65%2%65/admin": "/x/%252e%252e/admin",
    "/x%2%46admin": "/x%252Fadmin",
    "/%2561dmin": "/%2561dmin",
}
"""Targets, and what the backend gets of them."""


def test_broken_escapes(parts: Parts) -> None:
    got = {}
    with (
        closing(Pod()) as pod,
        gateway_side(parts, pod, False, INGRESS + PROTECTED) as (port, _),
    ):
        for target in TARGETS:
            pod.received.clear()
            send(port, get("", target).text)
            lines = [request.head.split(b" ")[1].decode() for request in pod.received]
            got[target] = "".join(lines)
    assert got == TARGETS
