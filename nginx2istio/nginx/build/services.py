"""Services as the controller resolves an Ingress's backend against them."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from nginx2istio.nginx.build.ingresses import IngressBackend, KubernetesObject
from nginx2istio.nginx.model import DEFAULT_UPSTREAM, Upstream
from nginx2istio.nginx.values.go import matches


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Service."""

    number: int
    name: str
    target: str
    app_protocol: str


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A Service: its ports, and the external name when its type is ExternalName."""

    ports: tuple[ServicePort, ...]
    external_name: str


class Services:
    """The Services of the input. In the namespaces that are ``complete`` there are no others."""

    def __init__(
        self,
        objects: Iterable[KubernetesObject],
        external_names: bool = True,
        complete: Collection[str] = (),
    ):
        self.external_names = external_names
        self.by_name: dict[tuple[str, str], ServiceSpec] = {}
        for obj in objects:
            if obj.kind == "Service":
                self.by_name[obj.namespace, obj.name] = _service(obj)
        self.complete = frozenset(complete)
        self.namespaces = {namespace for namespace, _ in self.by_name}

    def upstream(self, namespace: str, backend: IngressBackend) -> Upstream:
        """The upstream of a backend, its port resolved by number, target port or name.

        The controller takes the first port of the Service of which one of the three is equal to
        what the Ingress says (``serviceEndpoints``).
        """
        name, port_text = backend.upstream(namespace), backend.port
        service = self.by_name.get((namespace, backend.service))
        if service is None:
            known = False if namespace in self.complete else None
            number = int(port_text) if port_text.isdigit() else None
            doubtful = known is None and namespace in self.namespaces
            return Upstream(
                name, namespace, backend.service, number, port_text, known=known, doubtful=doubtful
            )
        if service.external_name:
            return self.external(name, namespace, backend, service)
        for port in service.ports:
            if port_text in (str(port.number), port.target, port.name) and port_text:
                return Upstream(
                    name,
                    namespace,
                    backend.service,
                    port.number,
                    port_text,
                    known=True,
                    port_name=port.name,
                    app_protocol=port.app_protocol,
                )
        return Upstream(name, namespace, backend.service, None, port_text, known=True)

    def default(self, reference: str) -> Upstream | None:
        """The upstream of --default-backend-service, None when nginx answers 404 by itself.

        Its port is the first one of the Service (``getDefaultUpstream``), taken to be 80 when the
        Service is not among the input.
        """
        namespace, _, name = reference.partition("/")
        service = self.by_name.get((namespace, name))
        if not name or (service is None and namespace in self.complete):
            return None
        if service is None:
            return Upstream(DEFAULT_UPSTREAM, namespace, name, 80, "80")
        if not service.ports:
            return None
        port = service.ports[0]
        return Upstream(
            DEFAULT_UPSTREAM,
            namespace,
            name,
            port.number,
            str(port.number),
            known=True,
            external_name=service.external_name,
            port_name=port.name,
            app_protocol=port.app_protocol,
        )

    def external(
        self, name: str, namespace: str, backend: IngressBackend, service: ServiceSpec
    ) -> Upstream:
        """The upstream of a Service of type ExternalName (``externalNamePorts``).

        A number that is no port of the Service is taken as the port over there.
        """
        port_text = backend.port
        match = next((p for p in service.ports if port_text in (str(p.number), p.name)), None)
        number = match.number if match else int(port_text) if port_text.isdigit() else None
        external_port = int(match.target) if match and match.target.isdigit() else number
        external_name = service.external_name
        refused = ""
        if not self.external_names:
            refused = "the controller runs with --disable-svc-external-name"
        elif external_name == "localhost" or _address(external_name, loopback=True):
            refused = f"{external_name} is the controller itself"
        elif not (_address(external_name) or matches(DNS_NAME, external_name.removesuffix("."))):
            refused = f"{external_name} is no DNS name"
        return Upstream(
            name,
            namespace,
            backend.service,
            number,
            port_text,
            known=True,
            external_name=external_name,
            external_port=external_port,
            refused=refused,
        )


DNS_NAME = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"


def _address(text: str, loopback: bool = False) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.is_loopback or not loopback


def _service(obj: KubernetesObject) -> ServiceSpec:
    spec = obj.body.get("spec") or {}
    ports = tuple(
        ServicePort(
            port.get("port") or 0,
            port.get("name") or "",
            str(port.get("targetPort") or port.get("port") or ""),
            port.get("appProtocol") or "",
        )
        for port in spec.get("ports") or ()
    )
    external = (spec.get("externalName") or "") if spec.get("type") == "ExternalName" else ""
    return ServiceSpec(ports, external)
