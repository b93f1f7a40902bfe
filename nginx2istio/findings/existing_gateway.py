"""Findings about a Gateway that is there already and is to be used (--gateway)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nginx2istio.base.options import Options
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.inputs.held.fields import mapping, mappings
from nginx2istio.inputs.held.gateways import GatewayPods, lacks_pods
from nginx2istio.inputs.resource import Resource
from nginx2istio.istio.assemble.virtual_host import VirtualHost
from nginx2istio.istio.check.existing_gateway import lack, server_needs, shadowed
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import DEFAULT_SERVER, Origin
from nginx2istio.rule import Message, Requests

LACKING = Message(
    "N2I096",
    "unsupported",
    "error",
    "Gateway that lacks what a host needs",
    "Gateway {key} {why}. {result}.",
    "Add the host to the Gateway, or convert without --gateway.",
    frozenset({"routing", "tls", "redirect", "status", "auth", "access"}),
)
UNCHECKED = Message(
    "N2I097",
    "approximated",
    "warning",
    "Gateway that is not in the input",
    "The input lacks Gateway {key}, so nothing checks that it serves the converted hosts.",
    "Add the Gateway to the input, or scan its namespace.",
    frozenset({"routing", "tls", "redirect"}),
)
DECIDES = Message(
    "N2I098",
    "approximated",
    "warning",
    "TLS settings of the existing Gateway",
    "Gateway {key} decides about certificates, TLS versions and ciphers, and which hosts share a "
    "connection. The conversion does not change them.",
    "Compare them with those of ingress-nginx.",
    frozenset({"tls", "routing", "status"}),
    (Requests(scheme="https"),),
)
NO_PODS = Message(
    "N2I099",
    "approximated",
    "error",
    "Gateway pods that do not exist",
    "No pods in namespace {namespace} have the labels {key}. The input has these gateways: "
    "{others}.",
    "Name one of them: --gateway-namespace NAMESPACE --gateway-selector istio=NAME.",
    frozenset({"routing"}),
)
MESSAGES = (LACKING, UNCHECKED, DECIDES, NO_PODS)


def existing_gateway(
    key: str,
    resources: Iterable[Resource],
    virtual_hosts: Sequence[VirtualHost],
    config: NginxConfig,
    served: bool,
) -> tuple[list[PlacedFinding], frozenset[str]]:
    """What is to be said of a Gateway (``namespace/name``), and the hosts that it can't protect.

    Of these it does not ask for the client certificates that they are protected by. ``served``:
    they are served nevertheless (--allow-unprotected).
    """
    namespace, _, name = key.partition("/")
    body = next((r.body for r in resources if _is(r, namespace, name)), None)
    out = []
    unasked = "Everybody gets in" if served else "The host answers 503"
    unprotected = {need.host for need in server_needs(virtual_hosts) if need.certificates}
    if any(443 in host.ports for host in virtual_hosts):
        out.append(placed(DECIDES, Origin(), ("*",), key=key))
    if body is None:
        out.append(placed(UNCHECKED, Origin(), ("*",), key=key))
        why = "is not in the input, and the host asks for client certificates"
        out += [_lacking(key, host, why, unasked, config, host) for host in sorted(unprotected)]
        return out, frozenset() if served else frozenset(unprotected)
    servers = list(mappings(mapping(body.get("spec")).get("servers")))
    closed = set()
    every_name = [name for host in virtual_hosts for name in host.names]
    for need in server_needs(virtual_hosts):
        why = lack(need, servers, namespace)
        if why:
            closed |= {need.host} if need.certificates else set()
            result = unasked if need.certificates else "Its requests do not come to the routes"
            out.append(_lacking(key, need.name, why, result, config, need.host))
    for host in virtual_hosts:
        for name in shadowed(host.names, every_name, servers):
            why = f"lists {name} beside a wildcard, so Istio adds the routes of the wildcard"
            out.append(_lacking(key, name, why, "These may answer first", config, host.host))
    return out, frozenset() if served else frozenset(closed)


def _is(resource: Resource, namespace: str, name: str) -> bool:
    return (resource.kind, resource.namespace, resource.name) == ("Gateway", namespace, name)


def _lacking(
    key: str, name: str, why: str, result: str, config: NginxConfig, host: str
) -> PlacedFinding:
    server = next(
        (s for s in config.servers if s.host in (host, DEFAULT_SERVER * (host == "*"))), None
    )
    origin = server.ingresses[0] if server and server.ingresses else Origin()
    return placed(LACKING, origin, (name,), key=key, why=why, result=result)


def no_pods(options: Options, workloads: Sequence[GatewayPods]) -> Iterator[PlacedFinding]:
    """That the pods of a gateway are not among those that are there, if any are."""
    if lacks_pods(options, workloads):
        labels = ",".join(f"{k}={v}" for k, v in sorted(options.gateway_selector.items()))
        others = ", ".join(f"{pods.namespace}/{pods.name}" for pods in workloads)
        facts = {"key": labels, "namespace": options.gateway_namespace, "others": others}
        yield placed(NO_PODS, Origin(), ("*",), **facts)
