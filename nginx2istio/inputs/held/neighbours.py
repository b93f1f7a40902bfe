"""What is held of objects of other programs: what they have to do with Ingresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nginx2istio.inputs.held.fields import mapping, mappings, name_only
from nginx2istio.inputs.held.workloads import template_of
from nginx2istio.inputs.resource import Node

CONTROLLER_METRIC = "nginx_ingress_controller_"
"""How the names of the controller's metrics begin."""


def _picked(spec: Mapping[str, Any], *fields: str) -> dict[str, Any]:
    return {key: spec[key] for key in fields if spec.get(key) is not None}


def _metrics(items: Any, *fields: str) -> list[dict[str, Any]]:
    """The metrics among a list that are the controller's, without what else is said of them."""
    named = [item for item in mappings(items) if about_nginx(item)]
    return [_picked(item, *fields) for item in named]


def about_nginx(value: Any) -> bool:
    """Whether a text anywhere in a value names a metric of ingress-nginx, or an Ingress."""
    if isinstance(value, Mapping):
        return value.get("kind") == "Ingress" or any(map(about_nginx, value.values()))
    if isinstance(value, list):
        return any(map(about_nginx, value))
    return isinstance(value, str) and CONTROLLER_METRIC in value


def scaler(item: Node) -> Node:
    """Of what scales pods: which, to how few, and by which metrics of the controller.

    The metadata of a ScaledObject's trigger may hold addresses and credentials.
    """
    spec = mapping(item.get("spec"))
    fields = _picked(spec, "scaleTargetRef", "minReplicaCount", "minReplicas")
    if "metrics" in spec:
        fields["metrics"] = _metrics(spec["metrics"], "type", "external", "object", "pods")
    if "triggers" in spec:
        fields["triggers"] = [
            {"type": trigger.get("type"), "metadata": {"query": CONTROLLER_METRIC}}
            for trigger in _metrics(spec["triggers"], "type")
        ]
    return Node({**name_only(item), "spec": fields})


def alerts(item: Node) -> Node:
    """Of a PrometheusRule: the names of the rules that look at the controller."""
    groups = mappings(mapping(item.get("spec")).get("groups"))
    rules = [rule for group in groups for rule in _metrics(group.get("rules"), "alert", "record")]
    named = [{**rule, "expr": CONTROLLER_METRIC} for rule in rules]
    return Node({**name_only(item), "spec": {"groups": [{"rules": named}] if named else []}})


def monitor(item: Node) -> Node:
    """Of a ServiceMonitor or PodMonitor: what it looks for, and where."""
    fields = _picked(mapping(item.get("spec")), "selector", "namespaceSelector")
    return Node({**name_only(item), "spec": fields})


def rollout(item: Node) -> Node:
    """Of a Rollout of Argo: its pods, and how it moves traffic."""
    spec = mapping(item.get("spec"))
    canary = mapping(mapping(spec.get("strategy")).get("canary"))
    fields = _picked(canary, "stableService", "canaryService", "trafficRouting")
    template = {"template": template_of(spec)} if spec.get("template") else {}
    return Node({**name_only(item, "labels"), "spec": {**template, "strategy": {"canary": fields}}})


def flagger_canary(item: Node) -> Node:
    """Of a Canary of Flagger: what it is for."""
    spec = mapping(item.get("spec"))
    fields = _picked(spec, "provider", "ingressRef", "targetRef")
    if spec.get("service"):
        fields["service"] = _picked(mapping(spec["service"]), "name")
    return Node({**name_only(item), "spec": fields})


def issuer(item: Node) -> Node:
    """Of an Issuer of cert-manager: the Ingresses of its challenges."""
    acme = mapping(mapping(item.get("spec")).get("acme"))
    solvers = [_picked(solver, "http01") for solver in mappings(acme.get("solvers"))]
    return Node({**name_only(item), "spec": {"acme": {"solvers": solvers}} if acme else {}})
