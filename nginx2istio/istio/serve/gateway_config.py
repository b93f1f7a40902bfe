"""The objects that a gateway reads, put together as pilot does for one gateway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GatewayServer:
    """One server of a Gateway: the port, the TLS settings, and the Gateway's ``namespace/name``."""

    gateway: str
    port: int
    protocol: str
    tls: Json
    hosts: tuple[tuple[str, str], ...]
    """(namespace, host) pairs: whose VirtualServices count, "*" for all."""


@dataclass(frozen=True, slots=True)
class RoutedHost:
    """The routes of one VirtualService at one server, for one of its hosts."""

    domain: str
    routes: tuple[Json, ...]
    service: str
    namespace: str


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """What a user would apply, by what a gateway looks for.

    ``mesh`` is the mesh configuration. ``filters`` are the EnvoyFilters; those that nginx2istio did
    not write are opaque.
    """

    servers: tuple[GatewayServer, ...] = ()
    services: tuple[Json, ...] = ()
    policies: tuple[Json, ...] = ()
    destination_rules: Mapping[str, Json] = field(default_factory=dict)
    filters: tuple[Json, ...] = ()
    mesh: Json = field(default_factory=dict)

    def virtual_hosts(self, server: GatewayServer) -> Iterable[RoutedHost]:
        """The virtual hosts that the server's route configuration gets."""
        for service in self.services:
            spec, namespace = service["spec"], service["metadata"]["namespace"]
            if server.gateway not in _gateways(spec, namespace):
                continue
            name = f"{namespace}/{service['metadata']['name']}"
            for host in spec.get("hosts", ()):
                for domain in _intersection(host, namespace, server.hosts):
                    yield RoutedHost(domain, tuple(spec.get("http", ())), name, namespace)

    def tls_routes(self, server: GatewayServer) -> Iterable[tuple[Json, str]]:
        """The routes of connections that are passed on unopened, with the namespace."""
        for service in self.services:
            namespace = service["metadata"]["namespace"]
            if server.gateway in _gateways(service["spec"], namespace):
                for route in service["spec"].get("tls", ()):
                    yield route, namespace


def gateway_config(objects: Sequence[Json], mesh: Json) -> GatewayConfig:
    """The objects of an output folder, in any order, and the mesh configuration."""
    by_kind: dict[str, list[Json]] = {}
    for each in objects:
        by_kind.setdefault(each["kind"], []).append(each)
    return GatewayConfig(
        servers=tuple(_servers(by_kind.get("Gateway", ()))),
        services=tuple(by_kind.get("VirtualService", ())),
        policies=tuple(by_kind.get("AuthorizationPolicy", ())),
        destination_rules={
            rule["spec"]["host"]: rule["spec"] for rule in by_kind.get("DestinationRule", ())
        },
        filters=tuple(by_kind.get("EnvoyFilter", ())),
        mesh=mesh,
    )


def merge(into: dict[str, Any], more: Json) -> None:
    """Adds a part of a mesh configuration to another: lists grow, mappings are merged."""
    for key, value in more.items():
        if isinstance(value, list):
            into.setdefault(key, []).extend(value)
        elif isinstance(value, Mapping):
            merge(into.setdefault(key, {}), value)
        else:
            into[key] = value


def _servers(gateways: Iterable[Json]) -> Iterable[GatewayServer]:
    for gateway in gateways:
        meta = gateway["metadata"]
        for server in gateway["spec"]["servers"]:
            hosts = tuple(_namespaced(host, meta["namespace"]) for host in server["hosts"])
            yield GatewayServer(
                f"{meta['namespace']}/{meta['name']}",
                server["port"]["number"],
                server["port"]["protocol"],
                server.get("tls", {}),
                hosts,
            )


def _namespaced(host: str, own: str) -> tuple[str, str]:
    namespace, slash, name = host.partition("/")
    if not slash:
        return "*", host
    return own if namespace == "." else namespace, name


def _gateways(spec: Json, namespace: str) -> frozenset[str]:
    return frozenset(g if "/" in g else f"{namespace}/{g}" for g in spec.get("gateways", ()))


def _intersection(host: str, namespace: str, hosts: Iterable[tuple[str, str]]) -> Iterable[str]:
    """The names that a VirtualService's host and a server's hosts have in common."""
    for whose, other in hosts:
        if whose not in ("*", namespace):
            continue
        if covers_name(other, host):
            yield host
            return
        if covers_name(host, other):
            yield other


def covers_name(pattern: str, name: str) -> bool:
    """Whether a host with or without a star has all names of another."""
    if pattern in ("*", name):
        return True
    return pattern.startswith("*.") and name.endswith(pattern[1:]) and name != pattern[2:]


def most_specific(patterns: Iterable[str], name: str) -> str | None:
    """The pattern that Envoy chooses for a name: itself, the longest star, ``*``."""
    best: str | None = None
    for pattern in patterns:
        if pattern == name:
            return pattern
        fits = pattern == "*" or (pattern.startswith("*.") and name.endswith(pattern[1:]))
        if fits and (best is None or len(pattern) > len(best)):
            best = pattern
    return best
