"""Services as the controller resolves an Ingress's backend against them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nginx2istio.nginx.ingresses import Backend, Object
from nginx2istio.nginx.model import Upstream


@dataclass(frozen=True, slots=True)
class Port:
    """One port of a Service."""

    number: int
    name: str
    target: str
    app_protocol: str


@dataclass(frozen=True, slots=True)
class Service:
    """A Service: its ports, and the name that it stands for when its type is ExternalName."""

    ports: tuple[Port, ...]
    external_name: str
    labels: tuple[tuple[str, str], ...] = ()


class Services:
    """The Services of the input, and which namespaces they say anything about."""

    def __init__(self, objects: Iterable[Object]):
        self.by_name: dict[tuple[str, str], Service] = {}
        for obj in objects:
            if obj.kind == "Service":
                self.by_name[obj.namespace, obj.name] = _service(obj)
        self.namespaces = {namespace for namespace, _ in self.by_name}

    def upstream(self, namespace: str, backend: Backend) -> Upstream:
        """The upstream of a backend, its port resolved by number, target port or name.

        The controller takes the first port of the Service of which one of the three is equal to
        what the Ingress says (``serviceEndpoints``).
        """
        name, wanted = backend.upstream(namespace), backend.port
        found = self.by_name.get((namespace, backend.service))
        if found is None:
            known = False if namespace in self.namespaces else None
            number = int(wanted) if wanted.isdigit() else None
            return Upstream(name, namespace, backend.service, number, wanted, known=known)
        if found.external_name:
            number = int(wanted) if wanted.isdigit() else None
            if number is None:
                number = next((p.number for p in found.ports if p.name == wanted), None)
            return Upstream(
                name, namespace, backend.service, number, wanted, known=True,
                external_name=found.external_name,
            )  # fmt: skip
        for port in found.ports:
            if wanted in (str(port.number), port.target, port.name) and wanted:
                return Upstream(
                    name, namespace, backend.service, port.number, wanted, known=True,
                    port_name=port.name, app_protocol=port.app_protocol,
                )  # fmt: skip
        return Upstream(name, namespace, backend.service, None, wanted, known=True)


def _service(obj: Object) -> Service:
    spec = obj.body.get("spec") or {}
    ports = tuple(
        Port(
            int(p.get("port") or 0),
            str(p.get("name") or ""),
            str(p.get("targetPort") or p.get("port") or ""),
            str(p.get("appProtocol") or ""),
        )
        for p in spec.get("ports") or ()
    )
    labels = obj.metadata.get("labels") or {}
    external = str(spec.get("externalName") or "") if spec.get("type") == "ExternalName" else ""
    return Service(ports, external, tuple(sorted((str(k), str(v)) for k, v in labels.items())))
