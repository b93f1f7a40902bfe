"""The mesh normalizes paths for routes and policies that look at them, and for no others."""

from __future__ import annotations

import pytest

from nginx2istio import api

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  annotations: {{{notes}}}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - path: {path}
        pathType: {kind}
        backend: {{service: {{name: shop, port: {{number: 80}}}}}}
"""


def asks(path: str = "/", kind: str = "Prefix", **notes: str) -> bool:
    """Whether the mesh configuration is asked to normalize paths."""
    written = (
        f'nginx.ingress.kubernetes.io/{key.replace("_", "-")}: "{value}"'
        for key, value in notes.items()
    )
    text = INGRESS.format(path=path, kind=kind, notes=", ".join(written))
    actions = api.convert_text(text).actions
    return any("pathNormalization" in action.get("yaml", "") for action in actions)


def test_one_route_for_all_paths_needs_no_normalization() -> None:
    assert not asks()
    assert not asks(enable_cors="true", affinity="cookie", ssl_redirect="true")


@pytest.mark.parametrize(("path", "kind"), [("/", "Exact"), ("/api", "Prefix")])
def test_a_route_for_some_paths_does(path: str, kind: str) -> None:
    assert asks(path, kind)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        ("app_root", "/home"),
        ("auth_url", "http://auth.web.svc.cluster.local/check"),
        ("rewrite_target", "/new"),
        ("use_regex", "true"),
        ("whitelist_source_range", "10.0.0.0/8"),
    ],
)
def test_so_does_what_looks_at_the_path_or_protects_it(annotation: str, value: str) -> None:
    assert asks(**{annotation: value})
