"""Findings about several controllers that are replaced together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from nginx2istio.base.options import Options
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.istio.objects import Object
from nginx2istio.nginx.build.ingresses import Ingress
from nginx2istio.nginx.model import Origin
from nginx2istio.rule import Message

OWN_GATEWAYS = "Give each class a gateway of its own: --ingress-class NAME=NAMESPACE/GATEWAY."
HOST_TWICE = Message(
    "N2I054",
    "approximated",
    "error",
    "Host of two controllers at one gateway",
    "Classes {key} both serve this host, and both use one gateway. Istio joins their routes, so "
    "a request for one can reach the other.",
    OWN_GATEWAYS,
    frozenset({"routing", "tls", "access", "auth"}),
)
ONE_GATEWAY = Message(
    "N2I055",
    "approximated",
    "warning",
    "Two controllers share one gateway",
    "Classes {key} use one gateway, so the hosts of both answer at one address. What is set for "
    "the whole gateway holds for the hosts of both.",
    OWN_GATEWAYS,
    frozenset({"routing", "access"}),
)
OTHER_GATEWAY = Message(
    "N2I058",
    "approximated",
    "warning",
    "Two classes of one controller",
    "ingress-nginx of class {key} also serves this Ingress of class {other}. The gateway of class "
    "{key} does not.",
    "Check that clients use the address of class {other} for these hosts.",
    frozenset({"routing"}),
)
MESSAGES = (HOST_TWICE, ONE_GATEWAY, OTHER_GATEWAY)


def findings(
    controllers: Sequence[Options],
    objects: Sequence[Sequence[Object]],
    split: Mapping[int, Sequence[Ingress]],
) -> Iterator[PlacedFinding]:
    """What of several controllers meets: ``objects`` are those of each, ``split`` as in Claims."""
    for (i, first), (j, second) in combinations(enumerate(controllers), 2):
        if not _meet(first, second):
            continue
        names = f"{first.ingress_class} and {second.ingress_class}"
        yield placed(ONE_GATEWAY, Origin(), ("*",), key=names)
        for host in sorted(_hosts(objects[i]) & _hosts(objects[j])):
            yield placed(HOST_TWICE, Origin(), (host,), key=names)
    for i, ingresses in split.items():
        for ingress in ingresses:
            facts = {"key": controllers[i].ingress_class, "other": ingress.declared_class or ""}
            yield placed(OTHER_GATEWAY, ingress.origin, ingress.hosts, **facts)


def _meet(first: Options, second: Options) -> bool:
    """Whether two gateways may be the same pods: no label says otherwise."""
    own, other = first.gateway_selector, second.gateway_selector
    alike = all(other.get(key, value) == value for key, value in own.items())
    return alike and first.gateway_namespace == second.gateway_namespace


def _hosts(objects: Sequence[Object]) -> set[str]:
    return {h for o in objects if o["kind"] == "VirtualService" for h in o["spec"]["hosts"]}
