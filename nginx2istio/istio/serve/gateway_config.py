"""The objects that a gateway reads, put together as pilot does for one gateway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from nginx2istio.istio.serve.filters.patches import Patches, patches_of
from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.pilot.destination_rules import DestinationRules, policy_at_port
from nginx2istio.istio.serve.pilot.joined_hosts import RoutedHost, joined_hosts
from nginx2istio.istio.serve.pilot.scope import GatewayProxies, by_age, opens_requests


@dataclass(frozen=True, slots=True)
class GatewayServer:
    """One server of a Gateway: the port, the TLS settings, and the Gateway's ``namespace/name``."""

    gateway: str
    port: int
    protocol: str
    tls: Json
    hosts: tuple[tuple[str, str], ...]
    """(namespace, host) pairs: whose VirtualServices count, "*" for all."""
    unsure: Json = field(default_factory=dict)
    """Labels that the Gateway asks for, and of which it is not known whether the pods have them."""


@dataclass(frozen=True)
class GatewayConfig:
    """What a user would apply, by what a gateway looks for.

    ``mesh`` is the mesh configuration, ``patches`` are the EnvoyFilters.
    """

    servers: tuple[GatewayServer, ...] = ()
    services: tuple[Json, ...] = ()
    policies: tuple[Json, ...] = ()
    destination_rules: DestinationRules = field(default_factory=DestinationRules)
    mesh: Json = field(default_factory=dict)
    patches: Patches = field(default_factory=Patches)
    memory: dict[int, dict[str, RoutedHost]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """The hosts of servers, by the server's identity."""
    chains: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The filter chain, once it is made."""
    chosen: dict[int, tuple[list[str], dict[tuple[Any, ...], Json | None]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """By virtual host: the headers that its routes look at, and the route by what they look at."""
    settings: dict[tuple[int, int], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What no answer shows, by the identities of a route and its patch."""

    def hosts_of(self, server: GatewayServer) -> Mapping[str, RoutedHost]:
        """The virtual hosts of a server's own route configuration, by domain in lower case."""
        if id(server) not in self.memory:
            hosts = joined_hosts(self._virtual_hosts(server), server.port)
            if server.tls.get("httpsRedirect"):
                for _, name in server.hosts:
                    routed = hosts.get(name.lower(), RoutedHost(name, (), ""))
                    hosts[name.lower()] = replace(routed, to_https=True)
            self.memory[id(server)] = hosts
        return self.memory[id(server)]

    @cached_property
    def plain_hosts(self) -> Mapping[str, RoutedHost]:
        """The virtual hosts of all servers for plain HTTP, which share a route configuration."""
        servers = self.servers_at.get(80, ())
        return joined_hosts((host for s in servers for host in self.hosts_of(s).values()), 80)

    @cached_property
    def all_hosts(self) -> Mapping[str, RoutedHost]:
        """The virtual hosts of all servers."""
        return {domain: host for s in self.servers for domain, host in self.hosts_of(s).items()}

    def _virtual_hosts(self, server: GatewayServer) -> Iterable[RoutedHost]:
        names = _ServerHosts(server.hosts)
        services = self.services_of.get(server.gateway, ())
        if not names.stars:
            asked = ((server.gateway, host) for host in ("*", *names.exact))
            naming = {number for key in asked for number in self._naming.get(key, ())}
            services = [services[number] for number in sorted(naming)]
        for service in services:
            spec, namespace = service["spec"], service["metadata"]["namespace"]
            name = f"{namespace}/{service['metadata']['name']}"
            for host in spec.get("hosts", ()):
                for domain in names.shared_with(host, namespace):
                    yield RoutedHost(
                        domain, tuple(spec.get("http", ())), name, unsure=server.unsure
                    )

    @cached_property
    def services_of(self) -> Mapping[str, Sequence[Json]]:
        """The VirtualServices by the Gateway that they name."""
        by_gateway: dict[str, list[Json]] = {}
        for service in by_age(self.services):
            for gateway in _gateways(service["spec"], service["metadata"]["namespace"]):
                by_gateway.setdefault(gateway, []).append(service)
        return by_gateway

    @cached_property
    def _naming(self) -> Mapping[tuple[str, str], Sequence[int]]:
        """Which VirtualServices of a Gateway name a host, those with any star under ``*``."""
        numbers: dict[tuple[str, str], list[int]] = {}
        for gateway, services in self.services_of.items():
            for number, service in enumerate(services):
                for host in service["spec"].get("hosts", ()):
                    key = gateway, "*" if host.startswith("*") else host
                    numbers.setdefault(key, []).append(number)
        return numbers

    def traffic_policy(self, destination: Json) -> Json:
        """The trafficPolicy of a route's destination at its port; fields of its subset win."""
        rule = self.destination_rules.of(destination["host"])
        number = destination.get("port", {}).get("number")
        policy = policy_at_port(rule.get("trafficPolicy", {}), number)
        for subset in rule.get("subsets", ()):
            if subset["name"] == destination.get("subset"):
                policy |= policy_at_port(subset.get("trafficPolicy", {}), number)
        return policy

    def lacks_subset(self, destination: Json) -> bool:
        """Whether a route's destination is in a subset that no DestinationRule has."""
        subsets = self.destination_rules.of(destination["host"]).get("subsets", ())
        name = destination.get("subset")
        return bool(name) and all(subset["name"] != name for subset in subsets)

    def tls_routes(self, server: GatewayServer) -> Iterable[Json]:
        """The routes of connections that are passed on unopened."""
        for service in self.services_of.get(server.gateway, ()):
            yield from service["spec"].get("tls", ())

    @cached_property
    def servers_at(self) -> Mapping[int, tuple[GatewayServer, ...]]:
        """The servers by port."""
        by_port: dict[int, tuple[GatewayServer, ...]] = {}
        for server in self.servers:
            by_port[server.port] = (*by_port.get(server.port, ()), server)
        return by_port

    @cached_property
    def servers_by_name(self) -> Mapping[int, Mapping[str, GatewayServer]]:
        """The servers by port and the names of handshakes (``filter_chain_match``)."""
        return {
            port: {host.lower(): server for server in servers for _, host in server.hosts}
            for port, servers in self.servers_at.items()
        }

    @cached_property
    def policies_of(self) -> Mapping[str, PolicyIndex]:
        """The policies by their action; ALLOW is the action of those that name none."""
        by_action: dict[str, list[Json]] = {}
        for policy in self.policies:
            by_action.setdefault(policy["spec"].get("action", "ALLOW"), []).append(policy)
        return {action: PolicyIndex(policies) for action, policies in by_action.items()}


class PolicyIndex:
    """Policies in their order, by the hosts that all of their rules name."""

    def __init__(self, policies: Sequence[Json]):
        self.policies = policies
        self.general: list[int] = []
        self.of_host: dict[str, list[int]] = {}
        for number, policy in enumerate(policies):
            names = _hosts_of_policy(policy)
            if names is None:
                self.general.append(number)
            for name in names or ():
                self.of_host.setdefault(name, []).append(number)

    def about(self, host: str) -> Iterable[Json]:
        """The policies that may be about a host (lower case, without a port), in order."""
        named = self.of_host.get(host, ())
        if not named:
            return [self.policies[i] for i in self.general]
        return [self.policies[i] for i in sorted({*self.general, *named})]


def _hosts_of_policy(policy: Json) -> set[str] | None:
    """The only hosts that a policy can be about; None where any may be."""
    names: set[str] = set()
    for rule in policy["spec"].get("rules", ()):
        operations = rule.get("to")
        if not operations:
            return None
        for operation in operations:
            hosts = operation["operation"].get("hosts")
            if not hosts:
                return None
            for host in hosts:
                name = host.lower().removesuffix(":*")
                if "*" in name or ":" in name:
                    return None
                names.add(name)
    return names


def gateway_config(
    objects: Sequence[Json], mesh: Json, pods: GatewayProxies | None = None
) -> GatewayConfig:
    """The objects of an output folder, in any order, and the mesh configuration.

    Only those count that the gateway's ``pods`` are given; all, where nothing is known of these.
    """
    pods = pods or GatewayProxies()
    by_kind: dict[str, list[Json]] = {}
    for each in pods.in_scope(objects):
        by_kind.setdefault(each["kind"], []).append(each)
    gateways = by_kind.get("Gateway", ())
    selectors = [gateway["spec"].get("selector", {}) for gateway in gateways]
    labels = [own for _, own in pods.pods] or selectors
    return GatewayConfig(
        servers=tuple(_servers(gateways, pods)),
        services=tuple(by_kind.get("VirtualService", ())),
        policies=tuple(by_kind.get("AuthorizationPolicy", ())),
        destination_rules=DestinationRules(by_kind.get("DestinationRule", ()), pods),
        mesh=mesh,
        patches=patches_of(by_kind.get("EnvoyFilter", ()), labels),
    )


def _servers(gateways: Iterable[Json], pods: GatewayProxies) -> Iterable[GatewayServer]:
    known: set[tuple[int, str]] = set()
    for gateway in gateways:
        meta = gateway["metadata"]
        for server in gateway["spec"].get("servers", ()):
            if not opens_requests(server):
                continue
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
                pods.unsure(gateway["spec"].get("selector", {})),
            )


def _namespaced(host: str, own: str) -> tuple[str, str]:
    namespace, slash, name = host.partition("/")
    if not slash:
        return "*", host
    return own if namespace == "." else namespace, name


def _gateways(spec: Json, namespace: str) -> frozenset[str]:
    return frozenset(g if "/" in g else f"{namespace}/{g}" for g in spec.get("gateways", ()))


class _ServerHosts:
    """The hosts of a server, each with the namespace whose VirtualServices count."""

    def __init__(self, hosts: Iterable[tuple[str, str]]):
        self.hosts = tuple(hosts)
        self.exact: dict[str, set[str]] = {}
        for namespace, host in self.hosts:
            self.exact.setdefault(host, set()).add(namespace)
        self.stars = [(namespace, host) for namespace, host in self.hosts if host.startswith("*")]

    def shared_with(self, host: str, namespace: str) -> Iterable[str]:
        """The names that a VirtualService's host and the server have in common."""
        if self.exact.get(host, frozenset()) & {"*", namespace} or any(
            whose in ("*", namespace) and covers_name(other, host) for whose, other in self.stars
        ):
            yield host
        elif host.startswith("*"):
            for whose, other in self.hosts:
                if whose in ("*", namespace) and covers_name(host, other):
                    yield other


def covers_name(pattern: str, name: str) -> bool:
    """Whether a host with or without a star has all names of another."""
    if pattern in ("*", name):
        return True
    return pattern.startswith("*.") and name.endswith(pattern[1:]) and name != pattern[2:]


def most_specific(patterns: Mapping[str, object], name: str) -> str | None:
    """The pattern that Envoy chooses for a name: itself, the longest star, ``*``."""
    if name in patterns:
        return name
    stars = (f"*{name[i:]}" for i, char in enumerate(name) if char == ".")
    longest = next((star for star in stars if star in patterns), None)
    return longest or ("*" if "*" in patterns else None)
