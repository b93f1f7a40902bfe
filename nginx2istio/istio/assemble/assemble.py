"""Edits to Istio objects. The one place that mutates; disagreement is a Conflict.

A ``Site`` is a host with its places in order of precedence; it becomes a VirtualService, and part
of its namespace's Gateway. Places become HTTPRoutes.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nginx2istio.base.processes import EndedEarly, shares, side_by_side
from nginx2istio.istio.assemble.destination_rules import Policies
from nginx2istio.istio.assemble.gateways import gateway_names, gateways
from nginx2istio.istio.assemble.misdirected import Reuse, misdirected
from nginx2istio.istio.assemble.route_names import NameParts, RouteNames
from nginx2istio.istio.assemble.routes import Routes, http_routes
from nginx2istio.istio.assemble.tls_servers import tls_servers
from nginx2istio.istio.assemble.virtual_host import (
    GatewayRef,
    Service,
    VirtualHost,
    within_star,
)
from nginx2istio.istio.edits import (
    Action,
    Edit,
    ExternalHost,
    ExtraObject,
    HostRoute,
    MeshField,
    TlsRoute,
)
from nginx2istio.istio.fields import Conflict, frozen, merge_field
from nginx2istio.istio.objects import (
    Names,
    Noted,
    Object,
    dns_name,
    identity,
    new_object,
    told_apart,
)


@dataclass(slots=True)
class External:
    """A host outside of the cluster: the ports, and the namespaces that send requests to it."""

    ports: dict[int, str] = field(default_factory=dict)
    namespaces: set[str] = field(default_factory=set)

    @property
    def namespace(self) -> str:
        """Where its objects are: beside the VirtualService, as istioctl analyze wants it."""
        return min(self.namespaces)


@dataclass(slots=True)
class Assembled:
    """The objects in order, and the edits that were in conflict."""

    objects: list[Object] = field(default_factory=list)
    conflicts: list[tuple[str, Conflict]] = field(default_factory=list)
    mesh: Object = field(default_factory=dict)
    actions: dict[Any, dict[str, str]] = field(default_factory=dict)
    """Each once, by a key that equal ones share."""
    reuses: list[Reuse] = field(default_factory=list)
    """Which hosts clients may ask for on connections to others."""
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The names of the route sources that each name of a route stands for."""


def assemble(
    virtual_hosts: Sequence[VirtualHost],
    services: Mapping[str, Service],
    target: GatewayRef,
    edits: Sequence[Edit] = (),
    by_filter: bool = False,
    processes: int = 1,
) -> Assembled:
    """The Istio objects of all sites: Gateways, VirtualServices, DestinationRules, others.

    ``by_filter``: see ``misdirected``. Up to so many ``processes`` make the routes.
    """
    out = Assembled()
    # An existing Gateway has TLS servers of its own.
    secure = [] if target.existing else tls_servers(virtual_hosts)
    gateway_of = gateway_names(virtual_hosts, secure)
    elsewhere = misdirected(secure, by_filter)
    out.reuses = elsewhere.reuses
    external = _external_hosts(virtual_hosts)
    policies = Policies(
        virtual_hosts, services, {host: o.namespace for host, o in external.items()}
    )
    out.conflicts += policies.conflicts
    names, route_names = Names(), RouteNames(_envoy_filters(virtual_hosts, edits))
    routes = Routes(policies, route_names)
    virtual: list[Object] = []
    others: dict[tuple[str, str, str], Object] = {}
    http_of = _http_routes(virtual_hosts, routes, elsewhere.routes, processes)
    for virtual_host, (http, conflicts) in zip(virtual_hosts, http_of, strict=True):
        hosts = virtual_host.hosts
        gateway = target.existing or f"{target.namespace}/{gateway_of[virtual_host.host]}"
        out.conflicts += conflicts
        routes_of = {"http": http, "tls": tls_routes(virtual_host, policies)}
        if any(routes_of.values()):
            virtual.append(_virtual_service(virtual_host, hosts, routes_of, gateway, names))
        for edit in _edits(virtual_host):
            _apart(edit, out, others)
        for twin in virtual_host.twins:
            if not any(within_star(host, twin.name) for host in hosts):
                own = {"http": [dict(route) for route in twin.routes]}
                virtual.append(_virtual_service(virtual_host, [twin.name], own, gateway, names))
    for edit in edits:
        _apart(edit, out, others)
    for key, obj in others.items():
        if obj["kind"] == "EnvoyFilter":
            others[key] = route_names.addressed(obj)
    out.sources = route_names.sources
    entries = [service_entry(host, external[host], target) for host in sorted(external)]
    everything = [
        *(() if target.existing else gateways(virtual_hosts, secure, gateway_of, target)),
        *elsewhere.filters(target),
        *virtual,
        *policies.objects(),
        *entries,
        *others.values(),
    ]
    out.objects = sorted(everything, key=order)
    return out


RoutesOfHosts = list[tuple[list[Object], list[tuple[str, Conflict]]]]
LEAST_LOCATIONS = 2000
"""Locations of a share: with fewer, a process costs more time than it saves."""


def _http_routes(
    virtual_hosts: Sequence[VirtualHost],
    routes: Routes,
    first: Mapping[str, Sequence[HostRoute]],
    processes: int,
) -> RoutesOfHosts:
    """``http_routes`` of each host, by up to so many processes; ``first`` by host."""

    def of_share(hosts: Sequence[VirtualHost]) -> tuple[RoutesOfHosts, NameParts]:
        of_hosts = [http_routes(x, routes, first.get(x.host, ())) for x in hosts]
        return of_hosts, routes.names.parts()

    sizes = (len(host.route_sources) for host in virtual_hosts)
    of_processes = shares(virtual_hosts, sizes, processes, LEAST_LOCATIONS)
    try:
        (result, _), *others = side_by_side([partial(of_share, share) for share in of_processes])
    except EndedEarly:  # as when the system stops a process for its memory
        return of_share(virtual_hosts)[0]
    for more, names in others:
        result += more
        routes.names.take(names)
    return result


def _edits(virtual_host: VirtualHost) -> Iterator[Edit]:
    yield from virtual_host.edits
    for source in virtual_host.route_sources:
        yield from source.edits


def _envoy_filters(virtual_hosts: Sequence[VirtualHost], edits: Sequence[Edit]) -> list[Object]:
    """The EnvoyFilters of all edits, each once."""
    filters: dict[tuple[str, str, str], Object] = {}
    for edit in (*edits, *(e for host in virtual_hosts for e in _edits(host))):
        if isinstance(edit, ExtraObject) and edit.body["kind"] == "EnvoyFilter":
            filters.setdefault(identity(edit.body), dict(edit.body))
    return list(filters.values())


def _apart(edit: Edit, out: Assembled, others: dict[tuple[str, str, str], Object]) -> None:
    """What belongs to no route: objects of their own, mesh configuration, things to do."""
    if isinstance(edit, ExtraObject):
        first = others.setdefault(identity(edit.body), dict(edit.body))
        if first != edit.body:
            clash = Conflict("the whole object", str(first), str(edit.body))
            out.conflicts.append((" ".join(identity(edit.body)), clash))
    elif isinstance(edit, MeshField):
        out.conflicts += [(MESH, c) for c in merge_field(out.mesh, edit.field, edit.value)]
    elif isinstance(edit, Action):
        action = {"kind": edit.kind, "text": edit.text, **edit.fields}
        out.actions.setdefault(frozen(action), action)


def _external_hosts(virtual_hosts: Sequence[VirtualHost]) -> dict[str, External]:
    hosts: dict[str, External] = {}
    for virtual_host in virtual_hosts:
        beyond = virtual_host.beyond.route_sources if virtual_host.beyond else ()
        of_places = (e for s in (*virtual_host.route_sources, *beyond) for e in s.edits)
        for edit in (*of_places, *virtual_host.edits):
            if isinstance(edit, ExternalHost):
                external = hosts.setdefault(edit.host, External())
                external.namespaces.add(virtual_host.namespace)
                external.ports.setdefault(edit.port, edit.protocol)
    return hosts


def tls_routes(virtual_host: VirtualHost, policies: Policies) -> list[Object]:
    """The TLSRoutes of a site whose TLS passes through."""
    return [
        {
            "match": [{"port": 443, "sniHosts": [virtual_host.host]}],
            "route": [policies.destination({"upstream": edit.upstream}, None)],
        }
        for edit in virtual_host.edits
        if isinstance(edit, TlsRoute)
    ]


MESH = "*"
"""Where a conflict in the mesh configuration is: everywhere."""
KIND_ORDER = ("Gateway", "VirtualService", "DestinationRule", "ServiceEntry", "AuthorizationPolicy")


def order(obj: Object) -> tuple[str, int, str, str]:
    """By namespace, then kind, then name."""
    kind, namespace, name = identity(obj)
    rank = KIND_ORDER.index(kind) if kind in KIND_ORDER else len(KIND_ORDER)
    return namespace, rank, kind, name


def service_entry(host: str, external: External, target: GatewayRef) -> Noted:
    """Make the ServiceEntry of an external host, for the routes to it and for the gateway.

    A port for TLS is called TLS: pods of the mesh that open TLS to the host themselves are let
    through.
    """
    others = (external.namespaces | {target.namespace}) - {external.namespace}
    spec: Object = {
        "hosts": [host],
        "exportTo": [".", *sorted(others)],
        "location": "MESH_EXTERNAL",
        "resolution": "DNS",
        "ports": [
            {"number": number, "name": f"{protocol.lower()}-{number}", "protocol": protocol}
            for number, protocol in sorted(external.ports.items())
        ],
    }
    try:
        ipaddress.ip_address(host)
        spec |= {"resolution": "STATIC", "endpoints": [{"address": host}]}
    except ValueError:
        pass
    return new_object("ServiceEntry", external.namespace, dns_name(host), spec, [])


def _virtual_service(
    virtual_host: VirtualHost,
    hosts: Sequence[str],
    routes: Mapping[str, list[Object]],
    gateway: str,
    names: Names,
) -> Noted:
    spec = {
        "hosts": list(hosts),
        "gateways": [gateway],
        **{kind: entries for kind, entries in routes.items() if entries},
    }
    text = "catch-all" if hosts[0] == "*" else hosts[0]
    text = told_apart(text, virtual_host.controller)
    name = names.name(virtual_host.namespace, text)
    return new_object(
        "VirtualService", virtual_host.namespace, name, spec, list(virtual_host.sources)
    )
