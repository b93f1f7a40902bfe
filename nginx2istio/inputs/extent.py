"""What was seen of a cluster and what was not: the first object of what a scan delivers.

It has the shape of a Kubernetes object, so it goes with the others into a snapshot::

    {apiVersion: nginx2istio/v1, kind: Snapshot, namespaces: [..] ([] for all), selector: "",
     complete: {kind: [namespace, ..]}, unseen: [{kind, namespace, why, text}, ..]}

``complete`` has the namespaces in which each Service, ConfigMap or Secret that an Ingress may name
was looked for: what is not among the input does not exist there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from nginx2istio.inputs.resource import Node, Resource

API_VERSION = "nginx2istio/v1"
KIND = "Snapshot"
Why = Literal["forbidden", "no-kind", "no-namespace", "not-found", "failed"]


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be read: all of a kind in a namespace, or everywhere ("")."""

    kind: str
    namespace: str
    why: Why
    text: str = ""


@dataclass(frozen=True, slots=True)
class Extent:
    """The extent of a scan. ``namespaces`` is () for all of the cluster."""

    namespaces: tuple[str, ...] = ()
    selector: str = ""
    complete: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()

    def resource(self) -> Resource:
        """As an object among the others."""
        return Resource(
            Node(
                {
                    "apiVersion": API_VERSION,
                    "kind": KIND,
                    "namespaces": list(self.namespaces),
                    "selector": self.selector,
                    "complete": {kind: list(names) for kind, names in self.complete.items()},
                    "unseen": [asdict(unread) for unread in self.unread],
                }
            )
        )


def extent_of(resources: Iterable[Resource]) -> Extent | None:
    """The extent of the scan that the objects come from; None when they come from files."""
    for resource in resources:
        if resource.kind == KIND and resource.body.get("apiVersion") == API_VERSION:
            return _read(resource.body)
    return None


NAMED_KINDS = frozenset({"Service", "ConfigMap", "Secret"})
"""What an Ingress may name."""


def complete_namespaces(
    resources: Iterable[Resource], extent: Extent | None = None
) -> Mapping[str, tuple[str, ...]]:
    """By kind, the namespaces in which what is not among the input does not exist.

    A scan says them. Of files, a List of stored objects counts, as ``kubectl get -o yaml`` writes
    it: it has all objects of its kinds in the namespaces that occur in it.
    """
    if extent:
        return extent.complete
    documents: dict[tuple[str, int], list[Resource]] = {}
    for resource in resources:
        documents.setdefault((resource.file, resource.document), []).append(resource)
    complete: dict[str, set[str]] = {}
    for objects in documents.values():
        if len(objects) > 1 and all("uid" in resource.metadata for resource in objects):
            spaces = {resource.namespace for resource in objects}
            for kind in NAMED_KINDS & {resource.kind for resource in objects}:
                complete.setdefault(kind, set()).update(spaces)
    return {kind: tuple(sorted(complete[kind])) for kind in sorted(complete)}


def readable(resource: Resource) -> bool:
    """Whether a Snapshot is as this release writes it; every other object is."""
    try:
        extent_of([resource])
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    return True


def _read(body: Mapping[str, Any]) -> Extent:
    texts = [text for fields in body["unseen"] for text in fields.values()]
    if not all(isinstance(text, str) for text in (*texts, *body["namespaces"])):
        raise TypeError("a text is something else")
    return Extent(
        tuple(body["namespaces"]),
        str(body["selector"]),
        {kind: tuple(names) for kind, names in body["complete"].items()},
        tuple(Unread(**fields) for fields in body["unseen"]),
    )
