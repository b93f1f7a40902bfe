"""Location blocks in snippets, served by Envoy: denied inside of a block, served outside of it."""

from __future__ import annotations

from typing import Any

import pytest

from .bench import Bench
from .converter import convert
from .parts import Parts
from .samples import exchange

OBJECTS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
data:
  allow-snippet-annotations: "true"
  annotations-risk-level: Critical
  location-snippet: |
    location ~ /\\.git { deny all; }
---
apiVersion: v1
kind: Service
metadata: {name: echo, namespace: default}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: a
  namespace: default
  annotations:
    nginx.ingress.kubernetes.io/configuration-snippet: |
      location /prefix { deny all; }
      location = /exact { deny all; }
      location ~ ^/(admin|private) { deny all; }
      location ~* \\.bak$ { deny all; }
      location ^~ /strong { deny all; }
      location ^~ /open { return 204; }
      location /checked { auth_request /check; proxy_pass http://10.0.0.1; }
spec:
  ingressClassName: nginx
  rules:
  - host: a.test
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {service: {name: echo, port: {number: 80}}}
"""
ANSWERS = {
    "/": 200,
    "/prefix": 403,
    "/prefixed/x?y": 403,
    "/x/prefix": 200,
    "/exact": 403,
    "/exact?q": 403,
    "/exact/x": 200,
    "/admin/x": 403,
    "/adm%69n": 403,
    "/x/admin": 200,
    "/a/b.BAK": 403,
    "/a/b.BAK?q": 403,
    "/a/b.bakery?.bak": 200,
    "/strong/x": 403,
    "/open/x.bak": 204,
    "/checked/x": 503,
    "/.git/config": 403,
    "/git": 200,
}


@pytest.mark.parametrize("envoy_filters", [False, True])
def test_blocks_are_served(parts: Parts, envoy_filters: bool) -> None:
    records: list[dict[str, Any]] = [
        exchange(
            status,
            "upstream" if status == 200 else "proxy",
            asked={"target": target},
            target=target,
        )
        for target, status in ANSWERS.items()
    ]
    bench = Bench(parts, convert, envoy_filters)
    try:
        result = bench.run(
            {
                "id": "blocks/case",
                "source": "scenario",
                "objects": OBJECTS,
                "pods": {"default/echo:80": ["echo-0"]},
                "exchanges": records,
            }
        )
    finally:
        bench.close()
    assert (result["failure"], result["refused"], result["rejected"]) == (None, [], {})
    for target, compared in zip(ANSWERS, result["exchanges"], strict=True):
        assert compared["class"] != "unserved", target
        others = [d for d in compared["differences"] if not d["aspect"].endswith("-headers")]
        assert others == [], target
