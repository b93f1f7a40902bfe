"""An estate of three hosts, by hand in nginx's words, and as converted at a real gateway."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.convert.convert import Conversion

from ..conformance.certificates import make_pair
from ..conformance.forge import Forge
from ..conformance.objects import join, text_of
from ..conformance.oracle import Oracle, ports_of
from ..conformance.parts import Parts
from ..conformance.ports import Block
from ..conformance.world import world
from ..nginx.local_nginx import free_port, running

SECRET = {"namespace": "web", "name": "shop", "type": "tls", "hosts": ["shop.live.example"]}
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: web, creationTimestamp: "2024-01-01T00:00:00Z"}
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.live.example], secretName: shop}]
  rules:
  - host: shop.live.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
      - {path: /api, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: docs
  namespace: web
  creationTimestamp: "2024-01-02T00:00:00Z"
  annotations:
    nginx.ingress.kubernetes.io/enable-cors: "true"
    nginx.ingress.kubernetes.io/cors-allow-origin: https://app.example
spec:
  ingressClassName: nginx
  rules:
  - host: docs.live.example
    http:
      paths:
      - {path: /docs/, pathType: Prefix, backend: {service: {name: docs, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: old
  namespace: web
  creationTimestamp: "2024-01-03T00:00:00Z"
  annotations:
    nginx.ingress.kubernetes.io/permanent-redirect: https://www.example/new
spec:
  ingressClassName: nginx
  rules:
  - host: old.live.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: docs, port: {number: 80}}}}
"""
SERVICES = ("shop", "api", "docs")
INGRESS += "".join(
    f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: web}}\n"
    "spec: {ports: [{name: http, port: 80}]}\n"
    for name in SERVICES
)
# What the controller's template comes to for these three, as far as a client sees it.
NGINX = """
server_name _;
listen 127.0.0.1:TLS ssl;
ssl_certificate {folder}/fake.crt; ssl_certificate_key {folder}/fake.key;
return 404;
}} server {{
listen 127.0.0.1:PORT;
listen 127.0.0.1:TLS ssl;
ssl_certificate {folder}/shop.crt; ssl_certificate_key {folder}/shop.key;
server_name shop.live.example;
if ($scheme = http) {{ return 308 https://$http_host$request_uri; }}
if ($scheme = https) {{ set $hsts "max-age=31536000; includeSubDomains"; }}
add_header Strict-Transport-Security $hsts always;
location /api/ {{ proxy_pass http://127.0.0.1:{api}; }}
location = /api {{ proxy_pass http://127.0.0.1:{api}; }}
location / {{ proxy_pass http://127.0.0.1:{shop}; }}
}} server {{
listen 127.0.0.1:PORT;
listen 127.0.0.1:TLS ssl;
ssl_certificate {folder}/fake.crt; ssl_certificate_key {folder}/fake.key;
server_name docs.live.example;
location = /docs {{ return 301 $scheme://$http_host/docs/$is_args$args; }}
location /docs/ {{ {cors} proxy_pass http://127.0.0.1:{docs}; }}
location / {{ {cors} return 404; }}
}} server {{
listen 127.0.0.1:PORT;
listen 127.0.0.1:TLS ssl;
ssl_certificate {folder}/fake.crt; ssl_certificate_key {folder}/fake.key;
server_name old.live.example;
location / {{ return 301 https://www.example/new; }}
"""
CORS = """
if ($http_origin = https://app.example) { set $let_in true; }
if ($request_method = OPTIONS) { set $let_in "${let_in}options"; }
if ($let_in = true) {
  add_header Access-Control-Allow-Origin $http_origin always;
  add_header Access-Control-Allow-Credentials true always;
}
if ($let_in = trueoptions) {
  add_header Access-Control-Allow-Origin $http_origin always;
  add_header Access-Control-Allow-Credentials true always;
  add_header Access-Control-Allow-Methods "GET, PUT, POST, DELETE, PATCH, OPTIONS" always;
  add_header Access-Control-Allow-Headers "HEADERS" always;
  add_header Access-Control-Max-Age 1728000 always;
  return 204;
}
"""
HEADERS = (
    "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,"
    "Range,Authorization"
)
Change = Callable[[list[dict[str, Any]]], object]


@contextmanager
def nginx_side(
    folder: Path, forge: Forge, ports: Mapping[str, int], names: Sequence[str] = ()
) -> Iterator[str]:
    """The address of an nginx with the configuration by hand; ``ports`` are those of backends.

    ``names`` are those in the certificate of the shop, if not the estate's.
    """
    folder.mkdir(exist_ok=True)
    data = forge.secret({**SECRET, **({"hosts": list(names)} if names else {})})["stringData"]
    (folder / "shop.crt").write_text(data["tls.crt"])
    (folder / "shop.key").write_text(data["tls.key"])
    fake = make_pair(["ingress.local"])
    (folder / "fake.crt").write_text(fake.certificate_pem)
    (folder / "fake.key").write_text(fake.key_pem)
    tls = free_port()
    cors = CORS.replace("HEADERS", HEADERS)
    text = NGINX.replace("TLS", str(tls)).format(folder=folder, cors=cors, **ports)
    with running(folder, text) as port:
        yield f"127.0.0.1:{port},{tls}"


@contextmanager
def gateway_side(
    parts: Parts,
    forge: Forge,
    ports: Mapping[str, int],
    change: Change = lambda objects: None,
) -> Iterator[str]:
    """The address of pilot's and Envoy's gateway with the converted objects, changed."""
    conversion = converted()
    objects = copy.deepcopy([dict(each) for each in conversion.objects])
    change(objects)
    case = {"id": "live", "objects": INGRESS, "secrets": [SECRET]}
    given = {f"web/{name}:80": [(f"{name}-0", port)] for name, port in ports.items()}
    block = Block()
    oracle = Oracle(parts.oracle, parts.envoy, block.first)
    try:
        around = world(case, api.report(conversion), given, forge)
        swap = oracle.put(join(text_of(objects), text_of(around)))
        assert not swap["refused"] and not swap["rejected"], swap
        at = ports_of(swap)
        yield f"127.0.0.1:{at['8080']},{at['8443']}"
    finally:
        oracle.close()
        block.close()


def converted() -> Conversion:
    """The conversion of the three hosts."""
    return api.convert_text(INGRESS, Options())
