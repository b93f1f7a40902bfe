"""Ingress objects as the controller's store sees them: typed, chosen by class, in its order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from nginx2istio.base.records import record
from nginx2istio.nginx.model import RULES, NotLoaded, Origin, Remark

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
CONTROLLER_CLASS = "k8s.io/ingress-nginx"
USUAL_CLASS = "nginx"
"""The IngressClass of a controller without the flag --ingress-class."""
HOST_NAME = re.compile(r"(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")


class KubernetesObject(Protocol):
    """What this package needs of an object that was read: see ``inputs.resource.Resource``.

    Its names and the types of its fields are those that ``inputs/shapes.py`` tells; a field may be
    null.
    """

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
    """An Ingress that no API server would have stored: ``line`` says where it is wrong."""

    def __init__(self, text: str, line: int):
        super().__init__(text)
        self.line = line


def parse_ingress(obj: KubernetesObject) -> Ingress:
    """An Ingress (networking.k8s.io/v1) out of an object.

    Raises Malformed for fields that the API server refuses together: neither rules nor a default
    backend, a relative path, a backend without a Service or without a port.
    """
    spec = obj.body.get("spec")
    if not spec:
        raise Malformed("the Ingress has no spec", obj.line("metadata", "name"))
    origin = Origin("Ingress", obj.namespace, obj.name, "", obj.file, obj.line("metadata", "name"))
    annotations = obj.metadata.get("annotations") or {}
    default = spec.get("defaultBackend")
    rules = tuple(_rule(obj, origin, i, rule) for i, rule in enumerate(spec.get("rules") or ()))
    if not rules and not default:
        raise Malformed("the spec has neither rules nor defaultBackend", obj.line("spec"))
    return Ingress(
        origin=origin,
        created=obj.metadata.get("creationTimestamp") or "",
        class_name=spec.get("ingressClassName"),
        annotations={key: text or "" for key, text in annotations.items()},
        lines={key: obj.line("metadata", "annotations", key) for key in annotations},
        blocks={k: line for k in annotations if (line := obj.block("metadata", "annotations", k))},
        rules=rules,
        tls=tuple(
            IngressTls(
                tuple(entry.get("hosts") or ()),
                entry.get("secretName") or "",
                origin._replace(field="spec.tls", line=obj.line("spec", "tls", i)),
            )
            for i, entry in enumerate(spec.get("tls") or ())
        ),
        default=_backend(default, obj.line("spec", "defaultBackend")) if default else None,
        stored=any(obj.metadata.get(k) for k in ("uid", "resourceVersion", "creationTimestamp")),
    )


def _rule(
    obj: KubernetesObject, origin: Origin, index: int, rule: Mapping[str, Any]
) -> IngressRule:
    at = ("spec", "rules", index)
    host = rule.get("host") or ""
    http = rule.get("http")
    here = origin._replace(field=RULES, line=obj.line(*at))
    if http is None:
        return IngressRule(host, None, here)
    paths = []
    for j, entry in enumerate(http.get("paths") or ()):
        line = obj.line(*at, "http", "paths", j, "path")
        kind = entry.get("pathType") or "ImplementationSpecific"
        text = entry.get("path") or ""
        if kind not in ("Exact", "Prefix", "ImplementationSpecific"):
            raise Malformed(f"unknown pathType {kind!r}", line)
        if (text or kind != "ImplementationSpecific") and not text.startswith("/"):
            raise Malformed(f"the path {text[:80]!r} does not start with /", line)
        backend = _backend(entry.get("backend"), line)
        paths.append(IngressPath(text, kind, backend, here._replace(line=line)))
    return IngressRule(host, tuple(paths), here)


def _backend(backend: Mapping[str, Any] | None, line: int) -> IngressBackend | None:
    if not backend:
        raise Malformed("a path has no backend", line)
    service = backend.get("service") or {}
    if not service and backend.get("resource") is not None:
        return None
    if not service.get("name"):
        raise Malformed("a backend names no Service", line)
    port = service.get("port") or {}
    number, name = port.get("number"), port.get("name")
    if number and name:
        raise Malformed("a backend's port has a name and a number; write one of them", line)
    return IngressBackend(service["name"], str(number or name or ""))


@dataclass(frozen=True, slots=True)
class ClassRules:
    """How Ingresses are chosen: the controller's class flags and the known IngressClasses.

    ``classes`` maps the name of each IngressClass to its controller; empty when none was given.
    """

    name: str = USUAL_CLASS
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
        classes[obj.name] = spec.get("controller") or ""
        annotations = obj.metadata.get("annotations") or {}
        if annotations.get("ingressclass.kubernetes.io/is-default-class") == "true":
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
