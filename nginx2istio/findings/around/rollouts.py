"""Argo Rollouts and Flagger: they edit Ingresses to move traffic, and the gateway sees none."""

from __future__ import annotations

from collections.abc import Iterator

from nginx2istio.findings.around.estate import Estate
from nginx2istio.findings.collisions import origin_of
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.inputs.held.fields import mapping
from nginx2istio.inputs.resource import Resource
from nginx2istio.rule import Message

ROLLOUT = Message(
    "N2I090",
    "approximated",
    "warning",
    "Rollout that edits Ingresses",
    "This Rollout moves traffic by a canary of Ingress {key}, which the gateway does not see. At "
    "its next release no client gets the new version, until all get it at once.",
    "Set trafficRouting.istio with VirtualService {routes} and the routes of its host in place of "
    "trafficRouting.nginx.",
    frozenset({"routing", "balancing"}),
)
FLAGGER = Message(
    "N2I091",
    "approximated",
    "warning",
    "Flagger canary that edits Ingresses",
    "This Canary moves traffic by a copy of Ingress {key}, which the gateway does not see. At its "
    "next release no client gets the new version, until all get it at once.",
    "Set provider: istio and service.delegation: true, and let VirtualService {routes} delegate "
    "to the one that Flagger writes.",
    frozenset({"routing", "balancing"}),
)
MESSAGES = (ROLLOUT, FLAGGER)


def findings(estate: Estate) -> Iterator[PlacedFinding]:
    """Of each Rollout and Canary: the Ingresses that it edits."""
    for resource in estate.of("Rollout"):
        canary = mapping(mapping(mapping(resource.body.get("spec")).get("strategy")).get("canary"))
        nginx = mapping(mapping(canary.get("trafficRouting")).get("nginx"))
        names = [nginx.get("stableIngress"), *(nginx.get("stableIngresses") or ())]
        for name in dict.fromkeys(str(name) for name in names if name):
            yield _of(estate, ROLLOUT, resource, name)
    for resource in estate.of("Canary"):
        spec = mapping(resource.body.get("spec"))
        name = str(mapping(spec.get("ingressRef")).get("name") or "")
        # Without a provider it is the one that Flagger was started with.
        if name and str(spec.get("provider") or "nginx") == "nginx":
            yield _of(estate, FLAGGER, resource, name)


def _of(estate: Estate, message: Message, resource: Resource, name: str) -> PlacedFinding:
    ingress = f"{resource.namespace}/{name}"
    hosts = tuple(
        "*" if server.host == "_" else server.host
        for server in estate.config.servers
        if any(origin.object == ingress for origin in server.ingresses)
    )
    routes = [
        f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"
        for obj in estate.of_ours("VirtualService")
        if set(hosts).intersection(obj["spec"]["hosts"])
    ]
    shown = ", ".join(routes[:3]) + (f" and {len(routes) - 3} more" if len(routes) > 3 else "")
    facts = {"routes": shown or "of its host"}
    return placed(message, origin_of(resource), hosts, key=ingress, **facts)
