"""Who answers nginx's question of auth-url, behind a host of the configuration itself."""

from __future__ import annotations

import pytest

from nginx2istio import api
from nginx2istio.nginx.facts.auth_service import answerer
from nginx2istio.nginx.facts.external_auth import external_auth

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  annotations:
    nginx.ingress.kubernetes.io/auth-url: https://$host/oauth2/auth
    nginx.ingress.kubernetes.io/use-regex: "true"
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - path: "%s"
        pathType: ImplementationSpecific
        backend: {service: {name: a, port: {number: 80}}}
"""


@pytest.mark.parametrize("pattern", ["/[", r"/\\p{L}", "/(?<a>b"])
def test_a_pattern_that_python_cannot_read_answers_nothing(pattern: str) -> None:
    conversion = api.convert_text(INGRESS % pattern)
    config = conversion.config
    for server in config.servers:
        for location in server.locations:
            auth = external_auth(config, location)
            if auth:
                assert isinstance(answerer(auth, server, config), str)
    assert not [f for f in conversion.findings if f.message.code in ("N2I010", "N2I023")]
