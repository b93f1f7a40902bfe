"""What the fuzzer mutates: the documents of all fixtures; and the neighbours that it must spare."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from nginx2istio.inputs.files import read
from tests.golden import ROOT

Body = dict[str, Any]

NEIGHBOURS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: neighbour
  namespace: neighbour
  creationTimestamp: "2020-01-01T00:00:00Z"
  annotations:
    nginx.ingress.kubernetes.io/whitelist-source-range: 10.0.0.0/8
    nginx.ingress.kubernetes.io/enable-cors: "true"
    nginx.ingress.kubernetes.io/proxy-read-timeout: "7"
spec:
  ingressClassName: nginx
  rules:
  - host: neighbour.intact.test
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: intact, port: {name: web}}}}
---
apiVersion: v1
kind: Service
metadata: {name: intact, namespace: neighbour}
spec: {ports: [{name: web, port: 8080}]}
"""
"""They share no host, namespace or Service with any fixture."""

WHOLE = frozenset({"ConfigMap", "Deployment", "DaemonSet", "IngressClass"})
"""Kinds that lawfully change what becomes of every Ingress."""


@cache
def documents() -> tuple[Body, ...]:
    """All objects of the fixtures, those of one kind beside each other, each once."""
    resources = read([str(path) for path in sorted(ROOT.glob("*/*/ingress.yaml"))]).resources
    bodies = {json.dumps(resource.body): resource.kind for resource in resources}
    return tuple(json.loads(text) for text in sorted(bodies, key=lambda t: (bodies[t], t)))


@cache
def by_kind() -> dict[str, tuple[Body, ...]]:
    """The documents of each kind, and one of each kind that no fixture has."""
    kinds: dict[str, list[Body]] = {}
    for body in (*documents(), *_OTHERS):
        kinds.setdefault(body["kind"], []).append(body)
    return {kind: tuple(bodies) for kind, bodies in sorted(kinds.items())}


def _istio(kind: str, spec: Body) -> Body:
    group = "security" if kind == "AuthorizationPolicy" else "networking"
    metadata = {"name": "there", "namespace": "istio-system"}
    return {
        "apiVersion": f"{group}.istio.io/v1",
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
    }


_TLS_SERVER = {"port": {"number": 443, "protocol": "HTTPS"}, "hosts": ["neighbour/*.shop.test"]}
_OTHERS: tuple[Body, ...] = (
    _istio("VirtualService", {"hosts": ["a.test"], "gateways": ["istio-system/there"]}),
    _istio("Gateway", {"selector": {"istio": "ingressgateway"}, "servers": [_TLS_SERVER]}),
    _istio("DestinationRule", {"host": "shop.web.svc.cluster.local"}),
    _istio("ServiceEntry", {"hosts": ["a.test"]}),
    _istio("EnvoyFilter", {"configPatches": []}),
    _istio("AuthorizationPolicy", {"rules": []}),
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web", "labels": {"a": "b"}}},
    {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "shop-1",
            "namespace": "web",
            "labels": {"kubernetes.io/service-name": "shop"},
        },
        "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": False}}],
    },
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {
            "name": "nginx",
            "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"},
        },
        "spec": {"controller": "k8s.io/ingress-nginx"},
    },
    {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": "ingress-nginx-controller",
            "namespace": "ingress-nginx",
            "labels": {"app.kubernetes.io/name": "ingress-nginx"},
        },
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "controller",
                            "args": ["/nginx-ingress-controller", "--ingress-class=nginx"],
                        }
                    ]
                }
            }
        },
    },
    {
        "apiVersion": "nginx2istio/v1",
        "kind": "Snapshot",
        "namespaces": ["web"],
        "selector": "",
        "complete": {"Service": ["web"]},
        "unseen": [{"kind": "Secret", "namespace": "web", "why": "forbidden", "text": "no"}],
    },
)
