"""What both sides look at when they decide about the requests of a host."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from nginx2istio.istio.serve.gateway_config import GatewayConfig, most_specific
from nginx2istio.istio.serve.matching import string_fits
from nginx2istio.istio.serve.policies import pattern_fits
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.nested_locations import (
    nested_locations,
    patterns_of_snippets,
    server_locations,
)
from nginx2istio.nginx.model import Server
from nginx2istio.nginx.serve.choose import choose_location
from nginx2istio.nginx.uri import BadTarget, normalized_text
from nginx2istio.verify.dimensions import (
    Values,
    values_of_host,
    values_of_location,
    values_of_match,
    values_of_policy,
    values_of_route,
)
from nginx2istio.verify.path_classes import PathClass, PathPattern
from nginx2istio.verify.sides import Sides


@dataclass(frozen=True, slots=True)
class HostDecisions:
    """What both sides look at for a host: patterns of paths, and by a class of paths the values."""

    patterns: Sequence[PathPattern]
    values: Callable[[PathClass], Values]


def host_decisions(sides: Sides, server: Server, name: str) -> HostDecisions:
    """The decisions about requests to one name of a host."""
    routes = [route for gateway in sides.gateways for route in _routes(gateway, name)]
    policies = [policy for gateway in sides.gateways for policy in _policies(gateway, name)]
    patterns = [*_of_nginx(sides.config, server), *_of_istio(routes, policies)]
    redirects = any("redirect" in route for route in routes)
    spelled = _hosts_compared(routes, policies) or (sides.converted is not None and redirects)

    def values(path: PathClass) -> Values:
        result = _values(sides.config, server, path, routes, policies)
        if spelled:
            values_of_host(result, name)
        return result

    return HostDecisions(patterns, values)


def _of_nginx(config: NginxConfig, server: Server) -> Iterator[PathPattern]:
    for location in server.locations:
        match location.match:
            case "regex":
                yield PathPattern("nginx", "regex", "^" + location.path, False, True)
            case kind:
                yield PathPattern("nginx", kind, location.path)
    inside = (nested_locations(config, server, location) for location in server.locations)
    for block in chain(server_locations(config, server), *inside):
        match block.match:
            case "exact" | "prefix" as kind:
                yield PathPattern("nginx", kind, block.path)
    for pattern, any_case in patterns_of_snippets(config, server):
        yield _searched(pattern, any_case)


def _searched(pattern: str, any_case: bool) -> PathPattern:
    """A pattern that nginx searches for in a path."""
    text = pattern if pattern.startswith("^") else f".*(?:{pattern})"
    return PathPattern("nginx", "regex", text, False, any_case)


def _routes(config: GatewayConfig, name: str) -> list[Mapping[str, Any]]:
    hosts = config.all_hosts
    chosen = most_specific(hosts, name)
    return list(hosts[chosen].routes) if chosen else []


def _policies(config: GatewayConfig, name: str) -> list[Mapping[str, Any]]:
    def about(policy: Mapping[str, Any]) -> bool:
        for rule in policy["spec"].get("rules", ()):
            for operation in rule.get("to", [{"operation": {}}]):
                hosts = operation["operation"].get("hosts")
                if not hosts or any(pattern_fits(h, name) for h in hosts):
                    return True
        return False

    return [policy for policy in config.policies if about(policy)]


def _hosts_compared(
    routes: Iterable[Mapping[str, Any]], policies: Iterable[Mapping[str, Any]]
) -> bool:
    """Whether a route or a policy looks at the host as the client wrote it."""
    return any("authority" in m for route in routes for m in route.get("match", ())) or any(
        {"hosts", "notHosts"} & operation["operation"].keys()
        for policy in policies
        for rule in policy["spec"].get("rules", ())
        for operation in rule.get("to", ())
    )


def _of_istio(
    routes: Iterable[Mapping[str, Any]], policies: Iterable[Mapping[str, Any]]
) -> Iterator[PathPattern]:
    unique: dict[PathPattern, None] = {}
    for route in routes:
        for match in route.get("match", ()):
            for kind, text in match.get("uri", {}).items():
                any_case = kind != "regex" and bool(match.get("ignoreUriCase"))
                unique[PathPattern("istio", kind, text, True, any_case)] = None
            for side in ("headers", "withoutHeaders"):
                for kind, text in match.get(side, {}).get(":path", {}).items():
                    unique[PathPattern("istio", kind, text)] = None
    for policy in policies:
        for rule in policy["spec"].get("rules", ()):
            for operation in rule.get("to", ()):
                for key in ("paths", "notPaths"):
                    for text in operation["operation"].get(key, ()):
                        unique[_of_policy(text)] = None
    yield from unique


def _of_policy(text: str) -> PathPattern:
    if text.endswith("*"):
        return PathPattern("istio", "prefix", text[:-1])
    if text.startswith("*"):
        return PathPattern("istio", "regex", ".*" + re.escape(text[1:]))
    return PathPattern("istio", "exact", text)


def _values(
    config: NginxConfig,
    server: Server,
    path: PathClass,
    routes: Sequence[Mapping[str, Any]],
    policies: Sequence[Mapping[str, Any]],
) -> Values:
    """What the decisions about the paths of a class look at."""
    values = Values()
    try:
        location = choose_location(server, normalized_text(path.target))
    except (BadTarget, re.error):
        location = None
    if location is not None:
        values_of_location(values, config, server, location)
    for route in routes:
        matches = route.get("match", ())
        near = [m for m in matches if "uri" not in m or string_fits(m["uri"], path.target)]
        for match in near:
            values_of_match(values, match)
        if near or not matches:
            values_of_route(values, route)
    for policy in policies:
        values_of_policy(values, policy)
    return values
