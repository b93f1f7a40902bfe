"""Ingress objects as the controller's store sees them: typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import Any, Protocol

from nginx2istio.base.records import record
from nginx2istio.nginx.model import RULES, Origin

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
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
        text = f"{namespace}-{self.service}-{self.port}" if self.port else f"{namespace}-INVALID"
        return intern(text)


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
    origins: Mapping[str, Origin]
    """Where each annotation is written."""
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

    @property
    def declared_class(self) -> str | None:
        """The class that it names, by the field or the annotation."""
        annotation = self.annotations.get(CLASS_ANNOTATION)
        return annotation if self.class_name is None else self.class_name

    def at(self, annotation: str) -> Origin:
        """The place of an annotation."""
        written = self.origins.get(annotation)
        return self.origin._replace(field=annotation, line=0) if written is None else written


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
    named = "Ingress", obj.namespace, obj.name
    origin = Origin(*named, "", obj.file, obj.line("metadata", "name"))
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
        origins={
            key: Origin(*named, key, obj.file, obj.line("metadata", "annotations", key))
            for key in annotations
        },
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
        paths.append(IngressPath(text, kind, backend, Origin(*here[:-1], line)))
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
    return _same_backend(service["name"], str(number or name or ""))


@lru_cache(maxsize=64)
def _same_backend(service: str, port: str) -> IngressBackend:
    """A backend; most paths of an Ingress share one."""
    return IngressBackend(service, port)
