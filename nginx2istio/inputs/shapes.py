"""The fields that are read of each kind of object, with what the API server takes in them.

``validate.py`` holds every object against this table. Whoever reads an object finds each of these
fields absent, null, or as it stands here. What reads a further field adds it here first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nginx2istio.inputs import names
from nginx2istio.inputs.names import NameRule


@dataclass(frozen=True, slots=True)
class ScalarShape:
    """A value of one of ``kinds``: text, integer or boolean.

    A text follows ``name``; an integer is from ``least`` to ``most``.
    """

    kinds: tuple[str, ...]
    name: NameRule | None = None
    least: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class MappingShape:
    """A mapping: the shapes of some ``fields`` and of ``each`` value, the rule for its ``keys``."""

    fields: Mapping[str, Shape]
    each: Shape | None = None
    keys: NameRule | None = None


@dataclass(frozen=True, slots=True)
class ListShape:
    """A list, all items alike."""

    item: Shape


Shape = ScalarShape | MappingShape | ListShape


def _name(rule: NameRule) -> ScalarShape:
    return ScalarShape(("text",), rule)


TEXT = ScalarShape(("text",))
BOOLEAN = ScalarShape(("boolean",))
PORT = ScalarShape(("integer",), least=1, most=65535)
MAPPING = MappingShape({})
LINE = _name(names.PRINTABLE)
LABELS = MappingShape({}, LINE, names.PRINTABLE)
SUBDOMAIN_TEXT = _name(names.SUBDOMAIN)
LABEL_TEXT = _name(names.LABEL)


def _metadata(name: NameRule) -> dict[str, Shape]:
    return {
        "name": _name(name),
        "namespace": LABEL_TEXT,
        "labels": LABELS,
        "annotations": MappingShape({}, TEXT, names.ANNOTATION),
        "creationTimestamp": _name(names.TIME),
    }


def _backend(port_name: NameRule) -> MappingShape:
    port = MappingShape({"name": _name(port_name), "number": PORT})
    return MappingShape(
        {"service": MappingShape({"name": LABEL_TEXT, "port": port}), "resource": MAPPING}
    )


def _object(name: NameRule, **fields: Shape) -> MappingShape:
    return MappingShape({"kind": LINE, "metadata": MappingShape(_metadata(name)), **fields})


def _ingress(port_name: NameRule) -> MappingShape:
    backend = _backend(port_name)
    path = MappingShape({"path": TEXT, "pathType": LINE, "backend": backend})
    rule = MappingShape(
        {"host": _name(names.HOST), "http": MappingShape({"paths": ListShape(path)})}
    )
    tls = MappingShape({"hosts": ListShape(_name(names.TLS_HOST)), "secretName": SUBDOMAIN_TEXT})
    spec: dict[str, Shape] = {
        "ingressClassName": SUBDOMAIN_TEXT,
        "defaultBackend": backend,
        "rules": ListShape(rule),
        "tls": ListShape(tls),
    }
    return _object(names.SUBDOMAIN, spec=MappingShape(spec))


_EXPRESSION = MappingShape({"key": LINE, "operator": LINE, "values": ListShape(LINE)})
_SELECTOR = MappingShape({"matchLabels": LABELS, "matchExpressions": ListShape(_EXPRESSION)})
_SERVICE_PORT = MappingShape(
    {
        "port": PORT,
        "name": LABEL_TEXT,
        "targetPort": ScalarShape(("integer", "text"), names.PORT_NAME, 1, 65535),
        "appProtocol": LINE,
    }
)
_CONTAINER = MappingShape(
    {
        "name": LINE,
        "image": LINE,
        "command": ListShape(TEXT),
        "args": ListShape(TEXT),
    }
)
_POD = MappingShape(
    {
        "containers": ListShape(_CONTAINER),
        "initContainers": ListShape(_CONTAINER),
        "serviceAccountName": LINE,
        "hostNetwork": BOOLEAN,
    }
)
_TEMPLATE_METADATA = MappingShape({"labels": LABELS, "annotations": MappingShape({}, TEXT)})
_TEMPLATE = MappingShape({"metadata": _TEMPLATE_METADATA, "spec": _POD})
_WORKLOAD = _object(names.SUBDOMAIN, spec=MappingShape({"template": _TEMPLATE}))
_DATA = MappingShape({}, TEXT, names.DATA_KEY)
_SECRET = _object(
    names.SUBDOMAIN,
    type=LINE,
    data=_DATA,
    stringData=_DATA,
    # What ``redact`` leaves of a Secret, as it stands in a snapshot.
    keys=ListShape(_name(names.DATA_KEY)),
    certificateNames=ListShape(TEXT),
)


def _specified(**spec: Shape) -> MappingShape:
    return _object(names.SUBDOMAIN, spec=MappingShape(spec))


_LINES = ListShape(LINE)
_MODE = MappingShape({"mode": LINE})
_PORT_POLICY = MappingShape({"port": MappingShape({"number": PORT}), "tls": _MODE})
_TRAFFIC_POLICY = MappingShape({"tls": _MODE, "portLevelSettings": ListShape(_PORT_POLICY)})
_ALL_LINES = MappingShape({}, _LINES)
_CONDITION = MappingShape({"key": LINE, "values": _LINES, "notValues": _LINES})
_AUTHORIZATION_RULE = MappingShape(
    {
        "from": ListShape(MappingShape({"source": _ALL_LINES})),
        "to": ListShape(MappingShape({"operation": _ALL_LINES})),
        "when": ListShape(_CONDITION),
    }
)
_NETWORK_PORT = MappingShape(
    {
        "port": ScalarShape(("integer", "text"), names.PORT_NAME, 1, 65535),
        "endPort": PORT,
        "protocol": LINE,
    }
)
_PEER = MappingShape(
    {
        "ipBlock": MappingShape({"cidr": LINE, "except": _LINES}),
        "namespaceSelector": _SELECTOR,
        "podSelector": _SELECTOR,
    }
)
_NETWORK_POLICY: Mapping[str, Shape] = {
    "podSelector": _SELECTOR,
    "policyTypes": _LINES,
    "ingress": ListShape(
        MappingShape({"from": ListShape(_PEER), "ports": ListShape(_NETWORK_PORT)})
    ),
    "egress": ListShape(MappingShape({"to": ListShape(_PEER), "ports": ListShape(_NETWORK_PORT)})),
}
_NAMED = MappingShape({"kind": LINE, "name": LINE})
_COUNT = ScalarShape(("integer",), least=0, most=2**31 - 1)
_NGINX_ROUTING = MappingShape({"stableIngress": LINE, "stableIngresses": _LINES})
_ROLLOUT_CANARY = MappingShape(
    {
        "stableService": LINE,
        "canaryService": LINE,
        "trafficRouting": MappingShape({"nginx": _NGINX_ROUTING}),
    }
)
_METRIC = MappingShape({"metric": MappingShape({"name": LINE}), "describedObject": _NAMED})
_METRICS = MappingShape({"type": LINE, "external": _METRIC, "object": _METRIC, "pods": _METRIC})
_ALERT = MappingShape(
    {"alert": LINE, "record": LINE, "expr": ScalarShape(("text", "integer"), None, 0, 2**31 - 1)}
)
_MONITORED = MappingShape({"any": BOOLEAN, "matchNames": _LINES})
_SOLVER_INGRESS = MappingShape({"class": LINE, "ingressClassName": LINE, "name": LINE})
_SOLVER = MappingShape({"http01": MappingShape({"ingress": _SOLVER_INGRESS})})
_ISSUER = _specified(acme=MappingShape({"solvers": ListShape(_SOLVER)}))
_MONITOR = _specified(selector=_SELECTOR, namespaceSelector=_MONITORED)

_GATEWAY_PORT = MappingShape({"number": PORT, "protocol": LINE})
_GATEWAY_SERVER = MappingShape({"port": _GATEWAY_PORT, "hosts": ListShape(LINE)})
_UNREAD = MappingShape({"kind": LINE, "namespace": LINE, "why": LINE, "text": TEXT})

NETWORKING_GROUP, SECURITY_GROUP = "networking.istio.io", "security.istio.io"
SHAPES: Mapping[tuple[str, str], MappingShape] = {
    ("networking.k8s.io", "Ingress"): _ingress(names.PORT_NAME),
    ("extensions", "Ingress"): _ingress(names.LABEL),  # API servers before 1.19 took any label
    ("networking.k8s.io", "IngressClass"): _object(
        names.SUBDOMAIN, spec=MappingShape({"controller": LINE})
    ),
    ("", "Service"): _object(
        names.LABEL,
        spec=MappingShape(
            {
                "type": LINE,
                "externalName": _name(names.EXTERNAL_NAME),
                "ports": ListShape(_SERVICE_PORT),
                "selector": LABELS,
                "internalTrafficPolicy": LINE,
                "trafficDistribution": LINE,
            }
        ),
    ),
    ("", "ConfigMap"): _object(names.SUBDOMAIN, data=_DATA),
    ("", "Secret"): _SECRET,
    ("", "Namespace"): _object(names.LABEL),
    ("discovery.k8s.io", "EndpointSlice"): _object(
        names.SUBDOMAIN,
        endpoints=ListShape(MappingShape({"conditions": MappingShape({"ready": BOOLEAN})})),
    ),
    ("apps", "Deployment"): _WORKLOAD,
    ("apps", "DaemonSet"): _WORKLOAD,
    ("apps", "StatefulSet"): _WORKLOAD,
    ("", "Pod"): _object(names.SUBDOMAIN, spec=_POD),
    (NETWORKING_GROUP, "VirtualService"): _specified(
        hosts=ListShape(LINE), gateways=ListShape(LINE)
    ),
    (NETWORKING_GROUP, "Gateway"): _specified(selector=LABELS, servers=ListShape(_GATEWAY_SERVER)),
    (NETWORKING_GROUP, "DestinationRule"): _specified(
        host=LINE,
        trafficPolicy=_TRAFFIC_POLICY,
        subsets=ListShape(MappingShape({"trafficPolicy": _TRAFFIC_POLICY})),
    ),
    (NETWORKING_GROUP, "ServiceEntry"): _specified(),
    (NETWORKING_GROUP, "EnvoyFilter"): _specified(),
    (SECURITY_GROUP, "AuthorizationPolicy"): _specified(
        selector=_SELECTOR,
        targetRef=_NAMED,
        targetRefs=ListShape(_NAMED),
        action=LINE,
        rules=ListShape(_AUTHORIZATION_RULE),
    ),
    (SECURITY_GROUP, "PeerAuthentication"): _specified(
        selector=_SELECTOR, mtls=_MODE, portLevelMtls=MappingShape({}, _MODE)
    ),
    ("networking.k8s.io", "NetworkPolicy"): _specified(**_NETWORK_POLICY),
    ("argoproj.io", "Rollout"): _specified(
        template=_TEMPLATE, strategy=MappingShape({"canary": _ROLLOUT_CANARY})
    ),
    ("flagger.app", "Canary"): _specified(
        provider=LINE, ingressRef=_NAMED, targetRef=_NAMED, service=_NAMED
    ),
    ("keda.sh", "ScaledObject"): _specified(
        scaleTargetRef=_NAMED,
        minReplicaCount=_COUNT,
        triggers=ListShape(MappingShape({"type": LINE, "metadata": MAPPING})),
    ),
    ("autoscaling", "HorizontalPodAutoscaler"): _specified(
        scaleTargetRef=_NAMED, minReplicas=_COUNT, metrics=ListShape(_METRICS)
    ),
    ("monitoring.coreos.com", "PrometheusRule"): _specified(
        groups=ListShape(MappingShape({"rules": ListShape(_ALERT)}))
    ),
    ("monitoring.coreos.com", "ServiceMonitor"): _MONITOR,
    ("monitoring.coreos.com", "PodMonitor"): _MONITOR,
    ("cert-manager.io", "Issuer"): _ISSUER,
    ("cert-manager.io", "ClusterIssuer"): _ISSUER,
    ("nginx2istio", "Snapshot"): MappingShape(
        {
            "namespaces": ListShape(LINE),
            "selector": LINE,
            "complete": MappingShape({}, ListShape(LINE), names.PRINTABLE),
            "unseen": ListShape(_UNREAD),
        }
    ),
}
"""By API group and kind."""

OTHER = MappingShape(
    {
        "kind": LINE,
        "metadata": MappingShape({"name": _name(names.PATH_SEGMENT), "namespace": LINE}),
    }
)
"""Kinds that the tool does not read: their names may stand in a note."""
