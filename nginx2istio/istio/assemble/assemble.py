"""Edits to Istio objects. The one place that mutates; disagreement is a Conflict.

A ``Site`` is a host with its places in order of precedence; it becomes a VirtualService, and part
of its namespace's Gateway. Places become HTTPRoutes.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nginx2istio.istio.assemble.destination_rules import Policies
from nginx2istio.istio.assemble.gateways import gateways
from nginx2istio.istio.assemble.routes import Routes, http_routes
from nginx2istio.istio.assemble.virtual_host import GatewayRef, Service, VirtualHost
from nginx2istio.istio.edits import Edit
from nginx2istio.istio.fields import Conflict, merge_field
from nginx2istio.istio.objects import Names, Noted, Object, dns_name, identity, made


@dataclass(slots=True)
class Outside:
    """A host outside of the cluster: the ports asked for, and the namespaces that ask."""

    ports: dict[int, str] = field(default_factory=dict)
    namespaces: set[str] = field(default_factory=set)

    @property
    def namespace(self) -> str:
        """Where its objects are: beside the VirtualService, as istioctl analyze wants it."""
        return min(self.namespaces)


@dataclass(slots=True)
class Assembled:
    """The objects in order, and what could not be assembled as wished."""

    objects: list[Object] = field(default_factory=list)
    conflicts: list[tuple[str, Conflict]] = field(default_factory=list)
    mesh: Object = field(default_factory=dict)
    actions: list[dict[str, str]] = field(default_factory=list)


def assemble(
    virtual_hosts: Sequence[VirtualHost],
    services: Mapping[str, Service],
    target: GatewayRef,
    edits: Sequence[Edit] = (),
) -> Assembled:
    """The Istio objects of all sites: Gateways, VirtualServices, DestinationRules, others."""
    out = Assembled()
    outside = _outside(virtual_hosts)
    policies = Policies(virtual_hosts, services, {host: o.namespace for host, o in outside.items()})
    out.conflicts += policies.conflicts
    names, routes = Names(), Routes(policies)
    virtual: list[Object] = []
    others: dict[tuple[str, str, str], Object] = {}
    for virtual_host in virtual_hosts:
        hosts = virtual_host.names
        found, conflicts = http_routes(virtual_host, routes)
        out.conflicts += conflicts
        made_of = {"http": found, "tls": tls_routes(virtual_host, policies)}
        virtual.append(_virtual_service(virtual_host, hosts, made_of, target, names))
        for edit in (
            *virtual_host.edits,
            *(e for p in virtual_host.route_sources for e in p.edits),
        ):
            _apart(edit, out, others)
            if edit.target == "other-host" and edit.path not in hosts:
                twin = {"http": [dict(r) for r in edit.value["http"]]}
                virtual.append(_virtual_service(virtual_host, [edit.path], twin, target, names))
    for edit in edits:
        _apart(edit, out, others)
    entries = [service_entry(host, outside[host], target) for host in sorted(outside)]
    everything = [
        *gateways(virtual_hosts, target),
        *virtual,
        *policies.objects(),
        *entries,
        *others.values(),
    ]
    out.objects = sorted(everything, key=order)
    return out


def _apart(edit: Edit, out: Assembled, others: dict[tuple[str, str, str], Object]) -> None:
    """What belongs to no route: objects of their own, mesh configuration, things to do."""
    if edit.target == "resource":
        known = others.setdefault(identity(edit.value), dict(edit.value))
        if known != edit.value:
            clash = Conflict("the whole object", str(known), str(edit.value))
            out.conflicts.append((" ".join(identity(edit.value)), clash))
    elif edit.target == "mesh":
        out.conflicts += [(MESH, c) for c in merge_field(out.mesh, edit.path, edit.value)]
    elif edit.target == "action":
        wanted = {"kind": edit.path, **edit.value}
        if wanted not in out.actions:
            out.actions.append(wanted)


def _outside(virtual_hosts: Sequence[VirtualHost]) -> dict[str, Outside]:
    found: dict[str, Outside] = {}
    for virtual_host in virtual_hosts:
        for edit in (e for source in virtual_host.route_sources for e in source.edits):
            if edit.target == "outside":
                there = found.setdefault(edit.path, Outside())
                there.namespaces.add(virtual_host.namespace)
                there.ports.setdefault(edit.port, edit.value)
    return found


def tls_routes(virtual_host: VirtualHost, policies: Policies) -> list[Object]:
    """The TLSRoutes of a site whose TLS passes through."""
    return [
        {
            "match": [{"port": 443, "sniHosts": [virtual_host.host]}],
            "route": [policies.destination({"upstream": edit.path}, None)],
        }
        for edit in virtual_host.edits
        if edit.target == "tls-route"
    ]


MESH = "*"
"""Where a conflict in the mesh configuration is: everywhere."""
KINDS = ("Gateway", "VirtualService", "DestinationRule", "ServiceEntry", "AuthorizationPolicy")


def order(obj: Object) -> tuple[str, int, str, str]:
    """By namespace, then kind, then name."""
    kind, namespace, name = identity(obj)
    rank = KINDS.index(kind) if kind in KINDS else len(KINDS)
    return namespace, rank, kind, name


def service_entry(host: str, outside: Outside, target: GatewayRef) -> Noted:
    """Make the ServiceEntry of a host outside, for who routes to it and for the gateway.

    A port for TLS is called TLS: pods of the mesh that open TLS to the host themselves are let
    through.
    """
    spec: Object = {
        "hosts": [host],
        "exportTo": [".", *sorted((outside.namespaces | {target.namespace}) - {outside.namespace})],
        "location": "MESH_EXTERNAL",
        "resolution": "DNS",
        "ports": [
            {"number": number, "name": f"{protocol.lower()}-{number}", "protocol": protocol}
            for number, protocol in sorted(outside.ports.items())
        ],
    }
    try:
        ipaddress.ip_address(host)
        spec |= {"resolution": "STATIC", "endpoints": [{"address": host}]}
    except ValueError:
        pass
    return made("ServiceEntry", outside.namespace, dns_name(host), spec, [])


def _virtual_service(
    virtual_host: VirtualHost,
    hosts: Sequence[str],
    routes: Mapping[str, list[Object]],
    target: GatewayRef,
    names: Names,
) -> Noted:
    spec = {
        "hosts": list(hosts),
        "gateways": [f"{target.namespace}/{virtual_host.gateway}"],
        **{kind: found for kind, found in routes.items() if found},
    }
    text = "catch-all" if hosts[0] == "*" else hosts[0]
    name = names.name(virtual_host.namespace, text)
    return made("VirtualService", virtual_host.namespace, name, spec, list(virtual_host.sources))
