"""What of a gateway's objects can decide about the requests of one host, and of one path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nginx2istio.base.outcome import Request
from nginx2istio.istio.serve.connection import chosen_server
from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.gateway_config import (
    GatewayConfig,
    GatewayServer,
    most_specific,
)
from nginx2istio.istio.serve.matching import string_fits
from nginx2istio.istio.serve.pilot.joined_hosts import RoutedHost
from nginx2istio.istio.serve.policies import PolicyNotRead, path_fits, pattern_fits
from nginx2istio.verify.dimensions.samples import spellings

Scheme = Literal["http", "https"]
SCHEMES: tuple[Scheme, Scheme] = ("http", "https")
PORTS: Mapping[Scheme, int] = {"http": 80, "https": 443}
_CONDITIONS = frozenset(
    {"method", "authority", "scheme", "headers", "withoutHeaders", "queryParams"}
)
"""What of a match besides the path and the port may not fit."""


@dataclass(frozen=True)
class GatewayView:
    """A gateway's objects for one name of a host.

    ``server`` takes its handshakes. ``hosts`` are the virtual hosts by scheme, ``routes`` all
    routes, ``policies`` those that may be about the name, by action.
    """

    config: GatewayConfig
    server: GatewayServer | None
    hosts: Mapping[Scheme, RoutedHost | None]
    routes: Sequence[Json]
    policies: Sequence[Json]

    def routes_near(self, scheme: Scheme, path: str) -> Iterator[tuple[Json, Sequence[Json]]]:
        """The routes that may be chosen for a path, in order, each with the matches that may fit.

        Behind one that always fits there are no more.
        """
        host = self.hosts[scheme]
        for route in host.routes if host else ():
            matches = route.get("match")
            if not matches:
                yield route, ()
                return
            near = [match for match in matches if _may_fit(match, scheme, path)]
            if near:
                yield route, near
            if not all(_CONDITIONS & match.keys() for match in near):
                return

    def policies_near(self, scheme: Scheme, path: str) -> Iterator[tuple[Json, Sequence[Json]]]:
        """The policies that may fit a request for a path, each with the rules that may."""
        for policy in self.policies:
            rules = [
                {**rule, "to": near} if rule.get("to") is not None else rule
                for rule in policy["spec"].get("rules", ())
                if (near := _operations_near(rule.get("to"), scheme, path)) is None or near
            ]
            if rules:
                yield policy, rules


def gateway_view(config: GatewayConfig, name: str) -> GatewayView:
    """The objects of a gateway about one name of a host."""
    name = name.lower()
    server = chosen_server(config, Request(scheme="https", host=name, sni=name))
    plain, secure = config.plain_hosts, config.hosts_of(server) if server else {}
    hosts: dict[Scheme, RoutedHost | None] = {
        "http": _chosen(plain, name),
        "https": _chosen(secure, name),
    }
    # On a connection that was opened for another host, others may be looked at.
    everywhere = (_chosen(config.all_hosts, name), *hosts.values())
    lists = {id(host.routes): host.routes for host in everywhere if host}
    routes = {id(route): route for each in lists.values() for route in each}
    policies = [
        policy
        for _, index in sorted(config.policies_of.items())
        for policy in index.about(name)
        if _names_host(policy, name)
    ]
    return GatewayView(config, server, hosts, list(routes.values()), policies)


def _chosen(hosts: Mapping[str, RoutedHost], name: str) -> RoutedHost | None:
    domain = most_specific(hosts, name)
    return hosts[domain] if domain is not None else None


def _names_host(policy: Json, name: str) -> bool:
    """Whether some rule of a policy may be about a host in one of its spellings."""
    spelled = {text.lower() for text in spellings(name)}
    for rule in policy["spec"].get("rules", ()):
        for operation in rule.get("to", [{"operation": {}}]):
            hosts = operation["operation"].get("hosts")
            if not hosts or any(pattern_fits(h.lower(), each) for h in hosts for each in spelled):
                return True
    return False


def _may_fit(match: Json, scheme: Scheme, path: str) -> bool:
    if match.get("port") not in (None, PORTS[scheme]):
        return False
    any_case = bool(match.get("ignoreUriCase"))
    return "uri" not in match or string_fits(match["uri"], path, any_case)


def _operations_near(
    operations: Iterable[Json] | None, scheme: Scheme, path: str
) -> list[Json] | None:
    """The operations of a rule that may fit, without what they say of paths and ports.

    None for a rule about all. One whose paths are not read stays whole.
    """
    if operations is None:
        return None
    near: list[Json] = []
    for operation in (each["operation"] for each in operations):
        try:
            if not _near(operation, scheme, path):
                continue
        except PolicyNotRead:
            near.append({"operation": operation})
        else:
            rest = {key: value for key, value in operation.items() if key not in _OF_PLACES}
            near.append({"operation": rest})
    return near


_OF_PLACES = frozenset({"paths", "notPaths", "ports", "notPorts"})


def _near(operation: Json, scheme: Scheme, path: str) -> bool:
    """Whether an operation is about a path and a scheme's port. Raises PolicyNotRead."""
    for key, values in operation.items():  # in the gateway's order, which reads no further
        if key in ("paths", "notPaths"):
            fits = any(path_fits(pattern, path) for pattern in values)
        elif key in ("ports", "notPorts"):
            fits = str(PORTS[scheme]) in values
        else:
            continue
        if fits == key.startswith("not"):
            return False
    return True
