"""Small estates for the tests of the HTML report."""

from __future__ import annotations

import json
from typing import Any

from nginx2istio.api import convert_text, report
from nginx2istio.convert.convert import Conversion
from nginx2istio.report.formats.html.html import html_report
from nginx2istio.report.hosts import with_readiness

PREFIX = "nginx.ingress.kubernetes.io/"

SHOP = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  labels:
    app.kubernetes.io/part-of: storefront
    team: checkout
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"never": "shown"}'
    nginx.ingress.kubernetes.io/limit-rps: "10"
    nginx.ingress.kubernetes.io/use-regex: "false"
    nginx.ingress.kubernetes.io/server-alias: store.example.com
spec:
  ingressClassName: nginx
  tls:
  - hosts: [shop.example.com]
    secretName: shop-tls
  rules:
  - host: shop.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {service: {name: front, port: {number: 80}}}
      - path: /api
        pathType: Exact
        backend: {service: {name: api, port: {number: 80}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: docs
  namespace: web
  labels: {team: writers}
spec:
  ingressClassName: nginx
  rules:
  - host: docs.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {service: {name: docs, port: {number: 80}}}
---
apiVersion: v1
kind: Secret
metadata: {name: shop-tls, namespace: web}
stringData: {tls.key: do-not-print-me}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: account
  namespace: bank
  annotations:
    nginx.ingress.kubernetes.io/auth-type: basic
    nginx.ingress.kubernetes.io/auth-secret: staff
spec:
  ingressClassName: nginx
  rules:
  - host: account.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {service: {name: account, port: {number: 80}}}
"""

SCRIPT = "<script>window.hit = 1</script>"
IMAGE = "<img src=x onerror='window.hit = 1'>"
OVERRIDE = "\u202eelif.exe"
HOSTILE = (
    SCRIPT,
    IMAGE,
    "</script><script>window.hit = 1</script>",
    "javascript:window.hit=1",
    '" onmouseover="window.hit=1',
    "{{ 7 * 7 }} ${window.hit = 1}",
    "שלום עולם",
    OVERRIDE,
    "🦊👩‍👩‍👧‍👦",
    "&lt;b&gt; &#x3c;",
    "x" * 10_000,
)


def hostile() -> str:
    """Ingresses with markup, scripts, bidirectional text and long values wherever they fit.

    Those of hosts ``n*`` can't be read for their names, nginx refuses those of ``h*`` for their
    annotations, those of ``p*`` are converted.
    """
    items = [_ingress("n", number, text) for number, text in enumerate(HOSTILE)]
    items += [_ingress("h", number, text) for number, text in enumerate(HOSTILE)]
    items += [_ingress("p", number, text) for number, text in enumerate(HOSTILE)]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def _ingress(host: str, number: int, text: str) -> dict[str, Any]:
    name = text[:150] if host == "n" else f"{host}{number}"
    refused = {
        f"{PREFIX}permanent-redirect": text,
        f"{PREFIX}configuration-snippet": f"more_set_headers 'X-Text: {text}';\n# {text}\n",
        f"{PREFIX}auth-url": text,
        f"{PREFIX}server-alias": text,
        f"{PREFIX}upstream-vhost": text,
    }
    backend = {"service": {"name": name, "port": {"name": name}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "namespace": name,
            "labels": {"team": name, name: name},
            "annotations": {
                f"{PREFIX}{name}": text,
                f"{PREFIX}limit-rps": "10",
                name: text,
                **(refused if host == "h" else {}),
            },
        },
        "spec": {
            "ingressClassName": "nginx",
            "rules": [
                {
                    "host": f"{host}{number % 4}.example.com",
                    "http": {
                        "paths": [
                            {"path": f"/{number}{text}", "pathType": "Prefix", "backend": backend},
                            {"path": "/", "pathType": "Exact", "backend": backend},
                        ]
                    },
                }
            ],
        },
    }


def judged() -> str:
    """A page of a report with an accepted finding and a plan, as other options make them."""
    conversion = convert_text(SHOP, keep_read=True)
    data = report(conversion)
    for finding in data["findings"]:
        if finding["code"] == "N2I520":
            finding["accepted"] = {
                "reason": "the back end limits by itself",
                "expires": "2030-01-31",
            }
    data["hosts"] = with_readiness(data["hosts"], data["findings"])
    test = {
        "host": "shop.example.com",
        "url": "http://shop.example.com/",
        "command": "curl -sS http://shop.example.com/",
        "status": 308,
        "location": "https://shop.example.com/",
    }
    data["plan"] = [
        {"id": "apply", "title": "apply the objects", "commands": ["kubectl apply -k istio"]},
        {"id": "try", "title": "try each host", "hosts": ["shop.example.com"], "tests": [test]},
    ]
    return html_report(data, conversion)


def page(text: str) -> tuple[Conversion, str]:
    """The conversion of a text, and its HTML report."""
    conversion = convert_text(text, keep_read=True)
    return conversion, html_report(report(conversion), conversion)
