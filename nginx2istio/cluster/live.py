"""Istio's objects in a cluster: what is there, and whether the cluster would take new ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from nginx2istio.cluster.connection import Cluster, Refused
from nginx2istio.cluster.kinds import ISTIO, WORKLOAD, Kind
from nginx2istio.cluster.listing import Counted, Damaged, give_up, list_objects
from nginx2istio.inputs.redact import redact
from nginx2istio.inputs.resource import Node

EVERYWHERE = ("",)


def live_objects(
    cluster: Cluster,
    kind: Kind,
    namespaces: Iterable[str] = EVERYWHERE,
    progress: Counted | None = None,
    keep: Callable[[Node], Node] = redact,
    damaged: Damaged = give_up,
) -> Iterator[tuple[str, list[Node] | Refused]]:
    """Istio's objects of a kind by namespace, or why they can't be read there.

    ``namespaces`` are names, ("",) for all of the cluster at once. An older API server has v1beta1
    only, which is read then. ``keep`` makes of each what is held on to. Raises Unreachable.
    """
    for namespace in namespaces:
        try:
            yield namespace, _list(cluster, kind, namespace, progress, keep, damaged)
        except Refused as refused:
            yield namespace, refused


def _list(
    cluster: Cluster,
    kind: Kind,
    namespace: str,
    progress: Counted | None,
    keep: Callable[[Node], Node],
    damaged: Damaged,
) -> list[Node]:
    heard = progress or (lambda count: None)
    try:
        return list_objects(cluster, kind, namespace, keep, heard, damaged)
    except Refused as refused:
        if refused.status != 404 or kind.version != "v1":
            raise
        return list_objects(
            cluster, replace(kind, version="v1beta1"), namespace, keep, heard, damaged
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the API server says of one object.

    "unknown" is when it may not be asked, or lacks the kind or the namespace; ``reasons`` are its
    own words.
    """

    object: Mapping[str, Any]
    says: Literal["accepted", "refused", "unknown"]
    reasons: tuple[str, ...] = ()


def dry_run(cluster: Cluster, objects: Sequence[Mapping[str, Any]]) -> Iterator[Verdict]:
    """Asks the API server, object by object, whether it would take it. Nothing is stored.

    Each is sent as a POST with ``dryRun=All`` and strict field validation, so admission
    webhooks (istiod's) are asked as well. What exists already passed all checks before the API
    server notices. Raises Unreachable.
    """
    kinds = {kind.name: kind for kind in (*ISTIO, *WORKLOAD)}
    query = {"dryRun": "All", "fieldValidation": "Strict"}
    for obj in objects:
        group, _, version = str(obj["apiVersion"]).rpartition("/")
        kind = replace(kinds[obj["kind"]], group=group, version=version)
        path = kind.path(str(obj["metadata"].get("namespace") or "default"))
        try:
            cluster.send("POST", path, query, obj)
        except Refused as refused:
            if refused.status == 409:
                yield Verdict(obj, "accepted")
            elif refused.status in (400, 422):
                yield Verdict(obj, "refused", refused.causes)
            else:
                yield Verdict(obj, "unknown", (str(refused),))
        else:
            yield Verdict(obj, "accepted")
