"""Services as the controller resolves an Ingress's backend against them."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from nginx2istio.nginx.build.ingresses import Backend, Object
from nginx2istio.nginx.model import DEFAULT_BACKEND, Upstream
from nginx2istio.nginx.values.go import matches


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


class Services:
    """The Services of the input, and which namespaces they say anything about.

    Those are the ones with a Service among the input, and those said to be ``complete``.
    """

    def __init__(
        self,
        objects: Iterable[Object],
        external_names: bool = True,
        complete: Collection[str] = (),
    ):
        self.external_names = external_names
        self.by_name: dict[tuple[str, str], Service] = {}
        for obj in objects:
            if obj.kind == "Service":
                self.by_name[obj.namespace, obj.name] = _service(obj)
        self.complete = frozenset(complete)
        self.namespaces = {*complete, *(namespace for namespace, _ in self.by_name)}

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
            guessed = known is False and namespace not in self.complete
            return Upstream(
                name, namespace, backend.service, number, wanted, known=known, guessed=guessed
            )
        if found.external_name:
            return self.external(name, namespace, backend, found)
        for port in found.ports:
            if wanted in (str(port.number), port.target, port.name) and wanted:
                return Upstream(
                    name,
                    namespace,
                    backend.service,
                    port.number,
                    wanted,
                    known=True,
                    port_name=port.name,
                    app_protocol=port.app_protocol,
                )
        return Upstream(name, namespace, backend.service, None, wanted, known=True)

    def default(self, reference: str) -> Upstream | None:
        """The upstream of --default-backend-service, None when nginx answers 404 by itself.

        Its port is the first one of the Service (``getDefaultUpstream``), taken to be 80 when the
        Service is not among the input.
        """
        namespace, _, name = reference.partition("/")
        found = self.by_name.get((namespace, name))
        if not name or (found is None and namespace in self.namespaces):
            return None
        if found is None:
            return Upstream(DEFAULT_BACKEND, namespace, name, 80, "80")
        if not found.ports:
            return None
        port = found.ports[0]
        return Upstream(
            DEFAULT_BACKEND,
            namespace,
            name,
            port.number,
            str(port.number),
            known=True,
            external_name=found.external_name,
            port_name=port.name,
            app_protocol=port.app_protocol,
        )

    def external(self, name: str, namespace: str, backend: Backend, service: Service) -> Upstream:
        """The upstream of a Service of type ExternalName (``externalNamePorts``).

        A number that is no port of the Service is taken as the port over there.
        """
        wanted = backend.port
        match = next((p for p in service.ports if wanted in (str(p.number), p.name)), None)
        number = match.number if match else int(wanted) if wanted.isdigit() else None
        there = int(match.target) if match and match.target.isdigit() else number
        said = service.external_name
        refused = ""
        if not self.external_names:
            refused = "the controller runs with --disable-svc-external-name"
        elif said == "localhost" or _address(said, loopback=True):
            refused = f"{said} is the controller itself"
        elif not (_address(said) or matches(DNS_NAME, said.removesuffix("."))):
            refused = f"{said} is no DNS name"
        return Upstream(
            name,
            namespace,
            backend.service,
            number,
            wanted,
            known=True,
            external_name=said,
            external_port=there,
            refused=refused,
        )


DNS_NAME = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"


def _address(text: str, loopback: bool = False) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.is_loopback or not loopback


def _service(obj: Object) -> Service:
    spec = obj.body.get("spec") or {}
    ports = tuple(
        Port(
            port.get("port") or 0,
            port.get("name") or "",
            str(port.get("targetPort") or port.get("port") or ""),
            port.get("appProtocol") or "",
        )
        for port in spec.get("ports") or ()
    )
    external = (spec.get("externalName") or "") if spec.get("type") == "ExternalName" else ""
    return Service(ports, external)
