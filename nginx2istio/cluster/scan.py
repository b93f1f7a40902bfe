"""From a cluster to the same Inputs that files give: reads what a conversion looks at, no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nginx2istio.base.options import Options
from nginx2istio.cluster.connection import Cluster, Refused
from nginx2istio.cluster.kinds import (
    CONFIG_MAP,
    ENDPOINT_SLICE,
    INGRESS,
    INGRESS_CLASS,
    ISTIO,
    NAMESPACE,
    SECRET,
    SERVICE,
)
from nginx2istio.cluster.live import EVERYWHERE
from nginx2istio.cluster.neighbours import WORKLOADS, neighbours, others
from nginx2istio.cluster.reader import Progress, ScanReader
from nginx2istio.inputs.extent import Extent, Unread
from nginx2istio.inputs.held.fields import mapping
from nginx2istio.inputs.held.gateways import with_gateways
from nginx2istio.inputs.resource import Inputs, Node, Resource
from nginx2istio.istio.objects import ROOT_NAMESPACE
from nginx2istio.nginx.build.choose_controller import (
    USUAL_CONFIGMAPS,
    USUAL_NAMESPACE,
    ControllerChoice,
    choose_controllers,
)
from nginx2istio.nginx.values.references import REFERENCES

SECRET_ANNOTATIONS = ("auth-secret", "auth-tls-secret", "proxy-ssl-secret")


@dataclass(frozen=True, slots=True)
class ScanScope:
    """What is to be read. ``namespaces`` is () for all; ``selector`` chooses among Ingresses."""

    namespaces: tuple[str, ...] = ()
    selector: str = ""
    secrets: bool = True


def scan(
    cluster: Cluster,
    scope: ScanScope,
    options: Options | None = None,
    progress: Progress = lambda what, count: None,
) -> Inputs:
    """Reads a cluster. What can't be seen is noted in the Snapshot, the first object of the Inputs.

    ``progress`` hears what is being read and how many there are so far. Raises Unreachable when the
    cluster does not answer.
    """
    return _Scan(cluster, scope, options or Options(), progress).inputs()


class _Scan:
    """One reading of a cluster."""

    def __init__(self, cluster: Cluster, scope: ScanScope, options: Options, progress: Progress):
        self.reader = ScanReader(cluster, progress)
        self.scope, self.options = scope, options
        self.spaces: Sequence[str] = scope.namespaces or EVERYWHERE

    def inputs(self) -> Inputs:
        self.spaces = self.existing()
        classes = self.reader.all_of(INGRESS_CLASS, EVERYWHERE)
        ingresses = self.reader.all_of(INGRESS, self.spaces, labelSelector=self.scope.selector)
        where = self.used(ingresses)
        services = self.reader.all_of(SERVICE, self.also(*self.homes), where)
        slices = self.reader.all_of(ENDPOINT_SLICE, self.spaces)
        existing = (each.gateway.partition("/")[0] for each in self.options.each if each.gateway)
        gateways = [each.gateway_namespace for each in self.options.each]
        around = self.also(*gateways, *existing, ROOT_NAMESPACE)
        declared = [
            node
            for kind in WORKLOADS
            for node in self.reader.all_of(kind, dict.fromkeys((*around, *self.homes)))
        ]
        istio = [o for kind in ISTIO for o in self.reader.istio(kind, around)]
        self.options = with_gateways(self.options, [*map(Resource, (*declared, *istio))])
        gateways = [each.gateway_namespace for each in self.options.each]
        choices, controllers, configmaps = self.controllers(classes, ingresses, declared)
        spaces = {*where, *gateways, ROOT_NAMESPACE}
        workloads = [*controllers, *others(declared, controllers, spaces)]
        secrets = self.secrets(ingresses, where, choices[0]) if self.scope.secrets else []
        istio += neighbours(self.reader, around, self.homes, self.options)
        unread = (*self.reader.unread, *self.reader.gate.unread.values())
        extent = Extent(self.scope.namespaces, self.scope.selector, self.reader.complete, unread)
        everything = [*classes, *ingresses, *services, *slices, *workloads, *configmaps]
        resources = (extent.resource(), *map(Resource, (*everything, *secrets, *istio)))
        return Inputs(resources, tuple(self.reader.gate.problems.values()))

    @property
    def homes(self) -> tuple[str, ...]:
        """The namespaces where the controllers are looked for, when not everywhere."""
        return homes(self.options)

    def also(self, *namespaces: str) -> Sequence[str]:
        """The namespaces of the scan and some more; everywhere stays everywhere."""
        if not self.scope.namespaces:
            return EVERYWHERE
        return tuple(dict.fromkeys((*self.spaces, *namespaces)))

    def existing(self) -> Sequence[str]:
        """The namespaces of the scan, without those that do not exist."""
        names = []
        for name in self.scope.namespaces:
            try:
                self.reader.cluster.get(NAMESPACE.path(name=name))
            except Refused as refused:
                if refused.status == 404:
                    self.reader.unread.append(
                        Unread("Namespace", name, "no-namespace", str(refused))
                    )
                    continue
            names.append(name)
        return tuple(names) if self.scope.namespaces else EVERYWHERE

    def used(self, ingresses: Iterable[Node]) -> tuple[str, ...]:
        """The namespaces that have Ingresses."""
        return tuple(sorted({str(i["metadata"]["namespace"]) for i in ingresses}))

    def controllers(
        self, classes: Iterable[Node], ingresses: Iterable[Node], declared: Iterable[Node]
    ) -> tuple[Sequence[ControllerChoice], list[Node], list[Node]]:
        """The controllers, their Deployments and DaemonSets, and all ConfigMaps that are named."""
        named = [each.controller_config for each in self.options.each]
        everywhere = not self.scope.namespaces and not all(named)
        resources = [
            Resource(node)
            for node in declared
            if everywhere or node["metadata"]["namespace"] in self.homes
        ]
        choices = choose_controllers((*resources, *map(Resource, classes)), self.options)
        chosen = {id(w.resource): w for c in choices for w in (c.workload, *c.others) if w}
        workloads = [x.body for x in resources if id(x) in chosen]
        refused = any(
            u.kind in ("Deployment", "DaemonSet")
            and (everywhere or u.namespace in ("", *self.homes))
            for u in self.reader.unread
        )
        for choice, each in zip(choices, self.options.each, strict=True):
            where = "" if everywhere else _home(each)
            lacking = Unread("Deployment", where, "not-found", each.ingress_class)
            if not choice.workload and not refused:
                self.reader.unread.append(lacking)
        return choices, workloads, self.configmaps(choices, ingresses)

    def configmaps(
        self, choices: Sequence[ControllerChoice], ingresses: Iterable[Node]
    ) -> list[Node]:
        """The controllers' ConfigMaps, and those that they and the Ingresses name."""
        read: dict[str, Node | None] = {}
        keys: list[str] = []
        for i, (choice, each) in enumerate(zip(choices, self.options.each, strict=True)):
            if each.controller_config:
                own = [each.controller_config]
            elif choice.workload:
                own = [choice.workload.reference("configmap")]
            else:
                own = [] if i else [f"{USUAL_NAMESPACE}/{name}" for name in USUAL_CONFIGMAPS]
            for key in own:
                self.configmap(key, read)
                missed = any(u.kind == "ConfigMap" for u in self.reader.unread)
                if len(own) == 1 and not read.get(key) and not missed:
                    where = key.partition("/")[0]
                    text = f"there is no ConfigMap {key}"
                    self.reader.unread.append(Unread("ConfigMap", where, "not-found", text))
            if choice.workload:
                flags = ("tcp-services-configmap", "udp-services-configmap")
                keys += [choice.workload.reference(flag) for flag in flags]
        named = [mapping(node.get("data")) for node in read.values() if node]
        keys += [str(d.get(k) or "") for d in named for k in ("add-headers", "proxy-set-headers")]
        keys += references(ingresses, self.prefix(choices[0]), REFERENCES)
        for key in keys:
            self.configmap(key, read)
        closed = {
            u.namespace
            for u in self.reader.unread
            if u.kind == "ConfigMap" and u.why != "not-found"
        }
        spaces = {key.partition("/")[0] for key in read}
        self.reader.complete["ConfigMap"] = tuple(sorted(spaces - closed))
        return [read[key] for key in sorted(read) if read[key]]  # type: ignore[misc]

    def configmap(self, key: str, read: dict[str, Node | None]) -> None:
        namespace, slash, name = key.partition("/")
        if not slash or not name or key in read:
            return
        self.reader.progress("configmaps", len(read) + 1)
        read[key] = self.reader.one_of(CONFIG_MAP, namespace, name)

    def prefix(self, choice: ControllerChoice) -> str:
        return choice.controller.annotations_prefix

    def secrets(
        self, ingresses: Sequence[Node], where: tuple[str, ...], choice: ControllerChoice
    ) -> list[Node]:
        """Secrets by name and type; of those that Ingresses name also the keys.

        The API server sends no content but for TLS Secrets, whose certificates are looked into,
        and for those that are named for passwords and authorities, whose keys count.
        """
        read: dict[tuple[str, str], Node] = {}
        missed: set[str] = set()
        spaces = [s for s in self.spaces if s in ("", *where)]
        for namespace in spaces:
            try:
                for node in self.reader.names_of_secrets(namespace):
                    read[node["metadata"]["namespace"], node["metadata"]["name"]] = node
            except Refused as refused:
                missed.add(namespace)
                self.reader.miss(SECRET, namespace, refused)
        if any(mapping(ingress.get("spec")).get("tls") for ingress in ingresses):
            tls = "type=kubernetes.io/tls"
            allowed = [s for s in spaces if s not in missed]
            for node in self.reader.all_of(SECRET, allowed, fieldSelector=tls):
                read[node["metadata"]["namespace"], node["metadata"]["name"]] = node
        named = references(ingresses, self.prefix(choice), SECRET_ANNOTATIONS)
        for key in sorted(set(named)):
            namespace, _, name = key.partition("/")
            if "keys" not in read.get((namespace, name), {"keys": 0}):
                whole = self.reader.one_of(SECRET, namespace, name)
                if whole:
                    read[namespace, name] = whole
        self.reader.complete["Secret"] = tuple(n for n in where if not {"", n} & missed)
        return [read[key] for key in sorted(read) if key[0] in where]


def _home(options: Options) -> str:
    return options.controller_config.partition("/")[0] or USUAL_NAMESPACE


def homes(options: Options) -> tuple[str, ...]:
    """The namespaces where the controllers of options are looked for, when not everywhere."""
    return tuple(dict.fromkeys(map(_home, options.each)))


def references(ingresses: Iterable[Node], prefix: str, annotations: Iterable[str]) -> list[str]:
    """``namespace/name`` of what Ingresses name in some annotations, in their order, once each."""
    names: dict[str, None] = {}
    for ingress in ingresses:
        metadata = ingress["metadata"]
        notes = metadata.get("annotations") or {}
        for name in annotations:
            text = str(notes.get(f"{prefix}/{name}") or "").strip()
            if text:
                names[text if "/" in text else f"{metadata['namespace']}/{text}"] = None
    return list(names)
