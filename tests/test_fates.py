"""An annotation of a loaded Ingress that nobody answers for is an error."""

from __future__ import annotations

from nginx2istio import api
from nginx2istio.convert.fates import without_fate

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  annotations:
    nginx.ingress.kubernetes.io/app-root: /shop
    nginx.ingress.kubernetes.io/no-such-thing: "1"
    example.com/other: "1"
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
"""


def test_each_annotation_has_a_fate() -> None:
    conversion = api.convert_text(INGRESS)
    assert "N2I025" not in {finding.message.code for finding in conversion.findings}


def test_an_annotation_that_a_rule_forgets_is_an_error() -> None:
    conversion = api.convert_text(INGRESS)
    (finding,) = without_fate(conversion.ingresses, conversion.config, fates=())
    assert (finding.message.code, finding.severity, finding.key) == ("N2I025", "error", "app-root")
    assert finding.hosts == ("shop.example.com",)
    assert finding.origin.field == "nginx.ingress.kubernetes.io/app-root"
