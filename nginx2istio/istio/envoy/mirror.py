"""Copies of requests by Envoy's own mirror policy, which can change the copy."""

from __future__ import annotations

from collections.abc import Iterable

from nginx2istio.istio.envoy.filters import on_route
from nginx2istio.istio.objects import Object


def mirror_policy(
    route: str, host: str, port: int, authority: str, removed: Iterable[str]
) -> Object:
    """The patch that copies the requests of a route to a host and port of Istio's registry.

    The copy has the Host ``authority``, and goes without the headers ``removed``.
    """
    policy = {
        "cluster": f"outbound|{port}||{host}",
        "host_rewrite_literal": authority,
        "request_headers_mutations": [{"remove": header} for header in removed],
    }
    return on_route(route, {"route": {"request_mirror_policies": [policy]}})
