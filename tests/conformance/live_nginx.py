"""Exchanges of a real nginx with an Ingress's snippets, recorded on the spot for the rig.

The configuration has what the controller's template writes about a location, as far as snippets
meet it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nginx2istio.verify.judged.declared import Declared

from ..nginx.local_nginx import running
from .forge import Forge
from .objects import documents, text_of
from .observe import LISTENERS, Observer
from .pods import Pods
from .ports import LOOPBACK, Block
from .records import Case, Exchange
from .samples import request

HOST = "www.shop.example"
SERVICE = "shop/web:80"
CONTROLLER = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "ingress-nginx-controller", "namespace": "ingress-nginx"},
    "data": {"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"},
}
HEADERS = """
proxy_set_header Host $http_host;
proxy_set_header X-Request-ID $request_id;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Forwarded-Host $http_host;
proxy_set_header X-Forwarded-Port 80;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Scheme $scheme;
proxy_set_header X-Scheme $scheme;
proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;
proxy_http_version 1.1;
proxy_cookie_domain off;
proxy_cookie_path off;
"""


@dataclass(frozen=True, slots=True)
class Snippets:
    """An Ingress with snippets, and requests for it: targets, or whole requests.

    ``path`` is the Ingress's only path; ``location`` the head of its block in nginx.conf.
    ``behind`` is what the template writes behind the snippet (the rewrite of rewrite-target), and
    ``beside`` beside the location (the question to an authentication service).
    ``services`` are hosts that snippets proxy to, with the Services
    (``namespace/name:port``) that they mean.
    """

    requests: Sequence[str | Mapping[str, Any]]
    location: str = "/"
    path: str = "/"
    configuration: str = ""
    server: str = ""
    behind: str = ""
    beside: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)

    def case(self) -> Case:
        """The case without exchanges."""
        notes = dict(self.annotations)
        if self.configuration:
            notes["configuration-snippet"] = self.configuration
        if self.server:
            notes["server-snippet"] = self.server
        return {
            "id": "live/case",
            "source": "scenario",
            "objects": text_of([CONTROLLER, *self._services(), self._ingress(notes)]),
            "pods": {s: [f"pod-{i}"] for i, s in enumerate([SERVICE, *self.services.values()])},
        }

    def record(self, folder: Path) -> Case:
        """The case with what nginx answers to the requests."""
        case, block, forge = self.case(), Block(), Forge()
        pods = Pods(block.first + 1)
        try:
            given = pods.assign(case["pods"])
            ports = {service: listed[0][1] for service, listed in given.items()}
            asked: list[Exchange] = [{"request": self._request(x)} for x in self.requests]
            with running(folder, self._conf(ports)) as port:
                what = Declared.of(documents(case["objects"]))
                observer = Observer(case, {LISTENERS["http"]: port}, pods, forge, LOOPBACK, what)
                answers = observer.observe(asked)
        finally:
            pods.close()
            block.close()
            forge.close()
        for exchange in answers:
            for unneeded in ("main", "entries"):
                exchange.pop(unneeded, None)
        pairs = zip(asked, answers, strict=True)
        return case | {"exchanges": [{**a, **b, "times": 1} for a, b in pairs]}

    def _request(self, given: str | Mapping[str, Any]) -> dict[str, Any]:
        over = {"target": given} if isinstance(given, str) else dict(given)
        return request(**({"host": HOST} | over))

    def _services(self) -> list[dict[str, Any]]:
        named = [service.replace(":", "/").split("/") for service in self.services.values()]
        return [
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"ports": [{"name": "http", "port": int(port)}]},
            }
            for namespace, name, port in [["shop", "web", "80"], *named]
        ]

    def _ingress(self, notes: Mapping[str, str]) -> dict[str, Any]:
        backend = {"service": {"name": "web", "port": {"number": 80}}}
        kind = "Prefix" if self.path == "/" else "ImplementationSpecific"
        paths = [{"path": self.path, "pathType": kind, "backend": backend}]
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {
                "name": "web",
                "namespace": "shop",
                "annotations": {f"nginx.ingress.kubernetes.io/{k}": v for k, v in notes.items()},
            },
            "spec": {
                "ingressClassName": "nginx",
                "rules": [{"host": HOST, "http": {"paths": paths}}],
            },
        }

    def _conf(self, ports: Mapping[str, int]) -> str:
        upstreams = "".join(
            f"upstream {host} {{ server {LOOPBACK}:{ports[service]}; }}\n"
            for host, service in self.services.items()
        )
        return (
            f"server_name _; return 404; }}\n{upstreams}server {{ listen {LOOPBACK}:PORT;\n"
            f"server_name {HOST}; port_in_redirect off;\n{self.server}\n{self.beside}\n"
            f"location {self.location} {{\n{HEADERS}{self.configuration}\n{self.behind}\n"
            f"proxy_pass http://{LOOPBACK}:{ports[SERVICE]};\nproxy_redirect off;\n}}\n"
        )
