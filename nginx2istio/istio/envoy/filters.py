"""EnvoyFilters: patches of what pilot generates for the gateway, each on the narrowest scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nginx2istio.base.options import FilterKind
from nginx2istio.istio.assemble.virtual_host import GatewayRef
from nginx2istio.istio.objects import FILTER_KIND, Object, dns_name, new_object, told_apart

MANAGER = "envoy.filters.network.http_connection_manager"
TYPE = "type.googleapis.com/"


def typed(name: str, /, **fields: Any) -> Object:
    """A message of Envoy's configuration by its full name (``envoy.extensions...``)."""
    return {"@type": TYPE + name, **fields}


def http_filter(name: str, config: Object, first: bool = False, disabled: bool = False) -> Object:
    """Adds an HTTP filter: before all others, or as the last one before the router.

    A ``disabled`` one acts only where a route or virtual host has a configuration for its name.
    """
    manager: Object = {"name": MANAGER}
    if not first:
        manager["subFilter"] = {"name": "envoy.filters.http.router"}
    value: Object = {"name": name}
    if disabled:
        value["disabled"] = True
    return _patch(
        "HTTP_FILTER",
        {"listener": {"filterChain": {"filter": manager}}},
        "INSERT_FIRST" if first else "INSERT_BEFORE",
        value | {"typed_config": config},
    )


def per_filter(name: str, config: Object) -> Object:
    """Fields of a route or virtual host that configure one filter of the chain there."""
    return {"typed_per_filter_config": {name: config}}


def skipped_where(predicate: Object, name: str, config: Object) -> Object:
    """The configuration of a filter that leaves out the requests for which a predicate holds.

    ``name`` is Envoy's own of the filter, ``predicate`` one of xds.type.matcher.v3.
    """
    skip = typed("envoy.extensions.filters.common.matcher.action.v3.SkipFilter")
    matcher = {
        "predicate": predicate,
        "on_match": {"action": {"name": "skip", "typed_config": skip}},
    }
    return typed(
        "envoy.extensions.common.matching.v3.ExtensionWithMatcher",
        extension_config={"name": name, "typed_config": config},
        xds_matcher={"matcher_list": {"matchers": [matcher]}},
    )


def on_manager(config: Object) -> Object:
    """Adds fields to the HTTP connection manager of every port."""
    manager = {"listener": {"filterChain": {"filter": {"name": MANAGER}}}}
    full = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    value = {"name": MANAGER, "typed_config": typed(full, **config)}
    return _patch("NETWORK_FILTER", manager, "MERGE", value)


MOST_HEADERS_KIB = 8192
"""The highest limit for request headers that Envoy takes."""


def max_request_headers(kib: int) -> Object:
    """The patch with the limit for all headers of a request, in KiB."""
    return on_manager({"max_request_headers_kb": kib})


ACTIONS = {"route": "ROUTE", "redirect": "REDIRECT", "direct_response": "DIRECT_RESPONSE"}
"""The actions of an Envoy route by their fields, of which a route has one (RouteMatch_Action)."""


def on_route(name: str, value: Object, port: int = 0) -> Object:
    """Adds fields to the routes of a name: ``place.route_name``, on every port or on one.

    Fields of an action meet only routes with this action: merged into another route they would
    take the place of its action, and Envoy refuses a RouteConfiguration with half a route.
    """
    route: Object = {"name": name}
    for field in ACTIONS.keys() & value.keys():
        route["action"] = ACTIONS[field]
    match: Object = {"vhost": {"route": route}}
    if port:
        match = {"portNumber": port, **match}
    return _patch("HTTP_ROUTE", {"routeConfiguration": match}, "MERGE", value)


def on_host(host: str, port: int, value: Object) -> Object:
    """Adds fields to the virtual host of a host at a port of the Gateway."""
    match = {"routeConfiguration": {"vhost": {"name": f"{host}:{port}"}}}
    return _patch("VIRTUAL_HOST", match, "MERGE", value)


def answer_for_others(gateway: str, port: int, patterns: Sequence[str], status: int) -> Object:
    """Answers Host headers that match a pattern where a Gateway has no virtual host for them.

    ``gateway`` is ``namespace/name``; none of its servers may have a virtual host for ``*``.
    """
    routes = [
        {
            "match": {
                "prefix": "/",
                "headers": [
                    {"name": ":authority", "string_match": {"safe_regex": {"regex": pattern}}}
                ],
            },
            "direct_response": {"status": status},
        }
        for pattern in patterns
    ]
    value = {"name": f"nginx2istio:{status}", "domains": ["*"], "routes": routes}
    match = {"routeConfiguration": {"portNumber": port, "gateway": gateway}}
    return _patch("VIRTUAL_HOST", match, "ADD", value)


def _patch(to: str, match: Object, operation: str, value: Object) -> Object:
    return {
        "applyTo": to,
        "match": {"context": "GATEWAY", **match},
        "patch": {"operation": operation, "value": value},
    }


def new_envoy_filter(
    kind: FilterKind,
    name: str,
    patches: Sequence[Object],
    target: GatewayRef,
    sources: Sequence[str] = (),
    note: str = "",
) -> Object:
    """An EnvoyFilter for the gateway's pods; ``name`` is any text. Its kind is a label of it."""
    spec = {"workloadSelector": {"labels": dict(target.selector)}, "configPatches": list(patches)}
    full = dns_name(told_apart(f"nginx2istio-{name}", target.controller))
    labelled = new_object("EnvoyFilter", target.namespace, full, spec, sorted(set(sources)), note)
    labelled["metadata"]["labels"][FILTER_KIND] = kind
    return labelled
