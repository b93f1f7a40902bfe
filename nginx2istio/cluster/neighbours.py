"""Reads what is around the Ingresses: pods as they are declared, Istio's settings, policies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from nginx2istio.base.options import Options
from nginx2istio.cluster.kinds import (
    CLUSTER_ISSUER,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    NAMESPACE,
    NEIGHBOURS,
    POD,
    STATEFUL_SET,
)
from nginx2istio.cluster.reader import ScanReader
from nginx2istio.inputs.held.workloads import without_arguments
from nginx2istio.inputs.resource import Node
from nginx2istio.istio.objects import MESH_CONFIG, ROOT_NAMESPACE

WORKLOADS = (DEPLOYMENT, DAEMON_SET, STATEFUL_SET)


def neighbours(
    reader: ScanReader, namespaces: Sequence[str], homes: Sequence[str], options: Options
) -> Iterator[Node]:
    """Objects of other programs, the gateway's pods, the labels of namespaces, the mesh's settings.

    ``namespaces`` are those in which objects are looked for, ("",) for all of the cluster;
    ``homes`` are the controllers'.
    """
    for kind in NEIGHBOURS:
        yield from reader.known_kind(kind, namespaces)
    yield from reader.known_kind(CLUSTER_ISSUER, ("",))
    if "" in namespaces:
        yield from reader.known_kind(NAMESPACE, namespaces)
    else:
        names = dict.fromkeys((*namespaces, *homes))
        yield from filter(None, (reader.one_of(NAMESPACE, "", name) for name in names))
    gateways = {(e.gateway_namespace, frozenset(e.gateway_selector.items())) for e in options.each}
    for namespace, pairs in sorted((name, sorted(labels)) for name, labels in gateways):
        selector = ",".join(f"{key}={text}" for key, text in pairs)
        pods = reader.all_of(POD, (namespace,), labelSelector=selector)
        yield from map(without_arguments, pods)
    mesh = reader.one_of(CONFIG_MAP, ROOT_NAMESPACE, MESH_CONFIG)
    if mesh:
        yield mesh


def others(
    workloads: Iterable[Node], controllers: Sequence[Node], namespaces: Collection[str]
) -> Iterator[Node]:
    """The workloads of some namespaces that are no controllers, without their flags."""
    for node in workloads:
        if node["metadata"]["namespace"] in namespaces and not any(c is node for c in controllers):
            yield without_arguments(node)
