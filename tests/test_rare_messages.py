"""What is said of trials and controllers that no fixture has."""

from __future__ import annotations

import pytest

from nginx2istio import api
from nginx2istio.options import Options
from nginx2istio.report.findings import grouped

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  annotations: {NOTES}
spec:
  ingressClassName: nginx
  rules:
  - host: "HOST"
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
"""
CONTROLLER = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
  namespace: edge
  labels: {app.kubernetes.io/name: ingress-nginx}
spec:
  template:
    spec:
      containers:
      - name: controller
        args: [/nginx-ingress-controller, --ingress-class=nginx, --allow-snippet-annotations=true]
"""
ALLOWED = """
apiVersion: v1
kind: ConfigMap
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
data: {allow-snippet-annotations: "true", annotations-risk-level: Critical}
"""
SNIPPET = (
    "{nginx.ingress.kubernetes.io/configuration-snippet: "
    "'more_set_headers \"X-Home: shop.example.com\";'}"
)


def text(host: str, notes: str = "{}", *more: str) -> str:
    return "---".join([INGRESS.replace("HOST", host).replace("{NOTES}", notes), *more])


@pytest.mark.parametrize(
    ("code", "source", "options"),
    [
        (
            "N2I034",
            text(
                "shop.example.com",
                "{}",
                CONTROLLER.replace("NAME", "a"),
                CONTROLLER.replace("NAME", "b"),
            ),
            Options(),
        ),
        ("N2I062", text("*.example.com"), Options(host_suffix=".try.example.org")),
        (
            "N2I063",
            text("shop.example.com", SNIPPET, ALLOWED),
            Options(host_suffix=".try.example.org"),
        ),
        (
            "N2I064",
            text("shop.example.com"),
            Options(host_suffix=".try.example.org", envoy_filters=True),
        ),
    ],
)
def test_it_is_said(code: str, source: str, options: Options) -> None:
    said = {f.message.code for f in grouped(api.convert_text(source, options).said)}
    without = grouped(api.convert_text(text("shop.example.com")).said)
    assert code in said
    assert code not in {f.message.code for f in without}
