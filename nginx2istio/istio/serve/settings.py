"""What the objects say of a request's way that no single answer shows."""

from __future__ import annotations

import json
from collections.abc import Iterator

from nginx2istio.base.outcome import Aspect
from nginx2istio.istio.serve.filters.patches import RoutePatch
from nginx2istio.istio.serve.filters.shapes import Behavior, Json
from nginx2istio.istio.serve.gateway_config import GatewayConfig, GatewayServer

_OF_ROUTE: dict[str, Aspect] = {
    "timeout": "timeout",
    "retries": "retries",
    "mirror": "mirror",
    "mirrors": "mirror",
    "mirrorPercentage": "mirror",
    "fault": "status",
}
_OF_TRAFFIC: dict[str, Aspect] = {
    "loadBalancer": "affinity",
    "connectionPool": "timeout",
    "outlierDetection": "balancing",
    "tls": "protocol",
    "tunnel": "protocol",
    "proxyProtocol": "protocol",
}


_OF_FILTER: dict[Behavior, Aspect] = {
    "addresses": "access",
    "auth": "auth",
    "body-held": "body-limit",
    "body-length": "body-limit",
    "compressor": "body",
    "error-pages": "body",
    "limits": "rate-limit",
    "route-script": "cookies",
    "session": "affinity",
}


def settings_of_route(
    config: GatewayConfig, route: Json | None, patch: RoutePatch
) -> dict[Aspect, str]:
    """Timeouts, retries and mirrors of a route, and the traffic policies of its destinations.

    Also what EnvoyFilters add to the route and to all: what they ask of whom, what they count.
    """
    key = id(route), id(patch)
    known = config.settings.get(key)
    if known is None:
        if len(config.settings) >= _REMEMBERED:
            config.settings.clear()
        # The route and the patch are kept with it, so that no others get their identities.
        known = config.settings[key] = (route, patch, _settings(config, route or {}, patch))
    settings: dict[Aspect, str] = known[2]
    return settings


_REMEMBERED = 2048


def _settings(config: GatewayConfig, route: Json, patch: RoutePatch) -> dict[Aspect, str]:
    by_aspect: dict[Aspect, dict[str, object]] = {}
    for name, aspect in _OF_ROUTE.items():
        if name in route:
            by_aspect.setdefault(aspect, {})[name] = route[name]
    for name, field, value in _traffic(config, route):
        aspect = _OF_TRAFFIC.get(field, "balancing")
        by_aspect.setdefault(aspect, {})[f"{field} of {name}"] = value
    for aspect, name, value in (*_of_filters(config), *_of_patch(config, patch)):
        by_aspect.setdefault(aspect, {})[name] = value
    return {aspect: _text(values) for aspect, values in by_aspect.items()}


def _of_filters(config: GatewayConfig) -> Iterator[tuple[Aspect, str, object]]:
    """The filters that EnvoyFilters add, and the fields of the manager that they set."""
    patches = config.patches
    for added in (*patches.first, *patches.last):
        yield _OF_FILTER[added.kind], f"filter {added.name}", added.config
    if patches.manager:
        yield "request-headers", "connection manager", patches.manager


def _of_patch(config: GatewayConfig, patch: RoutePatch) -> Iterator[tuple[Aspect, str, object]]:
    """What EnvoyFilters add to a route: for filters, for scripts, to its action."""
    kinds = {each.name: each.kind for each in (*config.patches.first, *config.patches.last)}
    for name, value in (*patch.per_filter.items(), *patch.metadata.items()):
        kind = kinds.get(name)
        yield _OF_FILTER[kind] if kind else "buffering", f"{name} of the route", value
    if patch.route:
        yield "mirror", "action of the route", patch.route


def settings_of_server(server: GatewayServer | None) -> dict[Aspect, str]:
    """The certificate and the rest of the TLS settings; nothing without TLS."""
    return {"tls": _text(server.tls)} if server and server.tls else {}


def _traffic(config: GatewayConfig, route: Json) -> Iterator[tuple[str, str, object]]:
    """Each field of the traffic policy of each destination: the name, the field, the value."""
    for destination in route.get("route", ()):
        target = destination["destination"]
        name = f"{target['host']} {target.get('subset', '')}"
        for field, value in config.traffic_policy(target).items():
            yield name, field, value


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
