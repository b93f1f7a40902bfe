"""Patches that are not followed: which requests they can touch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nginx2istio.istio.serve.filters.shapes import Json

_OF_ROUTES = frozenset({"HTTP_ROUTE", "VIRTUAL_HOST", "ROUTE_CONFIGURATION"})
_OF_REQUESTS = frozenset({"HTTP_FILTER", "NETWORK_FILTER"})
_SAFE_OF_ROUTE = frozenset({"typed_per_filter_config", "metadata", "route", "redirect"})
"""Fields of a route whose change leaves it alone which requests the route takes."""


@dataclass(frozen=True, slots=True)
class Passed:
    """What a request met: the port, the virtual host, the names of routes, the hosts asked.

    ``ends``: its connection ends before it is read, or goes on unopened.
    """

    port: int
    domain: str = ""
    routes: frozenset[str] = frozenset()
    destinations: frozenset[tuple[str, int]] = frozenset()
    ends: bool = False


@dataclass(frozen=True, slots=True)
class OpaquePatch:
    """A patch that is not followed: the EnvoyFilter, why, and whom it concerns.

    ``port`` 0 is all ports; ``domain`` and ``route`` are "" for all; ``cluster`` is the host and
    the port (0 for all) of the backends that it is about, None for a patch of no cluster.
    ``connections``: it may change which server takes a connection.
    """

    by: str
    reason: str
    port: int = 0
    domain: str = ""
    route: str = ""
    cluster: tuple[str, int] | None = None
    connections: bool = False

    def touches(self, passed: Passed) -> bool:
        """Whether the patch can change what becomes of a request."""
        if passed.ends and not self.connections:
            return False
        if self.cluster is not None:
            host, port = self.cluster
            return any(host in ("", h) and port in (0, p) for h, p in passed.destinations)
        if self.port not in (0, passed.port):
            return False
        if self.domain and self.domain != passed.domain:
            return False
        return not self.route or self.route in passed.routes


def opaque_patch(patch: Json, by: str, reason: str) -> OpaquePatch | None:
    """What a patch can touch at a gateway; None for nothing."""
    match = patch.get("match", {})
    if match.get("context", "ANY") not in ("ANY", "GATEWAY"):
        return None
    kind = patch.get("applyTo", "")
    if kind == "CLUSTER":
        cluster = match.get("cluster", {})
        host = cluster.get("service", "")
        name = cluster.get("name", "").split("|")
        if not host and len(name) == 4:
            host = name[3]
        elif cluster.get("name") and not host:
            return OpaquePatch(by, reason)  # a cluster of no Service
        return OpaquePatch(by, reason, cluster=(host, int(cluster.get("portNumber", 0))))
    if kind not in _OF_ROUTES:
        port = int(match.get("listener", {}).get("portNumber", 0))
        return OpaquePatch(by, reason, port, connections=kind not in _OF_REQUESTS)
    configuration = match.get("routeConfiguration", {})
    vhost = configuration.get("vhost", {})
    domain, route = vhost.get("name", ""), vhost.get("route", {}).get("name", "")
    change = patch.get("patch", {})
    value = change.get("value") or {}
    same_routes = change.get("operation") == "MERGE" and value.keys() <= _SAFE_OF_ROUTE
    if kind == "VIRTUAL_HOST" and change.get("operation") == "ADD":
        domain = ""
    return OpaquePatch(
        by,
        reason,
        int(configuration.get("portNumber", 0)),
        domain.rpartition(":")[0] or domain,
        route if kind == "HTTP_ROUTE" and same_routes else "",
    )


def at_gateway(spec: Json, selectors: Sequence[Json]) -> bool:
    """Whether an EnvoyFilter can be about pods that a Gateway selects: no label contradicts."""
    labels = spec.get("workloadSelector", {}).get("labels", {})
    return not selectors or any(
        all(selector.get(key, value) == value for key, value in labels.items())
        for selector in selectors
    )


def opaque_filter(spec: Json, by: str, reason: str) -> Iterable[OpaquePatch]:
    """What an EnvoyFilter of others can touch."""
    for patch in spec.get("configPatches") or ():
        opaque = opaque_patch(patch, by, reason)
        if opaque is not None:
            yield opaque
