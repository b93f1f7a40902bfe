"""Requests whose connection decides: opened for another host, or with large and many headers."""

from __future__ import annotations

import copy
from typing import Any

from nginx2istio import api
from nginx2istio.verify.compared import Proof
from nginx2istio.verify.proof import prove
from nginx2istio.verify.sides import sides
from nginx2istio.verify.words import request_text

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}, namespace: web}}
spec:
  ingressClassName: nginx
  tls: [{{hosts: ["{host}"], secretName: shared}}]
  rules:
  - host: "{host}"
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {{service: {{name: {name}, port: {{number: 80}}}}}}
"""
APEX_AND_STAR = "---".join(
    INGRESS.format(name=name, host=host) for name, host in (("apex", "a.io"), ("star", "*.a.io"))
)
BUFFERS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
data: {large-client-header-buffers: "4 128k"}
---
"""


def proved(text: str, split: bool = False) -> Proof:
    """The proof of a conversion; ``split`` gives each host a TLS server of its own."""
    conversion = api.convert_text(text)
    objects: list[dict[str, Any]] = copy.deepcopy([dict(o) for o in conversion.objects])
    for gateway in (o for o in objects if o["kind"] == "Gateway" and split):
        servers = gateway["spec"]["servers"]
        gateway["spec"]["servers"] = [
            {**server, "hosts": [host]} for server in servers for host in server["hosts"]
        ]
    findings = api.report(conversion)["findings"]
    return prove(sides(conversion, findings, objects if split else None))


def test_hosts_of_one_certificate_answer_on_each_others_connections() -> None:
    assert not proved(APEX_AND_STAR).unannounced
    texts = {
        (request_text(each.request), each.difference.aspect)
        for each in proved(APEX_AND_STAR, split=True).unannounced
    }
    assert ("curl https://a.io/  [on a connection opened for any.a.io]", "routing") in texts
    assert ("curl https://any.a.io/  [on a connection opened for a.io]", "routing") in texts


def test_headers_over_the_limit_of_envoy_are_asked_for() -> None:
    announced = proved(BUFFERS + INGRESS.format(name="big", host="big.io")).announced
    assert announced["N2I516"] and announced["N2I915"]


def test_large_and_many_headers_are_shown_in_short() -> None:
    text = INGRESS.format(name="big", host="big.io")
    conversion = api.convert_text(text)
    silent = prove(sides(conversion, []))
    shown = {request_text(each.request) for each in silent.unannounced}
    assert any("x-large: (62,464 bytes)" in each for each in shown)
    assert any("headers more" in each for each in shown)
    assert all(len(each) < 500 for each in shown)
