"""Istio objects as plain mappings: kinds, names, field order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

NETWORKING = "networking.istio.io/v1"
SECURITY = "security.istio.io/v1"
VERSIONS = {
    "Gateway": NETWORKING,
    "VirtualService": NETWORKING,
    "DestinationRule": NETWORKING,
    "ServiceEntry": NETWORKING,
    "EnvoyFilter": "networking.istio.io/v1alpha3",
    "AuthorizationPolicy": SECURITY,
}
"""Istio's kinds."""
WORKLOAD_VERSIONS = {
    "ConfigMap": "v1",
    "Service": "v1",
    "Deployment": "apps/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1",
}
"""Kubernetes' kinds of which a program of ours is made, in the order of applying them."""
ROOT_NAMESPACE = "istio-system"
"""Istio's root namespace, unless the mesh configuration names another."""
MESH_CONFIG = "istio"
"""The name of the ConfigMap of the mesh configuration; a revision has one of its own beside it."""
NO_TLS_MODE = "PASSTHROUGH"
"""The TLS mode of a Gateway's server that names none (``ServerTLSSettings.TLSmode``)."""
SOURCE = "nginx2istio/from"
"""Annotation that names the Ingresses an object came from."""
FILTER_KIND = "nginx2istio/filter"
"""Label that names the kind of an EnvoyFilter."""
MANAGED_BY = "app.kubernetes.io/managed-by"


def managed(trial: bool) -> dict[str, str]:
    """The label of objects of ours; those of a trial have one of their own."""
    return {MANAGED_BY: "nginx2istio-trial" if trial else "nginx2istio"}


MANAGED = managed(False)
OURS = frozenset({managed(False)[MANAGED_BY], managed(True)[MANAGED_BY]})
"""Values of the label by which objects of ours are known, live or on trial."""

Object = dict[str, Any]


class Noted(dict[str, Any]):
    """A mapping that is written with a comment above it."""

    __slots__ = ("note",)

    def __init__(self, fields: dict[str, Any], note: str = ""):
        super().__init__(fields)
        self.note = note


class Lines(str):
    """A text of several lines, each of which is written on a line of its own."""

    __slots__ = ()


def short_hash(text: str) -> str:
    """Eight hex digits that stand for a text in a name."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]


def dns_name(text: str, limit: int = 63) -> str:
    """A valid object name made of a text; a shortened or changed one carries a hash of the text.

    Two texts give two names, save for those that differ in dots and dashes alone: see ``Names``.
    """
    name = text.lower().replace("*", "wildcard").replace(".", "-")
    clean = re.sub(r"[^a-z0-9-]+", "-", name).strip("-") or "x"
    if clean != name or len(clean) > limit:
        clean = f"{clean[: limit - 9].rstrip('-')}-{short_hash(text)}"
    return clean


def told_apart(text: str, controller: str) -> str:
    """The text of a name for objects of a controller, "" for the usual one: it is among others."""
    return f"{text}--{controller}" if controller else text


_FOLDER = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_RESERVED = frozenset({"kustomization", "con", "prn", "aux", "nul"})
"""Stems that kustomize reads as its own, or that a disk may refuse as a file name."""


def file_name(kind: str, namespace: str, name: str, form: str) -> str:
    """The relative path of an object's file, whatever its names are: ``namespace/name.form``.

    The file is named after the object; a VirtualService's name is its host's. No part of the path
    is longer than 255 bytes or differs from another in case alone; a part that is no plain name
    gets a hash of the text, the same in every run.
    """
    folder = namespace or "cluster"
    if not _FOLDER.fullmatch(folder) or folder in _RESERVED:
        folder = f"{dns_name(folder, 50)[:50].rstrip('-')}-{short_hash(namespace)}"
    stem = name if kind == "VirtualService" else f"{kind.lower()}-{name}"
    clean = dns_name(stem, 200)
    if clean in _RESERVED:
        clean = f"{clean}-{short_hash(stem)}"
    return f"{folder}/{clean}.{form}"


class Names:
    """Gives names to texts; no two texts in one namespace share a name."""

    def __init__(self) -> None:
        self.taken: dict[tuple[str, str], str] = {}

    def name(self, namespace: str, text: str, limit: int = 63) -> str:
        """The name of a text; the second text that would get a name gets one with a hash."""
        name = dns_name(text, limit)
        if self.taken.setdefault((namespace, name), text) != text:
            name = f"{name[: limit - 9].rstrip('-')}-{short_hash(text)}"
            self.taken[namespace, name] = text
        return name


def new_object(
    kind: str, namespace: str, name: str, spec: Object, sources: Sequence[str], note: str = ""
) -> Noted:
    """An object of ours, with its origin as an annotation."""
    metadata: Object = {"name": name, "namespace": namespace, "labels": dict(MANAGED)}
    if sources:
        more = [f"and {len(sources) - 50} more"] if len(sources) > 50 else []
        shown = [*sources[:50], *more]
        metadata["annotations"] = {SOURCE: ", ".join(shown)}
    return Noted(
        {
            "apiVersion": {**VERSIONS, **WORKLOAD_VERSIONS}[kind],
            "kind": kind,
            "metadata": metadata,
            "spec": spec,
        },
        note,
    )


def identity(obj: Mapping[str, Any]) -> tuple[str, str, str]:
    """(kind, namespace, name)."""
    metadata = obj["metadata"]
    return str(obj["kind"]), str(metadata.get("namespace", "")), str(metadata["name"])
