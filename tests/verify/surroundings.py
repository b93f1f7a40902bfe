"""What is around the controller of a recorded case: pods, Secrets, names that resolve."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from nginx2istio.base.outcome import BackendState, Outcome, World
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Upstream
from nginx2istio.nginx.serve.visit import upstream_name

from ..conformance.records import Case


def world(case: Case, config: NginxConfig) -> World:
    """The pods and Secrets of a case."""
    pods, dead = case.get("pods") or {}, set(case.get("dead_pods") or [])
    states: dict[str, BackendState] = {}
    for service, names in pods.items():
        states[service] = "none" if not names else "dead" if set(names) <= dead else "ready"
    for upstream in config.upstreams.values():
        by_address = bool(upstream.settings.get("service-upstream"))
        if upstream.external_name:
            states[upstream_name(upstream)] = "ready" if _resolved(case, upstream) else "none"
        else:
            states.setdefault(upstream_name(upstream), "dead" if by_address else "none")
    secrets = case.get("secrets") or []
    known = {f"{s['namespace']}/{s['name']}" for s in secrets}
    tls = frozenset(case.get("tls_pods") or [])
    return World(
        states,
        plain=frozenset(name for name in states if name not in tls),
        http1=frozenset() if case["source"] == "new" else frozenset(states),
        untrusted=tls,
        missing_secrets=frozenset(_secrets(config)) - known,
        certificates={
            f"{s['namespace']}/{s['name']}": tuple(s.get("hosts") or ())
            for s in secrets
            if str(s["type"]).startswith("tls")
        },
    )


def as_pods_see(case: Case, config: NginxConfig, outcome: Outcome) -> Outcome:
    """The outcome with the Services that ExternalNames lead to instead of those."""
    led = {
        upstream_name(upstream): _resolved(case, upstream)
        for upstream in config.upstreams.values()
        if upstream.external_name
    }
    backends = {led.get(name) or name: share for name, share in outcome.backends.items()}
    return dataclasses.replace(outcome, backends=backends)


def _resolved(case: Case, upstream: Upstream) -> str:
    """The Service that an ExternalName leads to, with its port; "" where nobody is."""
    name = upstream.external_name.rstrip(".")
    name = (case.get("dns") or {}).get(name, name)
    service, _, rest = name.partition(".")
    namespace, _, rest = rest.partition(".")
    to = f"{namespace}/{service}:{upstream.external_port or upstream.port}"
    pods = case.get("pods") or {}
    if pods.get(upstream_name(upstream)):  # what is outside of the cluster
        return upstream_name(upstream)
    return to if rest.startswith("svc") and pods.get(to) else ""


def _secrets(config: NginxConfig) -> Iterator[str]:
    for setting in config.settings:
        if setting.key in ("auth-secret", "auth-tls-secret", "proxy-ssl-secret"):
            name = str(setting.value)
            yield name if "/" in name else f"{setting.origin.namespace}/{name}"


def missing_credentials(case: Case, objects: Iterable[dict[str, Any]]) -> frozenset[str]:
    """The Secrets that objects name and that nobody can copy: the case has no such Secret."""
    copies = [f"{s['namespace']}--{s['name']}" for s in case.get("secrets") or []]
    known = {*copies, *(f"{name}-cacert" for name in copies)}
    objects = list(objects)
    named: set[str] = set()
    for rule in (o["spec"] for o in objects if o["kind"] == "DestinationRule"):
        for each in (rule, *rule.get("subsets", ())):
            named.add(each.get("trafficPolicy", {}).get("tls", {}).get("credentialName", ""))
    for gateway in (o for o in objects if o["kind"] == "Gateway"):
        for server in gateway["spec"]["servers"]:
            tls = server.get("tls", {})
            named |= {tls.get("credentialName", ""), *tls.get("credentialNames", ())}
            named.add(tls.get("caCertCredentialName", ""))
    return frozenset(named - known - {""})
