"""From a cluster to the same Inputs that files give: reads what a conversion looks at, no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from nginx2istio.base.options import Options
from nginx2istio.cluster.connection import Cluster, Refused
from nginx2istio.cluster.gate import Gate
from nginx2istio.cluster.kinds import (
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    INGRESS,
    INGRESS_CLASS,
    ISTIO,
    NAMESPACE,
    SECRET,
    SERVICE,
    Kind,
)
from nginx2istio.cluster.listing import list_objects, list_rows, read_object, typed
from nginx2istio.cluster.live import EVERYWHERE, live_objects
from nginx2istio.inputs.extent import Extent, Unread, Why
from nginx2istio.inputs.redact import mapping
from nginx2istio.inputs.resource import Inputs, Node, Resource
from nginx2istio.nginx.build.choose_controller import (
    LABEL,
    USUAL_CONFIGMAPS,
    USUAL_NAMESPACE,
    ControllerChoice,
    choose_controller,
)
from nginx2istio.nginx.values.references import REFERENCES

SECRET_ANNOTATIONS = ("auth-secret", "auth-tls-secret", "proxy-ssl-secret")
BORING_SECRETS = "type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token"

Progress = Callable[[str, int], None]


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
        self.cluster, self.scope, self.options, self.progress = cluster, scope, options, progress
        self.unread: list[Unread] = []
        self.complete: dict[str, tuple[str, ...]] = {}
        self.gate = Gate()
        self.spaces: Sequence[str] = scope.namespaces or EVERYWHERE

    def inputs(self) -> Inputs:
        self.spaces = self.existing()
        classes = self.all_of(INGRESS_CLASS, EVERYWHERE)
        ingresses = self.all_of(INGRESS, self.spaces, labelSelector=self.scope.selector)
        where = self.used(ingresses)
        services = self.all_of(SERVICE, self.also(self.home), where)
        slices = self.all_of(ENDPOINT_SLICE, self.spaces)
        found, workloads, configmaps = self.controller(ingresses)
        secrets = self.secrets(ingresses, where, found) if self.scope.secrets else []
        istio = [o for kind in ISTIO for o in self.istio(kind)]
        unread = (*self.unread, *self.gate.unread.values())
        extent = Extent(self.scope.namespaces, self.scope.selector, self.complete, unread)
        everything = [*classes, *ingresses, *services, *slices, *workloads, *configmaps]
        resources = (extent.resource(), *map(Resource, (*everything, *secrets, *istio)))
        return Inputs(resources, tuple(self.gate.problems.values()))

    @property
    def home(self) -> str:
        """The namespace where the controller is looked for, when not everywhere."""
        return self.options.controller_config.partition("/")[0] or USUAL_NAMESPACE

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
                self.cluster.get(NAMESPACE.path(name=name))
            except Refused as refused:
                if refused.status == 404:
                    self.unread.append(Unread("Namespace", name, "no-namespace", str(refused)))
                    continue
            names.append(name)
        return tuple(names) if self.scope.namespaces else EVERYWHERE

    def all_of(
        self,
        kind: Kind,
        namespaces: Iterable[str],
        complete: Iterable[str] | None = None,
        **selectors: str,
    ) -> list[Node]:
        """All objects of a kind. Where they can't be read that is noted, and the rest goes on.

        ``complete`` are the namespaces in which they are all known then.
        """
        objects: list[Node] = []
        missed: set[str] = set()
        given = {name: text for name, text in selectors.items() if text}
        for namespace in namespaces:
            try:
                items = list_objects(
                    self.cluster,
                    kind,
                    namespace,
                    self.gate.hold,
                    lambda count: self.progress(kind.plural, len(objects) + count),  # noqa: B023
                    lambda damage: self.miss(kind, namespace, damage),  # noqa: B023
                    **given,
                )
                objects += filter(None, items)
            except Refused as refused:
                missed.add(namespace)
                self.miss(kind, namespace, refused)
        if complete is not None:
            self.complete[kind.name] = tuple(n for n in complete if not {"", n} & missed)
        return objects

    def miss(self, kind: Kind, namespace: str, refused: Refused) -> None:
        whys: dict[int, Why] = {403: "forbidden", 404: "no-kind"}
        why = whys.get(refused.status, "failed")
        unread = Unread(kind.name, namespace, why, "" if why == "no-kind" else str(refused))
        if unread not in self.unread:
            self.unread.append(unread)

    def used(self, ingresses: Iterable[Node]) -> tuple[str, ...]:
        """The namespaces that have Ingresses."""
        return tuple(sorted({str(i["metadata"]["namespace"]) for i in ingresses}))

    def istio(self, kind: Kind) -> list[Node]:
        """Istio's objects of a kind, where the scan is and where the new gateway is."""
        objects: list[Node] = []
        namespaces = self.also(self.options.gateway_namespace)

        def damaged(damage: Refused) -> None:
            self.miss(kind, "", damage)

        for namespace, answer in live_objects(
            self.cluster, kind, namespaces, keep=self.gate.hold, damaged=damaged
        ):
            if isinstance(answer, Refused):
                self.miss(kind, namespace, answer)
            else:
                objects += filter(None, answer)
                self.progress(kind.plural, len(objects))
        return objects

    def controller(
        self, ingresses: Iterable[Node]
    ) -> tuple[ControllerChoice, list[Node], list[Node]]:
        """The controller, its Deployments and DaemonSets, and all ConfigMaps that are named."""
        everywhere = not self.scope.namespaces and not self.options.controller_config
        namespaces = EVERYWHERE if everywhere else (self.home,)
        # Named by its ConfigMap, a controller may lack the usual label.
        label = "" if self.options.controller_config else "=".join(LABEL)
        workloads = [
            node
            for kind in (DEPLOYMENT, DAEMON_SET)
            for node in self.all_of(kind, namespaces, labelSelector=label)
        ]
        resources = [Resource(node) for node in workloads]
        found = choose_controller(resources, self.options)
        chosen = [w.resource for w in (found.workload, *found.others) if w]
        workloads = [x.body for choice in chosen for x in resources if x is choice]
        refused = any(u.kind in ("Deployment", "DaemonSet") for u in self.unread)
        if not found.workload and not refused:
            where = "" if everywhere else self.home
            self.unread.append(Unread("Deployment", where, "not-found"))
        configmaps = self.configmaps(found, ingresses)
        return found, workloads, configmaps

    def configmaps(self, found: ControllerChoice, ingresses: Iterable[Node]) -> list[Node]:
        """The controller's ConfigMap, and those that it and the Ingresses name."""
        read: dict[str, Node | None] = {}
        if self.options.controller_config:
            own = [self.options.controller_config]
        elif found.workload:
            own = [found.workload.reference("configmap")]
        else:
            own = [f"{USUAL_NAMESPACE}/{name}" for name in USUAL_CONFIGMAPS]
        for key in own:
            self.configmap(key, read)
            missed = any(u.kind == "ConfigMap" for u in self.unread)
            if len(own) == 1 and not read.get(key) and not missed:
                where = key.partition("/")[0]
                text = f"there is no ConfigMap {key}"
                self.unread.append(Unread("ConfigMap", where, "not-found", text))
        named = [mapping(node.get("data")) for node in read.values() if node]
        keys = [str(d.get(k) or "") for d in named for k in ("add-headers", "proxy-set-headers")]
        if found.workload:
            flags = ("tcp-services-configmap", "udp-services-configmap")
            keys += [found.workload.reference(flag) for flag in flags]
        keys += references(ingresses, self.prefix(found), REFERENCES)
        for key in keys:
            self.configmap(key, read)
        closed = {
            u.namespace for u in self.unread if u.kind == "ConfigMap" and u.why != "not-found"
        }
        spaces = {key.partition("/")[0] for key in read}
        self.complete["ConfigMap"] = tuple(sorted(spaces - closed))
        return [read[key] for key in sorted(read) if read[key]]  # type: ignore[misc]

    def configmap(self, key: str, read: dict[str, Node | None]) -> None:
        namespace, slash, name = key.partition("/")
        if not slash or not name or key in read:
            return
        self.progress("configmaps", len(read) + 1)
        read[key] = self.one_of(CONFIG_MAP, namespace, name)

    def one_of(self, kind: Kind, namespace: str, name: str) -> Node | None:
        """One object, None when it does not exist or can't be read."""
        try:
            return self.gate.hold(read_object(self.cluster, kind, namespace, name)) or None
        except Refused as refused:
            if refused.status != 404:
                self.miss(kind, namespace, refused)
            return None

    def prefix(self, found: ControllerChoice) -> str:
        return found.controller.annotations_prefix

    def secrets(
        self, ingresses: Sequence[Node], where: tuple[str, ...], found: ControllerChoice
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
                for node in self.names_of_secrets(namespace):
                    read[node["metadata"]["namespace"], node["metadata"]["name"]] = node
            except Refused as refused:
                missed.add(namespace)
                self.miss(SECRET, namespace, refused)
        if any(mapping(ingress.get("spec")).get("tls") for ingress in ingresses):
            tls = "type=kubernetes.io/tls"
            allowed = [s for s in spaces if s not in missed]
            for node in self.all_of(SECRET, allowed, fieldSelector=tls):
                read[node["metadata"]["namespace"], node["metadata"]["name"]] = node
        named = references(ingresses, self.prefix(found), SECRET_ANNOTATIONS)
        for key in sorted(set(named)):
            namespace, _, name = key.partition("/")
            if "keys" not in read.get((namespace, name), {"keys": 0}):
                whole = self.one_of(SECRET, namespace, name)
                if whole:
                    read[namespace, name] = whole
        self.complete["Secret"] = tuple(n for n in where if not {"", n} & missed)
        return [read[key] for key in sorted(read) if key[0] in where]

    def names_of_secrets(self, namespace: str) -> Iterable[Node]:
        self.progress("secrets", 0)
        rows = list_rows(
            self.cluster,
            SECRET,
            namespace,
            lambda damage: self.miss(SECRET, namespace, damage),
            fieldSelector=BORING_SECRETS,
        )
        for metadata in rows:
            secret = self.gate.hold(typed({"metadata": metadata}, SECRET))
            if secret:
                yield secret


def references(ingresses: Iterable[Node], prefix: str, annotations: Iterable[str]) -> list[str]:
    """``namespace/name`` of what Ingresses name in some annotations, in their order, once each."""
    found: dict[str, None] = {}
    for ingress in ingresses:
        metadata = ingress["metadata"]
        notes = metadata.get("annotations") or {}
        for name in annotations:
            text = str(notes.get(f"{prefix}/{name}") or "").strip()
            if text:
                found[text if "/" in text else f"{metadata['namespace']}/{text}"] = None
    return list(found)
