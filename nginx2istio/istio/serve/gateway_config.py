"""The objects that a gateway reads, put together as pilot does for one gateway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """The routes of one VirtualService at one server, for one of its hosts.

    ``to_https``: plain HTTP is redirected, whatever the routes (``httpsRedirect``).
    """

    domain: str
    routes: tuple[Json, ...]
    service: str
    to_https: bool = False


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """What a user would apply, by what a gateway looks for.

    ``mesh`` is the mesh configuration. EnvoyFilters are not among it: nothing here follows them.
    """

    servers: tuple[GatewayServer, ...] = ()
    services: tuple[Json, ...] = ()
    policies: tuple[Json, ...] = ()
    destination_rules: Mapping[str, Json] = field(default_factory=dict)
    mesh: Json = field(default_factory=dict)
    memory: dict[tuple[int, ...], dict[str, RoutedHost]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """The hosts of servers, by the servers' identities."""

    def hosts_at(self, servers: Sequence[GatewayServer]) -> Mapping[str, RoutedHost]:
        """The virtual hosts of some of the servers, by domain in lower case."""
        which = tuple(map(id, servers))
        if which not in self.memory:
            hosts = self.memory[which] = {
                host.domain.lower(): host
                for server in servers
                for host in self.virtual_hosts(server)
            }
            for server in servers:
                if server.tls.get("httpsRedirect"):
                    for _, name in server.hosts:
                        bare = RoutedHost(name, (), "")
                        routed = hosts.get(name.lower(), bare)
                        hosts[name.lower()] = replace(routed, to_https=True)
        return self.memory[which]

    def virtual_hosts(self, server: GatewayServer) -> Iterable[RoutedHost]:
        """The virtual hosts that the server's route configuration gets."""
        for service in self.services:
            spec, namespace = service["spec"], service["metadata"]["namespace"]
            if server.gateway not in _gateways(spec, namespace):
                continue
            name = f"{namespace}/{service['metadata']['name']}"
            for host in spec.get("hosts", ()):
                for domain in _intersection(host, namespace, server.hosts):
                    to_https = bool(server.tls.get("httpsRedirect"))
                    yield RoutedHost(domain, tuple(spec.get("http", ())), name, to_https)

    def tls_routes(self, server: GatewayServer) -> Iterable[Json]:
        """The routes of connections that are passed on unopened."""
        for service in self.services:
            namespace = service["metadata"]["namespace"]
            if server.gateway in _gateways(service["spec"], namespace):
                yield from service["spec"].get("tls", ())


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
        mesh=mesh,
    )


def _servers(gateways: Iterable[Json]) -> Iterable[GatewayServer]:
    known: set[tuple[int, str]] = set()
    for gateway in gateways:
        meta = gateway["metadata"]
        for server in gateway["spec"]["servers"]:
            if "tls" in server:  # pilot leaves a server out of which a host has one already
                names = {(server["port"]["number"], str(name)) for name in server["hosts"]}
                if known & names:  # CheckDuplicates
                    continue
                known |= names
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
