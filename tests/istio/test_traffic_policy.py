"""The traffic policy of a destination, as the evaluation of a gateway reads it."""

from typing import Any

import pytest

from nginx2istio.istio.serve.filters.patches import RoutePatch
from nginx2istio.istio.serve.gateway_config import gateway_config
from nginx2istio.istio.serve.settings import settings_of_route

HOST = "a.shop.svc.cluster.local"
RULE = {
    "host": HOST,
    "trafficPolicy": {
        "tls": {"mode": "DISABLE"},
        "connectionPool": {"http": {"maxRetries": 1}},
        "portLevelSettings": [{"port": {"number": 8443}, "tls": {"mode": "SIMPLE"}}],
    },
    "subsets": [{"name": "new", "trafficPolicy": {"tls": {"mode": "MUTUAL"}}}],
}
OBJECT = {
    "kind": "DestinationRule",
    "metadata": {"name": "a", "namespace": "shop"},
    "spec": RULE,
}
CONFIG = gateway_config([OBJECT], {})


@pytest.mark.parametrize(
    ("port", "subset", "policy"),
    [
        (80, "", {"tls": {"mode": "DISABLE"}, "connectionPool": {"http": {"maxRetries": 1}}}),
        (8443, "", {"tls": {"mode": "SIMPLE"}}),
        (80, "new", {"tls": {"mode": "MUTUAL"}, "connectionPool": {"http": {"maxRetries": 1}}}),
        (8443, "new", {"tls": {"mode": "MUTUAL"}}),
    ],
)
def test_settings_of_a_port_stand_for_the_whole_policy(
    port: int, subset: str, policy: dict[str, Any]
) -> None:
    destination: dict[str, Any] = {"host": HOST, "port": {"number": port}}
    if subset:
        destination["subset"] = subset
    assert CONFIG.traffic_policy(destination) == policy
    aspects = {"protocol", "timeout"} if "connectionPool" in policy else {"protocol"}
    route = {"route": [{"destination": destination}]}
    assert set(settings_of_route(CONFIG, route, RoutePatch())) == aspects
