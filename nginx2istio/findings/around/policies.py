"""What an AuthorizationPolicy is for."""

from __future__ import annotations

from nginx2istio.findings.around.estate import Estate, Pods
from nginx2istio.findings.around.selectors import Answer, selects
from nginx2istio.inputs.held.fields import mapping
from nginx2istio.inputs.resource import Resource

IDENTITY = ("principals", "namespaces", "serviceAccounts")
CONDITIONS = {
    "source.principal": "principals",
    "source.namespace": "namespaces",
    "source.serviceAccount": "serviceAccounts",
}
"""Conditions that look at the sender's identity, and the field of a source that says the same."""


def policies_for(namespace: str, estate: Estate) -> list[Resource]:
    """The policies of pods of a namespace: not those of a waypoint or a Gateway of Gateway API."""
    policies = estate.within("AuthorizationPolicy", namespace, estate.root)
    return [policy for policy in policies if not _targets(policy)]


def _targets(policy: Resource) -> bool:
    spec = mapping(policy.body.get("spec"))
    return bool(spec.get("targetRef") or spec.get("targetRefs"))


def applies(policy: Resource, pods: Pods) -> Answer:
    """Whether its selector takes some pods."""
    selector = mapping(mapping(policy.body.get("spec")).get("selector"))
    return selects(selector, pods.labels, pods.complete)


def action_of(policy: Resource) -> str:
    """ALLOW, DENY, CUSTOM or AUDIT."""
    return str(mapping(policy.body.get("spec")).get("action") or "ALLOW").upper()
