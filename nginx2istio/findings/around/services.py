"""Fields of Services that Istio obeys and ingress-nginx does not: it asks for all ready pods.

A headless Service is like any other to a gateway (``convertResolution`` in pilot): no finding.
"""

from __future__ import annotations

from collections.abc import Iterator

from nginx2istio.findings.around.estate import Estate
from nginx2istio.findings.collisions import origin_of
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.inputs.held.fields import mapping
from nginx2istio.rule import Message

NODE_LOCAL = Message(
    "N2I088",
    "approximated",
    "error",
    "Service for clients of one node",
    "Service {key} has internalTrafficPolicy: Local, which ingress-nginx ignores. Envoy uses pods "
    "of its own node only, and a gateway pod without one answers 503.",
    "Point the routes at another Service of the same pods, without this field.",
    frozenset({"status", "balancing"}),
)
NEAR_FIRST = Message(
    "N2I089",
    "approximated",
    "info",
    "Service that prefers near pods",
    "Service {key} prefers near pods ({why}), which ingress-nginx ignores. Envoy prefers pods of "
    "its own zone or node, which may get more requests than others.",
    "",
    frozenset({"balancing"}),
)
MESSAGES = (NODE_LOCAL, NEAR_FIRST)

_ANNOTATION = "networking.istio.io/traffic-distribution"


def findings(estate: Estate) -> Iterator[PlacedFinding]:
    """Of each backend: the fields by which Envoy chooses among its pods."""
    for backend in estate.backends:
        if backend.service is None:
            continue
        spec = mapping(backend.service.body.get("spec"))
        notes = mapping(backend.service.metadata.get("annotations"))
        fields = {
            "trafficDistribution": spec.get("trafficDistribution"),
            _ANNOTATION: notes.get(_ANNOTATION),
        }
        near = next((f"{name}: {text}" for name, text in fields.items() if text), "")
        messages = [NODE_LOCAL] if spec.get("internalTrafficPolicy") == "Local" else []
        messages += [NEAR_FIRST] if near else []
        for message in messages:
            for path, hosts in backend.places.items():
                origin = origin_of(backend.service)
                yield placed(message, origin, hosts, path, backend.key, why=near)
