"""EnvoyFilters by what a request meets: HTTP filters, routes, virtual hosts, the manager."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nginx2istio.istio.objects import FILTER_KIND
from nginx2istio.istio.serve.filters.opaque import (
    OpaquePatch,
    at_gateway,
    opaque_filter,
    opaque_patch,
)
from nginx2istio.istio.serve.filters.shapes import (
    FAULT_FILTER,
    AddedFilter,
    Json,
    http_filter_kind,
    manager_field_known,
    metadata_known,
    route_config_known,
)

_MOST_REMEMBERED = 10_000
_MANAGER = "envoy.filters.network.http_connection_manager"
_ROUTER = "envoy.filters.http.router"
_ACTIONS = (("redirect", "REDIRECT"), ("directResponse", "DIRECT_RESPONSE"))
_MATCHED = frozenset({"context", "listener", "routeConfiguration"})
_FIELDS = ("typed_per_filter_config", "metadata", "route")


@dataclass(frozen=True, slots=True)
class RoutePatch:
    """What patches add to a route: by filter, by metadata's owner, to its action."""

    per_filter: Mapping[str, Json] = field(default_factory=dict)
    metadata: Mapping[str, Json] = field(default_factory=dict)
    route: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AddedHost:
    """Answers for hosts that a Gateway has no virtual host for: (pattern of the host, status)."""

    port: int
    gateway: str
    answers: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Patches:
    """All EnvoyFilters at a gateway.

    ``first`` are the filters before all of Istio's, ``last`` those between these and the router,
    each in Envoy's order. ``manager`` are fields of the connection manager. ``of_route`` are the
    patches of routes by name, each with its port (0 for all) and action ("" for all).
    """

    first: tuple[AddedFilter, ...] = ()
    last: tuple[AddedFilter, ...] = ()
    manager: Json = field(default_factory=dict)
    of_route: Mapping[str, tuple[tuple[int, str, Json], ...]] = field(default_factory=dict)
    of_host: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    hosts: tuple[AddedHost, ...] = ()
    opaque: tuple[OpaquePatch, ...] = ()
    memory: dict[tuple[str, int, str, str], RoutePatch] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def of(self, route: Json, port: int, domain: str) -> RoutePatch:
        """What is added to a VirtualService's route, by its name and its action."""
        action = next((action for field, action in _ACTIONS if field in route), "ROUTE")
        return self.at(str(route.get("name", "")), port, action, domain)

    def at(self, route: str, port: int, action: str, domain: str) -> RoutePatch:
        """What is added to a route of a virtual host; a route's own wins."""
        key = (route, port, action, domain)
        known = self.memory.get(key)
        if known is None:
            if len(self.memory) >= _MOST_REMEMBERED:
                self.memory.clear()
            values = [
                *self.of_host.get(f"{domain}:{port}", ()),
                *(
                    value
                    for on, only, value in self.of_route.get(route, ())
                    if on in (0, port) and only in ("", action)
                ),
            ]
            known = self.memory[key] = _merged(values)
        return known


def _merged(values: Iterable[Json]) -> RoutePatch:
    parts: dict[str, dict[str, Any]] = {name: {} for name in _FIELDS}
    for value in values:
        for name in _FIELDS:
            inner = value.get(name, {})
            parts[name] |= inner.get("filter_metadata", {}) if name == "metadata" else inner
    return RoutePatch(*(parts[name] for name in _FIELDS))


@dataclass
class _Reading:
    """Patches as they are read, in the order in which pilot applies them."""

    first: list[AddedFilter] = field(default_factory=list)
    last: list[AddedFilter] = field(default_factory=list)
    manager: dict[str, Any] = field(default_factory=dict)
    of_route: dict[str, list[tuple[int, str, Json]]] = field(default_factory=dict)
    of_host: dict[str, list[Json]] = field(default_factory=dict)
    hosts: list[AddedHost] = field(default_factory=list)
    opaque: list[OpaquePatch] = field(default_factory=list)

    def read(self, patch: Json) -> bool:
        """Takes a patch in; whether it is followed."""
        operation = patch["patch"].get("operation")
        match = patch.get("match", {})
        value = patch["patch"].get("value") or {}
        if match.get("context") != "GATEWAY" or set(match) - _MATCHED:
            return False
        match patch["applyTo"], operation:
            case "HTTP_FILTER", "INSERT_FIRST" | "INSERT_BEFORE":
                return self._http_filter(match, value, operation == "INSERT_FIRST")
            case "NETWORK_FILTER", "MERGE":
                return self._manager(match, value)
            case "HTTP_ROUTE", "MERGE":
                return self._route(match["routeConfiguration"], value)
            case "VIRTUAL_HOST", "MERGE":
                return self._virtual_host(match["routeConfiguration"], value)
            case "VIRTUAL_HOST", "ADD":
                return self._host(match["routeConfiguration"], value)
        return False

    def _http_filter(self, match: Json, value: Json, first: bool) -> bool:
        chain = match.get("listener", {}).get("filterChain", {})
        before = chain.get("filter", {}).get("subFilter", {}).get("name", "")
        plain = set(match.get("listener", {})) == {"filterChain"} and set(chain) == {"filter"}
        plain &= chain.get("filter", {}).get("name") == _MANAGER
        kind = http_filter_kind(value.get("typed_config", {}))
        if kind is None or not plain or (before != _ROUTER and not first):
            return False
        if not value.get("name") or set(value) - {"name", "typed_config", "disabled"}:
            return False
        if kind == "body-held" and value.get("disabled") is not True:
            return False  # it would hold bodies of all routes
        added = AddedFilter(value["name"], kind, value["typed_config"])
        if first:
            self.first.insert(0, added)
        else:
            self.last.append(added)
        return True

    def _manager(self, match: Json, value: Json) -> bool:
        config = value.get("typed_config", {})
        fields = {name: of for name, of in config.items() if name != "@type"}
        plain = match.get("listener") == {"filterChain": {"filter": {"name": _MANAGER}}}
        plain &= set(value) == {"name", "typed_config"} and value["name"] == _MANAGER
        if not plain or not all(manager_field_known(n, v) for n, v in fields.items()):
            return False
        self.manager |= fields
        return True

    def _route(self, configuration: Json, value: Json) -> bool:
        vhost = configuration.get("vhost", {})
        route = vhost.get("route", {})
        if set(configuration) - {"portNumber", "vhost"} or set(vhost) != {"route"}:
            return False
        if not route.get("name") or set(route) - {"name", "action"}:
            return False
        if not self._configures(value):
            return False
        entry = (configuration.get("portNumber", 0), route.get("action", ""), value)
        self.of_route.setdefault(route["name"], []).append(entry)
        return True

    def _virtual_host(self, configuration: Json, value: Json) -> bool:
        vhost = configuration.get("vhost", {})
        if set(configuration) != {"vhost"} or set(vhost) != {"name"}:
            return False
        if set(value) != {"typed_per_filter_config"}:
            return False
        self.of_host.setdefault(vhost["name"], []).append(value)
        return True

    def _configures(self, value: Json) -> bool:
        """Whether a patch adds to routes what is followed; per filter: once all are read."""
        if set(value) - set(_FIELDS):
            return False
        if set(value.get("metadata", {})) - {"filter_metadata"}:
            return False
        owners = value.get("metadata", {}).get("filter_metadata", {}).values()
        if not all(map(metadata_known, owners)):
            return False
        return not set(value.get("route", {})) - {"host_rewrite_header", "request_mirror_policies"}

    def _host(self, configuration: Json, value: Json) -> bool:
        if set(configuration) != {"portNumber", "gateway"} or value.get("domains") != ["*"]:
            return False
        answers = []
        for route in value.get("routes", ()):
            header = (route.get("match", {}).get("headers") or [{}])[0]
            regex = header.get("string_match", {}).get("safe_regex", {}).get("regex")
            status = route.get("direct_response", {}).get("status")
            known = {
                "match": {
                    "prefix": "/",
                    "headers": [
                        {"name": ":authority", "string_match": {"safe_regex": {"regex": regex}}}
                    ],
                },
                "direct_response": {"status": status},
            }
            if route != known:
                return False
            answers.append((regex, status))
        port, gateway = configuration["portNumber"], configuration["gateway"]
        self.hosts.append(AddedHost(port, gateway, tuple(answers)))
        return True


def patches_of(filters: Sequence[Json], selectors: Sequence[Json] = ()) -> Patches:
    """The patches of EnvoyFilters for gateways of which pods are selected by ``selectors``.

    Those without the label of this tool are not followed, nor is a patch of another form.
    """
    reading = _Reading()
    read: list[tuple[Json, str]] = []
    for each in sorted(filters, key=_order):
        spec, meta = each.get("spec", {}), each["metadata"]
        by = f"{meta.get('namespace', '')}/{meta['name']}"
        if not at_gateway(spec, selectors):
            continue
        if FILTER_KIND not in meta.get("labels", {}):
            reading.opaque += opaque_filter(spec, by, "not written by nginx2istio")
            continue
        for patch in spec.get("configPatches") or ():
            if reading.read(patch):
                read.append((patch, by))
            else:
                opaque = opaque_patch(patch, by, "not followed")
                reading.opaque += [opaque] if opaque else []
    added = {each.name: each for each in (*reading.first, *reading.last)}
    reading.opaque += _unread_configs(read, added)
    of_route = {
        name: tuple((port, action, _followed(value, added)) for port, action, value in entries)
        for name, entries in reading.of_route.items()
    }
    of_host = {
        name: tuple(_followed(value, added) for value in values)
        for name, values in reading.of_host.items()
    }
    return Patches(
        tuple(reading.first),
        tuple(reading.last),
        reading.manager,
        of_route,
        of_host,
        tuple(reading.hosts),
        tuple(reading.opaque),
    )


def _order(each: Json) -> tuple[int, str, str, str]:
    """The order in which pilot applies EnvoyFilters (``initEnvoyFilters``)."""
    meta = each["metadata"]
    created = str(meta.get("creationTimestamp") or "")
    namespace = meta.get("namespace", "")
    return int(each.get("spec", {}).get("priority", 0)), created, namespace, meta["name"]


def _unread_configs(
    read: Iterable[tuple[Json, str]], added: Mapping[str, AddedFilter]
) -> Iterable[OpaquePatch]:
    """Configurations for filters that are not followed. ``added`` are the filters by name."""
    for patch, by in read:
        value = patch["patch"].get("value") or {}
        for name, config in value.get("typed_per_filter_config", {}).items():
            if not route_config_known(name, added.get(name), config):
                opaque = opaque_patch(patch, by, f"its {name} is not followed")
                yield from filter(None, [opaque])


def _followed(value: Json, added: Mapping[str, AddedFilter]) -> Json:
    """What a patch adds to a route, without the configurations that are not followed."""
    of_filters = value.get("typed_per_filter_config", {})
    known = {
        name: config
        for name, config in of_filters.items()
        if (name in added or name == FAULT_FILTER)
        and route_config_known(name, added.get(name), config)
    }
    return {**value, "typed_per_filter_config": known}
