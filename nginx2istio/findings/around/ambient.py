"""Waypoints: the gateway sends its requests past them, unless a label says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.findings.around.estate import Backend, Estate
from nginx2istio.findings.collisions import origin_of
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.inputs.held.fields import mapping
from nginx2istio.nginx.model import Origin
from nginx2istio.rule import Message

PAST_WAYPOINT = Message(
    "N2I079",
    "approximated",
    "warning",
    "Gateway that goes past a waypoint",
    "Service {key} has the waypoint {waypoint}. The gateway sends requests past it, so the "
    "waypoint's policies and routes do not act on them.",
    'Set the label istio.io/ingress-use-waypoint: "true" on the Service if they should act.',
    frozenset({"access", "auth", "routing"}),
)
THROUGH_WAYPOINT = Message(
    "N2I080",
    "approximated",
    "info",
    "Gateway that uses a waypoint",
    "Service {key} has the waypoint {waypoint} and the label istio.io/ingress-use-waypoint. The "
    "waypoint's policies and routes act on the gateway's requests, beside those of the gateway.",
    "Check that the waypoint's policies take the gateway's requests.",
    frozenset({"access", "auth", "routing"}),
)
MESSAGES = (PAST_WAYPOINT, THROUGH_WAYPOINT)

_WAYPOINT, _FOR_INGRESS = "istio.io/use-waypoint", "istio.io/ingress-use-waypoint"


def findings(estate: Estate) -> Iterator[PlacedFinding]:
    """Of each backend with a waypoint: whether the gateway's requests go through it."""
    for backend in estate.backends:
        own = mapping(backend.service.metadata.get("labels")) if backend.service else {}
        labels = {**estate.namespaces.get(backend.namespace, {}), **own}
        waypoint = str(labels.get(_WAYPOINT) or "none")
        if waypoint == "none":
            continue
        used = str(labels.get(_FOR_INGRESS) or "").lower() == "true"
        message = THROUGH_WAYPOINT if used else PAST_WAYPOINT
        for path, hosts in backend.places.items():
            finding = placed(message, _origin(backend), hosts, path, backend.key, waypoint=waypoint)
            # ingress-nginx, where ztunnel does not take its traffic, goes past it as well.
            today = estate.ambient(estate.nginx) or not estate.choice.workload
            yield finding if today else replace(finding, severity="info")


def _origin(backend: Backend) -> Origin:
    if backend.service:
        return origin_of(backend.service)
    return Origin("Service", backend.namespace, backend.name)
