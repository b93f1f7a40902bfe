"""Both sides behind one interface: nginx as the controller configures it, and the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nginx2istio import api
from nginx2istio.base.options import Options

from ..conformance.forge import Forge
from ..conformance.objects import join, text_of
from ..conformance.oracle import Oracle, ports_of
from ..conformance.parts import Parts
from ..conformance.ports import Block
from ..conformance.world import world
from ..nginx.local_nginx import running
from .pod import Pod
from .probes import HOST

INGRESS = f"""\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web, namespace: default}}
spec:
  ingressClassName: nginx
  rules:
  - host: {HOST}
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {{service: {{name: web, port: {{number: 80}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: default}}
spec: {{ports: [{{name: http, port: 80}}]}}
"""

# What the controller's configuration comes to for this Ingress without any ConfigMap; the first
# server is the one of unknown hosts.
SERVER = """
server_name _;
return 404;
} server {
listen 127.0.0.1:PORT;
server_name %s;
ignore_invalid_headers on;
underscores_in_headers off;
client_header_buffer_size 1k;
large_client_header_buffers 4 8k;
client_max_body_size 1m;
set $upgrading "";
if ($http_upgrade) { set $upgrading upgrade; }
location / {
  proxy_http_version 1.1;
  proxy_buffer_size 4k;
  proxy_buffers 4 4k;
  proxy_redirect off;
  proxy_set_header Host $http_host;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $upgrading;
  proxy_set_header X-Request-ID $request_id;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header X-Forwarded-Port 80;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Scheme $scheme;
  proxy_set_header X-Scheme $scheme;
  proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;
  proxy_set_header Proxy "";
  proxy_pass http://127.0.0.1:%d;
}
"""


@contextmanager
def nginx_side(folder: Path, pod: Pod) -> Iterator[int]:
    """The port of an nginx in front of the pod."""
    with running(folder, SERVER % (HOST, pod.port)) as port:
        yield port


@contextmanager
def gateway_side(
    parts: Parts, pod: Pod, envoy_filters: bool, ingress: str = INGRESS
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The port of the converted gateway in front of the pod, and the report's findings."""
    conversion = api.convert_text(ingress, Options(envoy_filters=envoy_filters, compat="exact"))
    report = api.report(conversion)
    case = {"id": "wire", "objects": ingress}
    forge, ports = Forge(), Block()
    oracle = Oracle(parts.oracle, parts.envoy, ports.first)
    try:
        objects = world(case, report, {"default/web:80": [("web-0", pod.port)]}, forge)
        swap = oracle.put(join(api.yaml(conversion), text_of(objects)))
        assert not swap["refused"] and not swap["rejected"], swap
        yield ports_of(swap)["8080"], report["findings"]
    finally:
        oracle.close()
        ports.close()
        forge.close()
