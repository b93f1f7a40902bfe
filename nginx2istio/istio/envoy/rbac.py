"""Envoy's RBAC filter: a check of addresses at single routes."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from nginx2istio.istio.envoy.filters import http_filter, typed
from nginx2istio.istio.objects import Object

RBAC = "envoy.extensions.filters.http.rbac.v3.RBAC"
ADDRESS_FILTER = "nginx2istio.addresses"


def address_filter() -> Object:
    """The patch with the filter; it does nothing but where a route has rules for it."""
    return http_filter(ADDRESS_FILTER, typed(RBAC))


def denied(allow: Sequence[str], deny: Sequence[str]) -> Object:
    """What to add to a route that denies ``deny``, and all but ``allow`` if there is any.

    Both are addresses or networks in CIDR notation.
    """
    principals = [_network(text) for text in deny]
    if allow:
        principals.append({"not_id": {"or_ids": {"ids": [_network(text) for text in allow]}}})
    policy = {"permissions": [{"any": True}], "principals": principals}
    rules = {"action": "DENY", "policies": {"addresses": policy}}
    own = typed(f"{RBAC}PerRoute", rbac={"rules": rules})
    return {"typed_per_filter_config": {ADDRESS_FILTER: own}}


def _network(text: str) -> Object:
    network = ipaddress.ip_network(text)
    address = str(network.network_address)
    return {"remote_ip": {"address_prefix": address, "prefix_len": network.prefixlen}}
