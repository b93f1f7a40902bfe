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
_POD = MappingShape({"spec": MappingShape({"containers": ListShape(_CONTAINER)})})
_WORKLOAD = _object(names.SUBDOMAIN, spec=MappingShape({"template": _POD}))
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


def _istio(**spec: Shape) -> MappingShape:
    return _object(names.SUBDOMAIN, spec=MappingShape(spec))


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
    (NETWORKING_GROUP, "VirtualService"): _istio(hosts=ListShape(LINE), gateways=ListShape(LINE)),
    (NETWORKING_GROUP, "Gateway"): _istio(selector=LABELS, servers=ListShape(_GATEWAY_SERVER)),
    (NETWORKING_GROUP, "DestinationRule"): _istio(host=LINE),
    (NETWORKING_GROUP, "ServiceEntry"): _istio(),
    (NETWORKING_GROUP, "EnvoyFilter"): _istio(),
    (SECURITY_GROUP, "AuthorizationPolicy"): _istio(),
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
