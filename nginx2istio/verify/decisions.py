"""What both sides look at when they decide about the requests of a host."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from nginx2istio.base.outcome import Request
from nginx2istio.istio.serve.filters.patches import Patches
from nginx2istio.istio.serve.gateway_config import GatewayConfig
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.nested_locations import (
    nested_locations,
    patterns_of_snippets,
    server_locations,
)
from nginx2istio.nginx.model import Location, Server
from nginx2istio.nginx.serve import serve_as_nginx
from nginx2istio.nginx.serve.choose import choose_location
from nginx2istio.nginx.uri import BadTarget, normalized_text
from nginx2istio.verify.dimensions.istio_values import (
    values_of_host,
    values_of_match,
    values_of_policy,
    values_of_route,
)
from nginx2istio.verify.dimensions.judged_values import (
    values_of_compression,
    values_of_handshake,
    values_of_other_cors,
)
from nginx2istio.verify.dimensions.nginx_values import values_of_location
from nginx2istio.verify.dimensions.values import Values
from nginx2istio.verify.gateway_view import SCHEMES, GatewayView, Scheme, gateway_view
from nginx2istio.verify.path_classes import PathClass, PathPattern
from nginx2istio.verify.sides import Sides


@dataclass(frozen=True)
class HostDecisions:
    """What both sides look at for one name of a host: ``patterns`` of paths, and values."""

    sides: Sides
    server: Server
    name: str
    gateways: Sequence[GatewayView]
    patterns: Sequence[PathPattern]

    @cached_property
    def announced(self) -> Callable[[Request], frozenset[str]]:
        """See `Sides.announcing`."""
        return self.sides.announcing(self.name)

    def location(self, path: PathClass) -> Location | None:
        """nginx's location for a class of paths."""
        try:
            return choose_location(self.server, normalized_text(path.target))
        except (BadTarget, re.error):
            return None

    def values(self, path: PathClass, schemes: Iterable[Scheme] = SCHEMES) -> Values:
        """What the decisions about the paths of a class look at, and only these."""
        values = Values()
        location = self.location(path)
        if location is not None:
            checked = any(self._checked(path, scheme) for scheme in schemes)
            values_of_location(values, self.sides.config, self.server, location, checked)
        if any(_looks_further(gateway.config) for gateway in self.gateways):
            values.untold()
        if self.sides.converted is not None:
            values_of_compression(values, self.sides.gateways)
        spelled = False
        for gateway in self.gateways:
            if "https" in schemes and gateway.server is not None:
                values_of_handshake(values, gateway.server.tls.get("mode", ""))
            for scheme in schemes:
                for route, matches in gateway.routes_near(scheme, path.target):
                    for match in matches:
                        values_of_match(values, match)
                    values_of_route(values, route)
                    if self.sides.converted is not None:
                        values_of_other_cors(values, route)
                    spelled |= any("authority" in match for match in matches)
                    spelled |= self.sides.converted is not None and "redirect" in route
                    spelled |= _answers_with_host(route)
                for policy, rules in gateway.policies_near(scheme, path.target):
                    values_of_policy(values, policy, rules)
                    spelled |= _hosts_compared(rules)
        if spelled:
            values_of_host(values, self.name)
        return values

    def further(self, path: PathClass, scheme: Scheme) -> tuple[str, ...]:
        """More paths of a class that are asked for.

        There are none where no part of a path goes into an answer or the backend's path.
        """
        location = self.location(path)
        near = (gateway.routes_near(scheme, path.target) for gateway in self.gateways)
        routes = (route for routes in near for route, _ in routes)
        if (location is not None and "rewrite-target" in location.settings) or any(
            "redirect" in route or "rewrite" in route for route in routes
        ):
            return path.further
        return ()

    def _checked(self, path: PathClass, scheme: Scheme) -> bool:
        """Whether nginx gets to the access phase, behind all redirects of a location."""
        name = self.name
        request = Request(scheme=scheme, host=name, sni=name, target=path.target)
        outcome = serve_as_nginx(self.sides.config, request)
        return all(step.phase != "rewrite" for step in outcome.trace)


def _looks_further(config: GatewayConfig) -> bool:
    """Whether a gateway looks at more than its routes and policies tell."""
    topology = config.mesh.get("defaultConfig", {}).get("gatewayTopology", {})
    return config.patches != Patches() or bool(topology.get("numTrustedProxies"))


def host_decisions(sides: Sides, server: Server, name: str) -> HostDecisions:
    """The decisions about requests to one name of a host."""
    gateways = [gateway_view(gateway, name) for gateway in sides.gateways]
    patterns = [*_of_nginx(sides.config, server), *_of_istio(gateways)]
    return HostDecisions(sides, server, name, gateways, patterns)


def _of_nginx(config: NginxConfig, server: Server) -> Iterator[PathPattern]:
    for location in server.locations:
        match location.match:
            case "regex":
                pattern = f"^{location.path}"  # whose ^ is for the first alternative only
                anywhere = f".*(?:{pattern})" if "|" in location.path else pattern
                yield PathPattern("nginx", "regex", anywhere, False, True)
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


def _answers_with_host(route: Mapping[str, Any]) -> bool:
    """Whether the host as the client wrote it goes into an answer."""
    if "redirect" in route:
        return "authority" not in route["redirect"]
    fields = route.get("headers", {}).get("response", {}).get("set", {})
    return any("%REQ(:AUTHORITY)%" in text or "request.host" in text for text in fields.values())


def _hosts_compared(rules: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a policy looks at the host as the client wrote it."""
    operations = (each["operation"] for rule in rules for each in rule.get("to", ()))
    return any({"hosts", "notHosts"} & operation.keys() for operation in operations)


def _of_istio(gateways: Iterable[GatewayView]) -> Iterator[PathPattern]:
    unique: dict[PathPattern, None] = {}
    for gateway in gateways:
        for route in gateway.routes:
            for match in route.get("match", ()):
                for kind, text in match.get("uri", {}).items():
                    any_case = kind != "regex" and bool(match.get("ignoreUriCase"))
                    unique[PathPattern("istio", kind, text, True, any_case)] = None
                for side in ("headers", "withoutHeaders"):
                    for kind, text in match.get(side, {}).get(":path", {}).items():
                        unique[PathPattern("istio", kind, text)] = None
        for policy in gateway.policies:
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
