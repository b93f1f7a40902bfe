"""PeerAuthentications and the mTLS of the gateway, which ingress-nginx does not speak by itself.

The gateway sends mTLS to pods with a proxy and plain traffic to others (auto mTLS), whatever the
mode is, unless a DestinationRule or the mesh configuration says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nginx2istio.findings.around.estate import Backend, Estate, Pods
from nginx2istio.findings.around.policies import applies
from nginx2istio.findings.collisions import origin_of
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.inputs.held.fields import mapping, mappings
from nginx2istio.inputs.resource import Resource
from nginx2istio.nginx.model import Origin
from nginx2istio.rule import Message

TLS_IN_STRICT = Message(
    "N2I075",
    "approximated",
    "error",
    "Strict mTLS refuses TLS to backends",
    "The gateway opens TLS to Service {key} as nginx does. PeerAuthentication STRICT makes the "
    "backend's proxy take Istio's mTLS only, so the gateway answers 503.",
    "Set portLevelMtls for the port to PERMISSIVE, or let the backend listen without TLS.",
    frozenset({"status", "protocol"}),
)
MTLS_TO_PLAIN = Message(
    "N2I076",
    "approximated",
    "error",
    "Istio's mTLS to pods without proxy",
    "This DestinationRule makes the gateway send Istio's mTLS to Service {key}, whose pods have "
    "no proxy. The gateway answers 503.",
    "Add a DestinationRule for this Service with tls.mode DISABLE, or put its pods into the mesh.",
    frozenset({"status", "protocol"}),
)
PLAIN_TO_STRICT = Message(
    "N2I077",
    "approximated",
    "error",
    "Plain traffic to strict mTLS",
    "The mesh configuration switches auto mTLS off, so the gateway sends plain traffic to "
    "Service {key}. PeerAuthentication STRICT refuses it, and the gateway answers 503.",
    "Enable auto mTLS, or add a DestinationRule with Istio's mutual TLS for the Service.",
    frozenset({"status", "protocol"}),
)
STRICT_LETS_IN = Message(
    "N2I078",
    "approximated",
    "warning",
    "Strict mTLS that lets the gateway in",
    "PeerAuthentication STRICT keeps ingress-nginx out of Service {key}, because its pods are not "
    "in the mesh. The gateway is in the mesh and reaches the Service.",
    "Check that clients should reach this Service.",
    frozenset({"status", "access"}),
)
MESSAGES = (TLS_IN_STRICT, MTLS_TO_PLAIN, PLAIN_TO_STRICT, STRICT_LETS_IN)

_OUTSIDE_TLS = ("SIMPLE", "MUTUAL")


def findings(estate: Estate) -> Iterator[PlacedFinding]:
    """What PeerAuthentications and DestinationRules make of the gateway's connections."""
    ours: dict[str, list[Mapping[str, Any]]] = {}
    for obj in estate.of_ours("DestinationRule"):
        ours.setdefault(str(obj["spec"]["host"]), []).append(obj["spec"])
    for backend in estate.backends:
        meshed = [pods for pods in backend.pods if estate.in_mesh(pods)]
        for pods in meshed:
            policy = _strict(pods, backend, estate)
            if policy:
                yield from _into_strict(policy, backend, ours, estate)
                break
        if not meshed and all(estate.in_mesh(pods) is False for pods in backend.pods):
            yield from _into_plain(backend, ours, estate)


def _strict(pods: Pods, backend: Backend, estate: Estate) -> Resource | None:
    """The PeerAuthentication that makes mTLS strict for pods: the narrowest that says a mode."""
    ranks: dict[int, Resource] = {}
    modes: dict[int, str] = {}
    for policy in estate.within("PeerAuthentication", pods.namespace, estate.root):
        spec = mapping(policy.body.get("spec"))
        selector = mapping(spec.get("selector")).get("matchLabels")
        if not applies(policy, pods):
            continue
        rank = 2 if selector else 1 if policy.namespace == pods.namespace else 0
        by_port = {str(k): v for k, v in mapping(spec.get("portLevelMtls")).items()}
        at_port = next((by_port[port] for port in backend.ports if port in by_port), None)
        mode = str(mapping(at_port or spec.get("mtls")).get("mode") or "UNSET")
        if mode != "UNSET" and (rank < 2 or policy.namespace == pods.namespace):
            ranks[rank], modes[rank] = policy, mode
    best = max(ranks, default=None)
    return ranks[best] if best is not None and modes[best] == "STRICT" else None


def _into_strict(
    policy: Resource,
    backend: Backend,
    ours: Mapping[str, list[Mapping[str, Any]]],
    estate: Estate,
) -> Iterator[PlacedFinding]:
    nginx_in_mesh = estate.in_mesh(estate.nginx) if estate.choice.workload else None
    modes = {mode for spec in ours.get(backend.host, ()) for mode in _modes(spec)}
    others = {mode for _, spec in _rules_for(backend, estate) for mode in _modes(spec)}
    origin = origin_of(policy)
    if modes.intersection(_OUTSIDE_TLS):
        if nginx_in_mesh is not False:
            yield from _at(TLS_IN_STRICT, origin, backend)
    elif estate.mesh.get("enableAutoMtls") is False and "ISTIO_MUTUAL" not in modes | others:
        yield from _at(PLAIN_TO_STRICT, origin, backend)
    elif nginx_in_mesh is False:
        yield from _at(STRICT_LETS_IN, origin, backend)


def _into_plain(
    backend: Backend, ours: Mapping[str, list[Mapping[str, Any]]], estate: Estate
) -> Iterator[PlacedFinding]:
    for rule, spec in _rules_for(backend, estate):
        narrower = backend.host in ours and "*" in str(spec.get("host"))
        if "ISTIO_MUTUAL" in _modes(spec) and not narrower:
            yield from _at(MTLS_TO_PLAIN, origin_of(rule), backend)


def _rules_for(backend: Backend, estate: Estate) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    """The DestinationRules that were read and hold for the gateway's traffic to a Service."""
    spaces = (estate.options.gateway_namespace, backend.namespace, estate.root)
    for rule in estate.within("DestinationRule", *spaces):
        spec = mapping(rule.body.get("spec"))
        host = str(spec.get("host") or "")
        full = host if "." in host or "*" in host else f"{host}.{rule.namespace}.svc.cluster.local"
        wild = full.startswith("*") and backend.host.endswith(full[1:])
        if wild or full == backend.host:
            yield rule, spec


def _modes(spec: Mapping[str, Any]) -> set[str]:
    """The modes of TLS that a DestinationRule sets, for all subsets and ports."""
    policies = [mapping(spec.get("trafficPolicy"))]
    policies += [mapping(subset.get("trafficPolicy")) for subset in mappings(spec.get("subsets"))]
    policies += [port for p in policies for port in mappings(p.get("portLevelSettings"))]
    return {str(mapping(policy.get("tls")).get("mode") or "") for policy in policies} - {""}


def _at(message: Message, origin: Origin, backend: Backend) -> Iterator[PlacedFinding]:
    for path, hosts in backend.places.items():
        yield placed(message, origin, hosts, path, key=backend.key)
