"""All that is said of what is around the gateway."""

from __future__ import annotations

from collections.abc import Iterator

from nginx2istio.findings.around import (
    ambient,
    authorization,
    gateway_policies,
    metrics,
    mtls,
    network,
    rollouts,
    services,
    solvers,
    visibility,
)
from nginx2istio.findings.around.estate import TEMPLATES, Estate
from nginx2istio.findings.placed import PlacedFinding

CONCERNS = (
    authorization,
    gateway_policies,
    mtls,
    ambient,
    network,
    visibility,
    services,
    rollouts,
    metrics,
    solvers,
)
MESSAGES = tuple(message for concern in CONCERNS for message in concern.MESSAGES)
KINDS_AROUND = frozenset(
    {
        *TEMPLATES,
        *("Pod", "Namespace", "Service", "ConfigMap", "PeerAuthentication", "NetworkPolicy"),
        *("Canary", "ScaledObject", "HorizontalPodAutoscaler", "PrometheusRule"),
        *("ServiceMonitor", "PodMonitor", "Issuer", "ClusterIssuer"),
    }
)
"""Kinds of objects that are looked at, besides Istio's own that a conversion makes."""


def findings(estate: Estate) -> Iterator[PlacedFinding]:
    """What each concern says."""
    for concern in CONCERNS:
        yield from concern.findings(estate)
