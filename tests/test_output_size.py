"""How many lines a reviewer reads: a limit for each degree of likeness."""

from __future__ import annotations

from typing import Literal

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.convert.convert import Conversion

WALKTHROUGH = "examples/walkthrough/all-three-needs.yaml"
FIVE_PATHS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: plain, namespace: web}
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.example.com], secretName: shop-tls}]
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: front, port: {number: 80}}}}
      - {path: /api, pathType: Prefix, backend: {service: {name: api, port: {number: 8080}}}}
      - {path: /cart, pathType: Prefix, backend: {service: {name: cart, port: {number: 8080}}}}
      - {path: /login, pathType: Exact, backend: {service: {name: login, port: {number: 8080}}}}
      - {path: /static, pathType: Prefix, backend: {service: {name: files, port: {number: 80}}}}
"""


def lines(conversion: Conversion) -> int:
    return len(api.yaml(conversion).splitlines())


@pytest.mark.parametrize(("compat", "limit"), [("full", 130), ("lean", 70)])
def test_the_walkthrough_is_short(compat: Literal["full", "lean"], limit: int) -> None:
    conversion = api.convert_files([WALKTHROUGH], Options(compat=compat))
    assert lines(conversion) <= limit


@pytest.mark.parametrize(("compat", "limit"), [("full", 110), ("lean", 60)])
def test_an_ingress_of_five_paths_is_short(compat: Literal["full", "lean"], limit: int) -> None:
    assert lines(api.convert_text(FIVE_PATHS, Options(compat=compat))) <= limit
