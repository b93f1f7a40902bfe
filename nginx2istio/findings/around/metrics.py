"""What looks at the metrics of ingress-nginx: they stop when the traffic leaves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nginx2istio.findings.around.estate import CONTROLLER_LABELS, Estate
from nginx2istio.findings.around.selectors import selects
from nginx2istio.findings.collisions import origin_of
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.inputs.held.fields import mapping, mappings
from nginx2istio.inputs.held.neighbours import about_nginx
from nginx2istio.inputs.resource import Resource
from nginx2istio.rule import Message

SCALED = Message(
    "N2I092",
    "approximated",
    "error",
    "Scaling by metrics of ingress-nginx",
    "This {key} scales {target} by metrics of ingress-nginx, which fall to 0 as the traffic "
    "moves. It then runs {least}, under all the traffic of the gateway.",
    "Change the query to a metric of the gateway (istio_requests_total) before DNS moves.",
    frozenset({"status", "timeout"}),
)
WATCHED = Message(
    "N2I093",
    "approximated",
    "info",
    "Monitoring of ingress-nginx",
    "This {key} {does}, which says nothing when the traffic has moved to the gateway.",
    "Add the metrics of the gateway, and rewrite queries for them (nginx2istio metrics FILE).",
    frozenset({"logging"}),
)
MESSAGES = (SCALED, WATCHED)

_LEAST = {"ScaledObject": ("minReplicaCount", 0), "HorizontalPodAutoscaler": ("minReplicas", 1)}


def findings(estate: Estate) -> Iterator[PlacedFinding]:
    """Of each object that asks for the controller's metrics: what comes of it."""
    for kind, (field, usual) in _LEAST.items():
        for resource in estate.of(kind):
            yield from _scaled(resource, field, usual, estate)
    for resource in estate.of("PrometheusRule"):
        groups = mappings(mapping(resource.body.get("spec")).get("groups"))
        rules = [r for g in groups for r in mappings(g.get("rules")) if about_nginx(r.get("expr"))]
        names = [str(rule.get("alert") or rule.get("record") or "") for rule in rules]
        if names:
            shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
            does = f"computes {shown} from metrics of ingress-nginx"
            yield placed(WATCHED, origin_of(resource), (), key=resource.kind, does=does)
    for kind in ("ServiceMonitor", "PodMonitor"):
        for resource in estate.of(kind):
            if _watches(resource, estate):
                does = "reads the metrics of ingress-nginx"
                yield placed(WATCHED, origin_of(resource), (), key=resource.kind, does=does)


def _scaled(resource: Resource, field: str, usual: int, estate: Estate) -> Iterator[PlacedFinding]:
    spec = mapping(resource.body.get("spec"))
    named = [*mappings(spec.get("metrics")), *mappings(spec.get("triggers"))]
    if not any(about_nginx(part) for part in named):
        return
    target = mapping(spec.get("scaleTargetRef"))
    count = spec.get(field)
    least = usual if count is None else int(count)
    pods = "no pod" if least == 0 else "1 pod" if least == 1 else f"{least} pods"
    facts: Mapping[str, str] = {
        "target": f"{target.get('kind') or 'Deployment'} {target.get('name') or ''}".strip(),
        "least": pods if len(named) == 1 else f"as few as {pods}",
    }
    hosts = tuple(
        dict.fromkeys(
            h for b in estate.backends if b.namespace == resource.namespace for h in b.hosts
        )
    )
    yield placed(SCALED, origin_of(resource), hosts, key=resource.kind, **facts)


def _watches(resource: Resource, estate: Estate) -> bool:
    """Whether a monitor looks for the controller's Service or pods, and for little else."""
    spec = mapping(resource.body.get("spec"))
    selector = mapping(spec.get("selector"))
    labels = {**CONTROLLER_LABELS, **estate.nginx.labels}
    if not selector or selects(selector, labels, False) is False:
        return False
    terms = mapping(selector.get("matchLabels"))
    if not any(labels.get(str(key)) == value for key, value in terms.items()):
        return False
    places = mapping(spec.get("namespaceSelector"))
    spaces = places.get("matchNames") or [resource.namespace]
    return bool(places.get("any")) or estate.nginx.namespace in spaces
