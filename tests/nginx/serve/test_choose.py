"""Which location takes a path: that of an Ingress, or one of the controller's own."""

from __future__ import annotations

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.base.outcome import Request
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.serve import serve_as_nginx


def configured(*paths: str, host: str = "", regex: bool = False) -> NginxConfig:
    """The configuration of one Ingress; each path is ``PATH TYPE SERVICE``."""
    entries = [
        f"{{path: '{path}', pathType: {kind}, "
        f"backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}"
        for path, kind, service in map(str.split, paths)
    ]
    name = f"host: {host}\n    " if host else ""
    text = f"""\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: any
  namespace: web
  creationTimestamp: "2024-01-01T00:00:00Z"
  annotations: {{nginx.ingress.kubernetes.io/use-regex: "{str(regex).lower()}"}}
spec:
  ingressClassName: nginx
  rules:
  - {name}http: {{paths: [{", ".join(entries)}]}}
"""
    return api.convert_text(text, Options()).config


def answer(config: NginxConfig, target: str, host: str = "unknown.io") -> str:
    """The Service that answers, or the status."""
    outcome = serve_as_nginx(config, Request(host=host, target=target))
    return next(iter(outcome.backends), str(outcome.status))


@pytest.mark.parametrize(
    ("target", "by"),
    [
        ("/healthz", "200"),
        ("/healthzz", "200"),
        ("/healthz/deep", "web/deep:80"),
        ("/nginx_status", "403"),
        ("/nginx_status/exact", "web/exact:80"),
        ("/other", "web/rest:80"),
    ],
)
def test_longer_and_exact_paths_go_before_the_controllers_own(target: str, by: str) -> None:
    paths = ("/ Prefix rest", "/healthz/deep Prefix deep", "/nginx_status/exact Exact exact")
    assert answer(configured(*paths), target) == by


def test_patterns_go_before_the_controllers_own() -> None:
    config = configured("/ Prefix rest", regex=True)
    assert answer(config, "/healthz") == answer(config, "/nginx_status") == "web/rest:80"


@pytest.mark.parametrize(("target", "by"), [("/a", "one"), ("/x/b", "one"), ("/x/a", "rest")])
def test_only_the_first_alternative_of_a_path_begins_with_it(target: str, by: str) -> None:
    paths = ("/ Prefix rest", "/a|/b ImplementationSpecific one")
    config = configured(*paths, host="shop.io", regex=True)
    assert answer(config, target, "shop.io") == f"web/{by}:80"
