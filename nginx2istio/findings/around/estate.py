"""What is around a conversion, ordered for questions: pods, namespaces, backends, who asks them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nginx2istio.base.options import Options
from nginx2istio.findings.around.selectors import Answer, every, selects
from nginx2istio.findings.collisions import is_ours
from nginx2istio.inputs.held.fields import mapping, mappings
from nginx2istio.inputs.resource import Resource
from nginx2istio.inputs.text import read_text
from nginx2istio.inputs.yaml.anchors import Memo
from nginx2istio.istio.objects import MESH_CONFIG, ROOT_NAMESPACE, Object
from nginx2istio.nginx.build.choose_controller import USUAL_NAMESPACE, ControllerChoice
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Origin, Upstream

TEMPLATES = ("Deployment", "StatefulSet", "DaemonSet", "Rollout")
CONTROLLER_LABELS = {"app.kubernetes.io/name": "ingress-nginx"}


@dataclass(frozen=True, slots=True)
class Pods:
    """Pods that are alike. ``complete``: they have no other labels; ``account`` "" is unknown."""

    namespace: str
    labels: Mapping[str, str]
    complete: bool = False
    annotations: Mapping[str, str] = field(default_factory=dict)
    account: str = ""
    host_network: bool = False
    containers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Backend:
    """A Service that routes lead to, its pods, and where it is reached.

    ``ports`` are what its pods listen on, by number or name; ``places`` has the hosts by path.
    """

    namespace: str
    name: str
    service: Resource | None
    pods: tuple[Pods, ...]
    ports: frozenset[str]
    places: Mapping[str, tuple[str, ...]]
    origin: Origin

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    @property
    def host(self) -> str:
        """The host by which Istio knows it."""
        return f"{self.name}.{self.namespace}.svc.cluster.local"

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts that lead to it."""
        return tuple(dict.fromkeys(host for hosts in self.places.values() for host in hosts))


class Estate:
    """The objects that were read around a conversion, and what it makes."""

    def __init__(
        self,
        resources: Iterable[Resource],
        choice: ControllerChoice,
        config: NginxConfig,
        objects: Sequence[Object],
        options: Options,
    ):
        self.choice, self.config, self.objects, self.options = choice, config, objects, options
        self.by_kind: dict[str, list[Resource]] = {}
        self._within: dict[str, dict[str, list[Resource]]] = {}
        for resource in resources:
            self.by_kind.setdefault(resource.kind, []).append(resource)
        self.namespaces = {r.name: _labels(r.metadata) for r in self.by_kind.get("Namespace", ())}

    def of(self, kind: str) -> list[Resource]:
        """All objects of a kind that were not made by a conversion."""
        return [r for r in self.by_kind.get(kind, ()) if not is_ours(r)]

    def within(self, kind: str, *namespaces: str) -> list[Resource]:
        """Those of some namespaces."""
        if kind not in self._within:
            by_namespace: dict[str, list[Resource]] = {}
            for resource in self.of(kind):
                by_namespace.setdefault(resource.namespace, []).append(resource)
            self._within[kind] = by_namespace
        by_namespace = self._within[kind]
        return [r for name in dict.fromkeys(namespaces) for r in by_namespace.get(name, ())]

    def of_ours(self, kind: str) -> list[Object]:
        """The new objects of a kind."""
        return [obj for obj in self.objects if obj["kind"] == kind]

    @cached_property
    def mesh(self) -> Mapping[str, Any]:
        """The mesh configuration, as far as it was read."""
        for resource in self.by_kind.get("ConfigMap", ()):
            if resource.name == MESH_CONFIG and "mesh" in mapping(resource.body.get("data")):
                text = str(resource.body["data"]["mesh"] or "")
                for _, document in read_text(text.encode(errors="replace"), Memo()):
                    return mapping(getattr(document, "body", None))
        return {}

    @cached_property
    def root(self) -> str:
        """The namespace whose policies hold for the whole mesh."""
        return str(self.mesh.get("rootNamespace") or ROOT_NAMESPACE)

    @cached_property
    def nginx(self) -> Pods:
        """The controller's pods."""
        workload = self.choice.workload
        if workload:
            for resource in self.by_kind.get(workload.resource.kind, ()):
                if (resource.namespace, resource.name) == tuple(workload.key.split("/")):
                    return pods_of(resource)
        home = self.options.controller_config.partition("/")[0] or USUAL_NAMESPACE
        return Pods(home, CONTROLLER_LABELS)

    @cached_property
    def gateway(self) -> Pods:
        """The new gateway's pods."""
        home, selector = self.options.gateway_namespace, self.options.gateway_selector
        for pods in self.declared(home):
            if selects({"matchLabels": selector}, pods.labels, pods.complete):
                return pods
        return Pods(home, dict(selector))

    @cached_property
    def _declared(self) -> Mapping[str, list[Pods]]:
        pods: dict[str, list[Pods]] = {}
        for kind in (*TEMPLATES, "Pod"):
            for resource in self.by_kind.get(kind, ()):
                pods.setdefault(resource.namespace, []).append(pods_of(resource))
        return pods

    def declared(self, namespace: str) -> Sequence[Pods]:
        """All pods of a namespace of which something was read."""
        return self._declared.get(namespace, ())

    def namespace_labels(self, name: str) -> tuple[Mapping[str, str], bool]:
        """The labels of a namespace, and whether these are all: its name is always one."""
        own = {"kubernetes.io/metadata.name": name}
        return {**self.namespaces.get(name, {}), **own}, name in self.namespaces

    def ambient(self, pods: Pods) -> bool:
        """Whether ztunnel takes the traffic of pods."""
        mode = "istio.io/dataplane-mode"
        return pods.labels.get(mode, self.namespaces.get(pods.namespace, {}).get(mode)) == "ambient"

    def in_mesh(self, pods: Pods) -> Answer:
        """Whether pods have a proxy of Istio's: declared, injected, or ztunnel.

        As the selectors of istiod's injection webhook say, and ``injectRequired``.
        """
        if "istio-proxy" in pods.containers or self.ambient(pods):
            return True
        inject = "sidecar.istio.io/inject"
        choice = str(pods.labels.get(inject, pods.annotations.get(inject, ""))).lower()
        labels = self.namespaces.get(pods.namespace)
        if choice in ("false", "n", "no", "off") or pods.host_network:
            return False
        if choice in ("true", "y", "yes", "on") or "istio.io/rev" in pods.labels:
            return True
        if labels is None:
            return None
        if "istio-injection" in labels:
            return labels["istio-injection"] == "enabled"
        if "istio.io/rev" in labels:
            return True
        return False if pods.complete else None

    @cached_property
    def backends(self) -> tuple[Backend, ...]:
        """The Services that routes lead to, those outside of the cluster left out."""
        services = {(r.namespace, r.name): r for r in self.by_kind.get("Service", ())}
        places: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
        upstreams: dict[tuple[str, str], dict[str, Upstream]] = {}
        origins: dict[tuple[str, str], Origin] = {}
        for server in self.config.servers:
            hosts = dict.fromkeys("*" if h == "_" else h for h in (server.host, *server.aliases))
            for location in server.locations:
                first = self.config.upstreams.get(location.upstream)
                for upstream in (first, *first.alternatives) if first else ():
                    if upstream.external_name or upstream.unavailable:
                        continue
                    key = upstream.namespace, upstream.service
                    places.setdefault(key, {}).setdefault(location.declared, {}).update(hosts)
                    upstreams.setdefault(key, {})[upstream.name] = upstream
                    origins.setdefault(key, location.ingress)
        return tuple(
            Backend(
                *key,
                services.get(key),
                self._pods(key[0], services.get(key)),
                frozenset(_targets(services.get(key), upstreams[key].values())),
                {path: tuple(hosts) for path, hosts in by_path.items()},
                origins[key],
            )
            for key, by_path in places.items()
        )

    def _pods(self, namespace: str, service: Resource | None) -> tuple[Pods, ...]:
        spec = mapping(service.body.get("spec")) if service else {}
        selector = mapping(spec.get("selector"))
        pods = [
            p
            for p in self.declared(namespace)
            if selector and every([selects({"matchLabels": selector}, p.labels, p.complete)])
        ]
        return tuple(pods) or (Pods(namespace, dict(selector)),)


def pods_of(resource: Resource) -> Pods:
    """The pods of a workload, or a Pod itself."""
    body: Mapping[str, Any] = resource.body
    if resource.kind != "Pod":
        body = mapping(mapping(body.get("spec")).get("template"))
    metadata, spec = mapping(body.get("metadata")), mapping(body.get("spec"))
    containers = (*mappings(spec.get("containers")), *mappings(spec.get("initContainers")))
    return Pods(
        resource.namespace,
        _labels(metadata),
        bool(spec),
        mapping(metadata.get("annotations")),
        str(spec.get("serviceAccountName") or ("default" if spec else "")),
        bool(spec.get("hostNetwork")),
        frozenset(str(container.get("name") or "") for container in containers),
    )


def _labels(metadata: Mapping[str, Any]) -> Mapping[str, str]:
    return {str(k): str(v or "") for k, v in mapping(metadata.get("labels")).items()}


def _targets(service: Resource | None, upstreams: Iterable[Upstream]) -> Iterator[str]:
    """What the pods behind a Service listen on, for the ports that are used."""
    spec = mapping(service.body.get("spec")) if service else {}
    for upstream in upstreams:
        for port in mappings(spec.get("ports")):
            if port.get("port") == upstream.port:
                yield str(port.get("targetPort") or port.get("port"))
