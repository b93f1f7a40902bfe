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
from nginx2istio.istio.assemble.virtual_host import Service, Site, Target
from nginx2istio.istio.edits import Edit
from nginx2istio.istio.fields import Conflict, put
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
    sites: Sequence[Site],
    services: Mapping[str, Service],
    target: Target,
    edits: Sequence[Edit] = (),
) -> Assembled:
    """The Istio objects of all sites: Gateways, VirtualServices, DestinationRules, others."""
    out = Assembled()
    outside = _outside(sites)
    policies = Policies(sites, services, {host: o.namespace for host, o in outside.items()})
    out.conflicts += policies.conflicts
    names, routes = Names(), Routes(policies)
    virtual: list[Object] = []
    others: dict[tuple[str, str, str], Object] = {}
    for site in sites:
        hosts = site.names
        found, conflicts = http_routes(site, routes)
        out.conflicts += conflicts
        made_of = {"http": found, "tls": tls_routes(site, policies)}
        virtual.append(_virtual_service(site, hosts, made_of, target, names))
        for edit in (*site.edits, *(e for p in site.places for e in p.edits)):
            _apart(edit, out, others)
            if edit.target == "other-host" and edit.path not in hosts:
                twin = {"http": [dict(r) for r in edit.value["http"]]}
                virtual.append(_virtual_service(site, [edit.path], twin, target, names))
    for edit in edits:
        _apart(edit, out, others)
    entries = [service_entry(host, outside[host], target) for host in sorted(outside)]
    everything = [
        *gateways(sites, target),
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
        out.conflicts += [(MESH, c) for c in put(out.mesh, edit.path, edit.value)]
    elif edit.target == "action":
        wanted = {"kind": edit.path, **edit.value}
        if wanted not in out.actions:
            out.actions.append(wanted)


def _outside(sites: Sequence[Site]) -> dict[str, Outside]:
    found: dict[str, Outside] = {}
    for site in sites:
        for edit in (e for place in site.places for e in place.edits):
            if edit.target == "outside":
                there = found.setdefault(edit.path, Outside())
                there.namespaces.add(site.namespace)
                there.ports.setdefault(edit.port, edit.value)
    return found


def tls_routes(site: Site, policies: Policies) -> list[Object]:
    """The TLSRoutes of a site whose TLS passes through."""
    return [
        {
            "match": [{"port": 443, "sniHosts": [site.host]}],
            "route": [policies.destination({"upstream": edit.path}, None)],
        }
        for edit in site.edits
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


def service_entry(host: str, outside: Outside, target: Target) -> Noted:
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
    site: Site,
    hosts: Sequence[str],
    routes: Mapping[str, list[Object]],
    target: Target,
    names: Names,
) -> Noted:
    spec = {
        "hosts": list(hosts),
        "gateways": [f"{target.namespace}/{site.gateway}"],
        **{kind: found for kind, found in routes.items() if found},
    }
    text = "catch-all" if hosts[0] == "*" else hosts[0]
    name = names.name(site.namespace, text)
    return made("VirtualService", site.namespace, name, spec, list(site.sources))
