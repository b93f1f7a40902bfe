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
class Scalar:
    """A value of one of ``kinds``: text, integer or boolean.

    A text follows ``name``; an integer is from ``least`` to ``most``.
    """

    kinds: tuple[str, ...]
    name: NameRule | None = None
    least: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping: the shapes of some ``fields`` and of ``each`` value, the rule for its ``keys``."""

    fields: Mapping[str, Shape]
    each: Shape | None = None
    keys: NameRule | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list, all items alike."""

    item: Shape


Shape = Scalar | Fields | Items


def _name(rule: NameRule) -> Scalar:
    return Scalar(("text",), rule)


TEXT = Scalar(("text",))
BOOLEAN = Scalar(("boolean",))
PORT = Scalar(("integer",), least=1, most=65535)
MAPPING = Fields({})
PRINTABLE = _name(names.PRINTABLE)
LABELS = Fields({}, PRINTABLE, names.PRINTABLE)
SUBDOMAIN = _name(names.SUBDOMAIN)
LABEL = _name(names.LABEL)


def _metadata(name: NameRule) -> dict[str, Shape]:
    return {
        "name": _name(name),
        "namespace": LABEL,
        "labels": LABELS,
        "annotations": Fields({}, TEXT, names.ANNOTATION),
        "creationTimestamp": _name(names.TIME),
    }


def _backend(port_name: NameRule) -> Fields:
    port = Fields({"name": _name(port_name), "number": PORT})
    return Fields({"service": Fields({"name": LABEL, "port": port}), "resource": MAPPING})


def _object(name: NameRule, **fields: Shape) -> Fields:
    return Fields({"kind": PRINTABLE, "metadata": Fields(_metadata(name)), **fields})


def _ingress(port_name: NameRule) -> Fields:
    backend = _backend(port_name)
    path = Fields({"path": TEXT, "pathType": PRINTABLE, "backend": backend})
    rule = Fields({"host": _name(names.HOST), "http": Fields({"paths": Items(path)})})
    tls = Fields({"hosts": Items(_name(names.TLS_HOST)), "secretName": SUBDOMAIN})
    spec: dict[str, Shape] = {
        "ingressClassName": SUBDOMAIN,
        "defaultBackend": backend,
        "rules": Items(rule),
        "tls": Items(tls),
    }
    return _object(names.SUBDOMAIN, spec=Fields(spec))


_SERVICE_PORT = Fields(
    {
        "port": PORT,
        "name": LABEL,
        "targetPort": Scalar(("integer", "text"), names.PORT_NAME, 1, 65535),
        "appProtocol": PRINTABLE,
    }
)
_CONTAINER = Fields(
    {"name": PRINTABLE, "image": PRINTABLE, "command": Items(TEXT), "args": Items(TEXT)}
)
_POD = Fields({"spec": Fields({"containers": Items(_CONTAINER)})})
_WORKLOAD = _object(names.SUBDOMAIN, spec=Fields({"template": _POD}))
_DATA = Fields({}, TEXT, names.DATA_KEY)
_SECRET = _object(
    names.SUBDOMAIN,
    type=PRINTABLE,
    data=_DATA,
    stringData=_DATA,
    # What ``redact`` leaves of a Secret, as it stands in a snapshot.
    keys=Items(_name(names.DATA_KEY)),
    certificateNames=Items(TEXT),
)


def _istio(**spec: Shape) -> Fields:
    return _object(names.SUBDOMAIN, spec=Fields(spec))


_GATEWAY_PORT = Fields({"number": PORT, "protocol": PRINTABLE})
_GATEWAY_SERVER = Fields({"port": _GATEWAY_PORT, "hosts": Items(PRINTABLE)})
_UNREAD = Fields({"kind": PRINTABLE, "namespace": PRINTABLE, "why": PRINTABLE, "text": TEXT})

NETWORKING, SECURITY = "networking.istio.io", "security.istio.io"
SHAPES: Mapping[tuple[str, str], Fields] = {
    ("networking.k8s.io", "Ingress"): _ingress(names.PORT_NAME),
    ("extensions", "Ingress"): _ingress(names.LABEL),  # API servers before 1.19 took any label
    ("networking.k8s.io", "IngressClass"): _object(
        names.SUBDOMAIN, spec=Fields({"controller": PRINTABLE})
    ),
    ("", "Service"): _object(
        names.LABEL,
        spec=Fields(
            {
                "type": PRINTABLE,
                "externalName": _name(names.EXTERNAL_NAME),
                "ports": Items(_SERVICE_PORT),
            }
        ),
    ),
    ("", "ConfigMap"): _object(names.SUBDOMAIN, data=_DATA),
    ("", "Secret"): _SECRET,
    ("", "Namespace"): _object(names.LABEL),
    ("discovery.k8s.io", "EndpointSlice"): _object(
        names.SUBDOMAIN, endpoints=Items(Fields({"conditions": Fields({"ready": BOOLEAN})}))
    ),
    ("apps", "Deployment"): _WORKLOAD,
    ("apps", "DaemonSet"): _WORKLOAD,
    (NETWORKING, "VirtualService"): _istio(hosts=Items(PRINTABLE), gateways=Items(PRINTABLE)),
    (NETWORKING, "Gateway"): _istio(selector=LABELS, servers=Items(_GATEWAY_SERVER)),
    (NETWORKING, "DestinationRule"): _istio(host=PRINTABLE),
    (NETWORKING, "ServiceEntry"): _istio(),
    (NETWORKING, "EnvoyFilter"): _istio(),
    (SECURITY, "AuthorizationPolicy"): _istio(),
    ("nginx2istio", "Snapshot"): Fields(
        {
            "namespaces": Items(PRINTABLE),
            "selector": PRINTABLE,
            "complete": Fields({}, Items(PRINTABLE), names.PRINTABLE),
            "unseen": Items(_UNREAD),
        }
    ),
}
"""By API group and kind."""

OTHER = Fields(
    {
        "kind": PRINTABLE,
        "metadata": Fields({"name": _name(names.PATH_SEGMENT), "namespace": PRINTABLE}),
    }
)
"""Kinds that nobody reads: their names may stand in a note."""
