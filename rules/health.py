"""/healthz: nginx itself answers the health checks of unknown hosts."""

import re
from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.rule import (
    Edit,
    Finding,
    HostRoute,
    Message,
    Phase,
    Place,
    Requests,
    checked_paths,
    rule,
)

HEALTH = Message(
    "N2I104",
    "unsupported",
    "info",
    "Health check of unknown hosts",
    "nginx answers 200 to {path} under a host that no Ingress names. The gateway has a "
    "readiness port of its own (15021, /healthz/ready).",
    "Point the load balancer's health check at the gateway's status port.",
    frozenset({"routing", "status"}),
)


CHECKED = Message(
    "N2I108",
    "approximated",
    "warning",
    "Health check behind a protection",
    "nginx answers 200 to {path} under a host that no Ingress names, whoever asks. At the gateway "
    "the protection of these hosts comes first, and refuses clients that it denies.",
    "Point the load balancer's health check at the gateway's status port.",
    frozenset({"routing", "status", "access", "auth"}),
)


@rule("health endpoints", at="conversion", when="always")
def health(place: Place) -> Iterator[Edit | Finding]:
    """`/healthz` (or --health-check-path) of unknown hosts belongs to nginx itself."""
    if not any(s.host == "_" for s in place.config.servers):
        path = health_path(place)
        asked = Requests(target=f"^{re.escape(path)}$")
        finding = HEALTH("", path=path).for_requests(asked)
        yield replace(finding, everywhere="all", path=path)


@rule(at="server", when="always")
def health_of_catch_all(place: Place) -> Iterator[Edit | Finding]:
    """Where an Ingress takes unknown hosts, the route for them says what nginx says."""
    if place.server.host == "_" and any(x.path == "/" for x in place.server.locations):
        path = health_path(place)
        yield HostRoute(Phase.SERVER, {"uri": {"exact": path}}, {"directResponse": {"status": 200}})
        if checked_paths(place):
            asked = Requests(target=f"^{re.escape(path)}$")
            yield replace(CHECKED("", path=path).for_requests(asked), path=path)


def health_path(place: Place) -> str:
    """The flag health-check-path, which holds for nginx, too (flags.go)."""
    return str(place.config.controller.flags["health-check-path"])
