"""Gateways and VirtualServices: their hosts and servers, and which of them is at fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nginx2istio.istio.check import values
from nginx2istio.istio.check.fault import Fault, ObjectKey
from nginx2istio.istio.check.http_route import HttpRoutes, target
from nginx2istio.istio.check.schema import below, misfits, spec_schema

PROTOCOLS = ("HTTP", "HTTPS", "TLS")
TLS_MODES_WITH_CA = ("MUTUAL", "OPTIONAL_MUTUAL")


def virtual_service_faults(
    at: ObjectKey, spec: Mapping[str, Any], routes: HttpRoutes
) -> Iterator[Fault]:
    """ValidateVirtualService."""
    hosts = spec["hosts"]
    for host in hosts:
        wrong = values.domain(host)
        if wrong and not values.address(host):
            yield Fault(at, wrong, (host,))
    for host in _taken_in(hosts) if len(hosts) > 1 else ():
        reason = f"{values.shown(host)} beside {values.shown(hosts[0])} in a VirtualService"
        yield Fault(at, reason, (host,))
    for gateway in spec["gateways"]:
        space, _, name = gateway.partition("/")
        for reason in filter(None, (values.label(space), values.label(name))):
            yield Fault(at, reason, hosts)
    if not hosts or not (spec.get("http") or spec.get("tls")):
        yield Fault(at, "no hosts or no routes", hosts)
    for route in spec.get("http", ()):
        for reason in routes.reasons(route):
            yield Fault(at, reason, hosts, route.get("name", ""))
    for route in spec.get("tls", ()):
        for reason in _tls_route(route, hosts):
            if reason:
                yield Fault(at, reason, hosts)


def _taken_in(hosts: Sequence[str]) -> Iterator[str]:
    """The hosts that equal another one before them, or that one with a star takes in."""
    stars = [host[1:] for host in hosts if host.startswith("*")]
    for number, host in enumerate(hosts):
        if number and (
            host in hosts[:number]
            or (host.startswith("*") and any(other.endswith(host[1:]) for other in hosts[:number]))
            or any(host.endswith(end) and host != f"*{end}" for end in stars)
        ):
            yield host


def _tls_route(route: Mapping[str, Any], hosts: Sequence[str]) -> Iterator[str]:
    wrong = list(misfits(below(spec_schema("VirtualService"), "tls"), route, "tls"))
    if wrong:
        yield from wrong
        return
    for match in route["match"]:
        for name in match["sniHosts"]:
            yield values.domain(name)
            if name not in hosts:
                yield f"the name {values.shown(name)}, which is no host of it"
    if not route.get("route"):
        yield "a TLS route to nowhere"
    for destination in route.get("route", ()):
        yield from target(destination["destination"])


def gateway_faults(at: ObjectKey, spec: Mapping[str, Any]) -> Iterator[Fault]:
    """ValidateGateway; a TLS host stands in one server only, as pilot skips the second."""
    name = values.label(at[2])
    if name:
        yield Fault(at, name)
    selector = {"selector": spec.get("selector", {})}
    for reason in misfits(spec_schema("Gateway"), selector) if spec["servers"] else ("no server",):
        yield Fault(at, reason)
    ports = [server["port"]["name"] for server in spec["servers"]]
    if len(ports) > len({*ports}):
        yield Fault(at, "two servers of one name")
    for server in spec["servers"]:
        hosts = [host.rpartition("/")[2] for host in server["hosts"]]
        for host in server["hosts"]:
            space, _, domain = host.rpartition("/")
            reason = values.domain(domain) or (values.label(space) if space != "*" else "")
            if reason:
                yield Fault(at, reason, (domain,))
        if not hosts:
            yield Fault(at, "a server without hosts")
        for reason in _server(server):
            if reason:
                yield Fault(at, reason, hosts)


def _server(server: Mapping[str, Any]) -> Iterator[str]:
    known = below(spec_schema("Gateway"), "servers")
    wrong = list(misfits(known, {k: v for k, v in server.items() if k != "hosts"} | {"hosts": []}))
    if wrong:
        yield from wrong
        return
    if not server["port"]["name"]:
        yield "a server without a name"
    if server["port"]["protocol"] not in PROTOCOLS:
        yield f"{values.shown(server['port']['protocol'])} is no protocol of a server"
    yield values.port(server["port"]["number"])
    tls = server.get("tls")
    if (server["port"]["protocol"] in ("HTTPS", "TLS")) != (tls is not None):
        yield "TLS settings on a port without TLS, or a port without them"
    names = [tls.get("credentialName"), *tls.get("credentialNames", ())] if tls else []
    if tls and tls.get("mode") != "PASSTHROUGH" and not any(names):
        yield "no name of a certificate"
    if len(names) > 3 or (len(names) > 1 and names[0]):
        yield "too many certificates"
    if tls and tls.get("mode") in TLS_MODES_WITH_CA and tls.get("caCertificates"):
        yield "credentialName beside caCertificates"
