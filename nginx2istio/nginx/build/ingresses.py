"""Ingress objects as the controller's store sees them: typed, chosen by class, in its order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nginx2istio.base.records import record
from nginx2istio.nginx.model import RULES, NotLoaded, Origin, Remark

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
CONTROLLER_CLASS = "k8s.io/ingress-nginx"
HOST_NAME = re.compile(r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")


class KubernetesObject(Protocol):
    """What this package needs of an object that was read: see ``sources.resource.Resource``."""

    @property
    def file(self) -> str: ...
    @property
    def body(self) -> Mapping[str, Any]: ...
    @property
    def kind(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def metadata(self) -> Mapping[str, Any]: ...
    def line(self, *path: str | int) -> int: ...
    def block(self, *path: str) -> int: ...


@record(frozen=True, slots=True)
class IngressBackend:
    """A Service and port as an Ingress names them: a number or a name, "" when absent."""

    service: str
    port: str

    def upstream(self, namespace: str) -> str:
        """The controller's name for the pair (``upstreamName``)."""
        return f"{namespace}-{self.service}-{self.port}" if self.port else f"{namespace}-INVALID"


@record(frozen=True, slots=True)
class IngressPath:
    """One path of a rule; ``backend`` is None for a resource backend, which nginx skips."""

    path: str
    type: str
    backend: IngressBackend | None
    origin: Origin


@record(frozen=True, slots=True)
class IngressRule:
    """One rule: a host ("" for none) and its paths; None when the rule has no ``http``."""

    host: str
    paths: tuple[IngressPath, ...] | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class IngressTls:
    """One ``tls`` entry."""

    hosts: tuple[str, ...]
    secret: str
    origin: Origin


@record(frozen=True, slots=True)
class Ingress:
    """An Ingress object, structure only; annotations are text."""

    origin: Origin
    created: str
    class_name: str | None
    annotations: Mapping[str, str]
    lines: Mapping[str, int]
    rules: tuple[IngressRule, ...]
    tls: tuple[IngressTls, ...]
    default: IngressBackend | None
    blocks: Mapping[str, int]
    """Annotations that are literal block scalars: where their text begins."""
    stored: bool
    """Whether it was exported from a cluster: what is defaulted at creation is in it."""

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return self.origin.object

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts of its rules, ``_`` for none; of an Ingress without rules only ``_``."""
        return tuple(dict.fromkeys(r.host or "_" for r in self.rules)) or ("_",)

    def at(self, annotation: str) -> Origin:
        """The place of an annotation."""
        return self.origin._replace(field=annotation, line=self.lines.get(annotation, 0))


class Malformed(ValueError):
    """An object that no API server would have stored: ``line`` says where it is wrong."""

    def __init__(self, text: str, line: int):
        super().__init__(text)
        self.line = line


def parse_ingress(obj: KubernetesObject) -> Ingress:
    """An Ingress (networking.k8s.io/v1) out of an object.

    Raises Malformed for what the API server refuses: no spec, neither rules nor a default backend,
    a host that is no DNS name, a relative path, a backend without a Service.
    """
    spec = obj.body.get("spec")
    if not isinstance(spec, Mapping) or not spec:
        raise Malformed("the Ingress has no spec", obj.line("metadata", "name"))
    if len(obj.name) > 253 or not obj.name:
        raise Malformed("metadata.name must have 1 to 253 characters", obj.line("metadata", "name"))
    origin = Origin("Ingress", obj.namespace, obj.name, "", obj.file, obj.line("metadata", "name"))
    notes = obj.metadata.get("annotations")
    notes = notes if isinstance(notes, Mapping) else {}
    default = spec.get("defaultBackend")
    rules = tuple(_rule(obj, origin, i, rule) for i, rule in enumerate(_list(obj, spec, "rules")))
    if not rules and not default:
        raise Malformed("the spec has neither rules nor defaultBackend", obj.line("spec"))
    class_name = spec.get("ingressClassName")
    return Ingress(
        origin=origin,
        created=str(obj.metadata.get("creationTimestamp") or ""),
        class_name=None if class_name is None else str(class_name),
        annotations={str(k): "" if v is None else str(v) for k, v in notes.items()},
        lines={str(k): obj.line("metadata", "annotations", str(k)) for k in notes},
        blocks={str(k): n for k in notes if (n := obj.block("metadata", "annotations", str(k)))},
        rules=rules,
        tls=tuple(
            IngressTls(
                tuple(str(h) for h in t.get("hosts") or ()),
                str(t.get("secretName") or ""),
                origin._replace(field="spec.tls", line=obj.line("spec", "tls", i)),
            )
            for i, t in enumerate(_list(obj, spec, "tls"))
        ),
        default=_backend(default, obj.line("spec", "defaultBackend")) if default else None,
        stored=any(obj.metadata.get(k) for k in ("uid", "resourceVersion", "creationTimestamp")),
    )


def _list(
    obj: KubernetesObject, spec: Mapping[str, Any], field: str
) -> Sequence[Mapping[str, Any]]:
    entries = spec.get(field) or []
    if not isinstance(entries, list) or not all(isinstance(x, Mapping) for x in entries):
        raise Malformed(f"spec.{field} must be a list of objects", obj.line("spec", field))
    return entries


def _rule(
    obj: KubernetesObject, origin: Origin, index: int, rule: Mapping[str, Any]
) -> IngressRule:
    at = ("spec", "rules", index)
    host = str(rule.get("host") or "")
    if host and (not HOST_NAME.match(host) or len(host) > 253):
        raise Malformed(f"{host[:80]!r} is not a valid host name", obj.line(*at, "host"))
    http = rule.get("http")
    here = origin._replace(field=RULES, line=obj.line(*at))
    if not isinstance(http, Mapping):
        return IngressRule(host, None, here)
    paths = []
    for j, entry in enumerate(http.get("paths") or ()):
        line = obj.line(*at, "http", "paths", j, "path")
        kind = str(entry.get("pathType") or "ImplementationSpecific")
        text = str(entry.get("path") or "")
        if kind not in ("Exact", "Prefix", "ImplementationSpecific"):
            raise Malformed(f"unknown pathType {kind!r}", line)
        if (text or kind != "ImplementationSpecific") and not text.startswith("/"):
            raise Malformed(f"the path {text[:80]!r} does not start with /", line)
        backend = _backend(entry.get("backend"), line)
        paths.append(IngressPath(text, kind, backend, here._replace(line=line)))
    return IngressRule(host, tuple(paths), here)


def _backend(backend: object, line: int) -> IngressBackend | None:
    if not isinstance(backend, Mapping):
        raise Malformed("a path has no backend", line)
    service = backend.get("service")
    if service is None and backend.get("resource") is not None:
        return None
    if not isinstance(service, Mapping) or not service.get("name"):
        raise Malformed("a backend names no service", line)
    port = service.get("port") or {}
    number = port.get("number") or 0
    return IngressBackend(str(service["name"]), str(number or port.get("name") or ""))


@dataclass(frozen=True, slots=True)
class ClassRules:
    """How Ingresses are chosen: the controller's class flags and the known IngressClasses.

    ``classes`` maps the name of each IngressClass to its controller; empty when none was given.
    """

    name: str = "nginx"
    controller: str = CONTROLLER_CLASS
    without_class: bool = False
    by_name: bool = False
    classes: Mapping[str, str] = frozenset  # type: ignore[assignment]
    default: str = ""
    namespace: str = ""
    """The only namespace that is served (--watch-namespace), "" for all."""

    def refuses(self, ingress: Ingress) -> str:
        """Why the controller passes an Ingress over, "" when it takes it (``GetIngressClass``)."""
        if self.namespace and ingress.origin.namespace != self.namespace:
            return f"the controller serves namespace {self.namespace} only (--watch-namespace)"
        name = ingress.class_name
        annotation = ingress.annotations.get(CLASS_ANNOTATION)
        if name is None and annotation is None and self.default and not ingress.stored:
            name = self.default  # what the API server writes into the object at its creation
        if name is not None:
            if name in self.classes:
                owner = self.classes[name]
                if owner == self.controller or (self.by_name and name == self.name):
                    return ""
                return f"its ingressClassName {name} belongs to the controller {owner}"
            if self.classes:
                return f"there is no IngressClass {name}"
            return "" if name == self.name else f"its ingressClassName is {name}"
        if annotation is not None:
            return "" if annotation == self.name else f"its {CLASS_ANNOTATION} is {annotation!r}"
        if self.without_class:
            return ""
        return "it has no class, and the controller runs without --watch-ingress-without-class"


def class_rules(
    objects: Iterable[KubernetesObject],
    name: str,
    controller: str,
    without: bool,
    by_name: bool,
    namespace: str = "",
) -> ClassRules:
    """The rules for choosing Ingresses out of the controller's flags and the IngressClasses."""
    classes: dict[str, str] = {}
    default = ""
    for obj in sorted(objects, key=lambda o: o.name):
        if obj.kind != "IngressClass":
            continue
        spec = obj.body.get("spec") or {}
        classes[obj.name] = str(spec.get("controller") or "")
        notes = obj.metadata.get("annotations") or {}
        if str(notes.get("ingressclass.kubernetes.io/is-default-class")) == "true":
            default = obj.name
    return ClassRules(name, controller, without, by_name, classes, default, namespace)


def chosen(
    ingresses: Iterable[Ingress], rules: ClassRules
) -> tuple[list[Ingress], list[NotLoaded], list[Remark]]:
    """The Ingresses of the controller, oldest first, those it passes over, and remarks on both.

    Equal (or missing) timestamps go by ``namespace/name`` from Z to A (``sortIngressSlice``).
    """
    taken, refused, remarks = [], [], []
    for ingress in ingresses:
        why = rules.refuses(ingress)
        if why:
            refused.append(NotLoaded(ingress.origin, why, ingress.hosts))
        else:
            taken.append(ingress)
    taken.sort(key=lambda i: i.key, reverse=True)
    taken.sort(key=lambda i: i.created)
    hosts: dict[str, list[Ingress]] = {}
    for ingress in taken:
        for host in ingress.hosts:
            hosts.setdefault(host, []).append(ingress)
    for host, sharing in hosts.items():
        if len(sharing) > 1 and any(not i.created for i in sharing):
            names = ", ".join(i.key for i in sharing)
            remarks.append(Remark("no-timestamp", sharing[0].origin, names, (host,)))
    refused.sort(key=lambda r: r.origin)
    return taken, refused, remarks
