"""What the objects say of a request's way that no single answer shows."""

from __future__ import annotations

import json
from collections.abc import Iterator

from nginx2istio.base.outcome import Aspect
from nginx2istio.istio.serve.filters.shapes import Json
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


def settings_of_route(config: GatewayConfig, route: Json) -> dict[Aspect, str]:
    """Timeouts, retries and mirrors of a route, and the traffic policies of its destinations."""
    by_aspect: dict[Aspect, dict[str, object]] = {}
    for name, aspect in _OF_ROUTE.items():
        if name in route:
            by_aspect.setdefault(aspect, {})[name] = route[name]
    for name, field, value in _traffic(config, route):
        aspect = _OF_TRAFFIC.get(field, "balancing")
        by_aspect.setdefault(aspect, {})[f"{field} of {name}"] = value
    return {aspect: _text(values) for aspect, values in by_aspect.items()}


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
