"""Istio objects that are there already, and get in the way of the new ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from nginx2istio.base.options import Options
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.inputs.resource import Resource
from nginx2istio.istio.objects import MANAGED_BY, OURS, VERSIONS, Object, identity
from nginx2istio.nginx.build.ingresses import KubernetesObject
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Origin
from nginx2istio.rule import Message

NAME_TAKEN = Message(
    "N2I040",
    "approximated",
    "error",
    "Object name that is taken",
    "The cluster has a {key} of this name that nginx2istio did not write. Applying the new "
    "objects replaces it.",
    "Rename it, or merge the two, before you apply anything.",
    frozenset({"routing"}),
)
HOST_TAKEN = Message(
    "N2I041",
    "approximated",
    "error",
    "Host that another VirtualService serves",
    "This VirtualService already serves {key} at a gateway. Istio joins both route "
    "lists, oldest object first, and the new routes may never match.",
    "Delete it, or move its routes into the new one.",
    frozenset({"routing"}),
)
PORT_TAKEN = Message(
    "N2I042",
    "approximated",
    "error",
    "TLS host that another Gateway serves",
    "This Gateway already serves {key} on port {port} with a certificate. Istio accepts a TLS"
    " host once and ignores it in the newer object.",
    "Use the Gateway that is there (--gateway {gateway}), or remove the host from one of the two.",
    frozenset({"tls"}),
)
POLICY_THERE = Message(
    "N2I043",
    "approximated",
    "warning",
    "Service that has a DestinationRule",
    "This DestinationRule is for {key}, a host that the new routes use. {so}.",
    "Compare the two policies, and keep one object for the host.",
    frozenset({"timeout", "balancing", "retries", "affinity", "protocol"}),
)
MESSAGES = tuple(v for v in list(globals().values()) if isinstance(v, Message))

MERGED = "Istio uses the policy of the older one and the subsets of both"
ADDED = "Its policy holds for the new routes, too, beside what nginx did"


def findings(
    resources: Iterable[Resource],
    config: NginxConfig,
    objects: Sequence[Object],
    options: Options,
) -> Iterator[PlacedFinding]:
    """Of each object that was read and is not of an earlier conversion: with what it collides."""
    existing = [r for r in resources if r.kind in VERSIONS and not is_ours(r)]
    if not existing:
        return
    names = {identity(o) for o in objects}
    hosts = {h for o in objects if o["kind"] == "VirtualService" for h in o["spec"]["hosts"]}
    secure = {key for o in objects if o["kind"] == "Gateway" for key in _secure(o["spec"])}
    ruled = {o["spec"]["host"] for o in objects if o["kind"] == "DestinationRule"}
    services = {f"{u.service}.{u.namespace}.svc.cluster.local" for u in config.upstreams.values()}
    for resource in existing:
        spec = resource.body.get("spec")
        if not isinstance(spec, Mapping):
            continue
        at = origin_of(resource)
        if (resource.kind, resource.namespace, resource.name) in names:
            yield placed(NAME_TAKEN, at, (), key=resource.kind)
        elif resource.kind == "VirtualService" and _at_gateway(spec):
            for host in sorted(hosts.intersection(_texts(spec.get("hosts")))):
                yield placed(HOST_TAKEN, at, (host,), key=host)
        elif resource.kind == "Gateway" and _same_pods(spec, options.gateway_selector):
            for port, host in sorted(secure & set(_secure(spec))):
                key = f"{resource.namespace}/{resource.name}"
                yield placed(PORT_TAKEN, at, (host,), key=host, port=port, gateway=key)
        elif resource.kind == "DestinationRule":
            for host in sorted(
                _services_of(str(spec.get("host") or ""), resource.namespace, services)
            ):
                yield placed(POLICY_THERE, at, (), key=host, so=MERGED if host in ruled else ADDED)


def is_ours(resource: Resource) -> bool:
    """Whether an earlier conversion wrote an object."""
    labels = resource.metadata.get("labels") or {}
    return labels.get(MANAGED_BY) in OURS


def origin_of(resource: KubernetesObject) -> Origin:
    """The place of an object that was read."""
    at = resource.line("metadata", "name")
    return Origin(resource.kind, resource.namespace, resource.name, "", resource.file, at)


def _texts(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []


def _at_gateway(spec: Mapping[str, Any]) -> bool:
    """Whether a VirtualService is for a gateway: without any it is for the mesh's sidecars."""
    return any(name != "mesh" for name in _texts(spec.get("gateways")))


def _same_pods(spec: Mapping[str, Any], selector: Mapping[str, str]) -> bool:
    """Whether a Gateway may be for the pods of the new ones: no label says otherwise."""
    other = spec.get("selector")
    other = other if isinstance(other, Mapping) else {}
    return all(other.get(key, value) == value for key, value in selector.items())


def _secure(spec: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Port and host of each TLS host of a Gateway."""
    for server in spec.get("servers") or ():
        port = server.get("port") or {}
        if str(port.get("protocol") or "").upper() in ("HTTPS", "TLS"):
            for host in _texts(server.get("hosts")):
                yield int(port.get("number") or 0), host.rpartition("/")[2]


def _services_of(host: str, namespace: str, services: Set[str]) -> Iterator[str]:
    """The Services that a DestinationRule's host means: a short name is of its own namespace."""
    full = host if "." in host or not host else f"{host}.{namespace}.svc.cluster.local"
    if full.startswith("*"):
        yield from (service for service in services if service.endswith(full[1:]))
    elif full in services:
        yield full
