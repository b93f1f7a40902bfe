"""What is held of each object that was read: what a conversion looks at, and no more.

No content of a Secret is held, whether it comes from a cluster, a file or a snapshot. No list of
what is secret is needed: of a Secret, and of every kind that no conversion reads (``secret`` in
small letters, SealedSecret, ExternalSecret, ...), only named fields are taken.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from nginx2istio.inputs.extent import KIND as SNAPSHOT
from nginx2istio.inputs.held.fields import mapping, mappings, name_only
from nginx2istio.inputs.held.neighbours import (
    alerts,
    flagger_canary,
    issuer,
    monitor,
    rollout,
    scaler,
)
from nginx2istio.inputs.held.workloads import pod, workload
from nginx2istio.inputs.resource import Node, Note

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
METADATA = ("name", "namespace", "uid", "creationTimestamp", "labels", "annotations")
SECRET_KEYS = frozenset({"auth", "ca.crl", "ca.crt", "tls.crt", "tls.key"})
"""Keys of a Secret that mean something to the controller. Others can be content: user names."""


def plain(item: Node) -> Node:
    """An object without what the API server and kubectl note down for themselves."""
    metadata = mapping(item.get("metadata"))
    fields = {key: metadata[key] for key in METADATA if key in metadata}
    annotations = fields.get("annotations")
    if isinstance(annotations, Mapping) and LAST_APPLIED in annotations:
        fields["annotations"] = {k: v for k, v in annotations.items() if k != LAST_APPLIED}
    return Node({**item, "metadata": fields})


def endpoint_slice(item: Node) -> Node:
    """Of an EndpointSlice: whose it is, and whether any endpoint is ready."""
    ready = any(
        mapping(endpoint.get("conditions")).get("ready") is not False
        for endpoint in mappings(item.get("endpoints"))
    )
    endpoints = [{"conditions": {"ready": True}}] if ready else []
    return Node({**name_only(item, "labels"), "endpoints": endpoints})


def redacted_secret(item: Node) -> Node:
    """Of a Secret: its name, which of ``SECRET_KEYS`` it has, the names of its certificate.

    ``keys`` is there when they are known, ``certificateNames`` when there is a certificate. What
    comes out goes through unchanged.
    """
    as_text = mapping(item.get("stringData"))
    data = {**mapping(item.get("data")), **as_text}
    fields: dict[str, Any] = {**name_only(item)}
    if data:
        fields["keys"] = sorted(SECRET_KEYS & data.keys())
    elif isinstance(item.get("keys"), list):
        fields["keys"] = sorted(SECRET_KEYS.intersection(map(str, item["keys"])))
    if "tls.crt" in data:
        certificate = str(data["tls.crt"] or "")
        fields["certificateNames"] = certificate_names(certificate, "tls.crt" in as_text)
    elif isinstance(item.get("certificateNames"), list):
        fields["certificateNames"] = [str(name) for name in item["certificateNames"]]
    return Node(fields, item.lines)


def certificate_names(text: str, plain: bool = False) -> list[str]:
    """The DNS names of a certificate (PEM; base64 of it unless ``plain``); [] for what is none.

    One without alternative names counts by its common name, as in ``createServers`` of
    ingress-nginx.
    """
    from cryptography import x509  # slow to import, and most inputs have no certificate

    try:
        pem = text.encode() if plain else base64.b64decode(text, validate=True)
        certificate = x509.load_pem_x509_certificates(pem)[0]
    except (ValueError, IndexError, binascii.Error):
        return []
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return [str(name) for name in extension.value.get_values_for_type(x509.DNSName)]
    except (ValueError, x509.ExtensionNotFound):
        common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return [str(name.value) for name in common]


SECRET_KIND = "Secret"
HELD: Mapping[str, Callable[[Node], Node]] = {
    "AuthorizationPolicy": plain,
    "Canary": flagger_canary,
    "ClusterIssuer": issuer,
    "ConfigMap": plain,
    "DaemonSet": workload,
    "Deployment": workload,
    "DestinationRule": plain,
    "EndpointSlice": endpoint_slice,
    "EnvoyFilter": plain,
    "Gateway": plain,
    "HorizontalPodAutoscaler": scaler,
    "Ingress": plain,
    "IngressClass": plain,
    "Issuer": issuer,
    "Namespace": plain,
    "NetworkPolicy": plain,
    "PeerAuthentication": plain,
    "Pod": pod,
    "PodDisruptionBudget": plain,
    "PodMonitor": monitor,
    "PrometheusRule": alerts,
    "Rollout": rollout,
    "ScaledObject": scaler,
    SECRET_KIND: redacted_secret,
    "Service": plain,
    "ServiceEntry": plain,
    "ServiceMonitor": monitor,
    "StatefulSet": workload,
    "VirtualService": plain,
}
"""All kinds that a conversion reads, and what it needs of each."""


def redact(item: Node) -> Node:
    """What is held of an object from a cluster or a snapshot; it has kind and apiVersion."""
    return HELD.get(str(item["kind"]), name_only)(item)


def redact_file(item: Node) -> Node:
    """What is held of an object from a file: as ``redact``, but what is not secret stays whole.

    Findings name its lines.
    """
    if item["kind"] == SECRET_KIND:
        return redacted_secret(item)
    return item if item["kind"] in HELD or item["kind"] == SNAPSHOT else name_only(item)


_ABOUT_SECRET = "the API server does not take what is written here in this Secret"
_ABOUT_SECRETS: Mapping[str, str] = {
    "duplicate-key": "a key of this Secret is written twice in one mapping; kubectl silently takes "
    "the last, and strict readers refuse it; remove one",
    "non-string-value": "a value of this Secret is not in quotes and no text, and the API server "
    "takes only text; put it in quotes",
    "unquoted-key": "a key of this Secret is not in quotes, so Kubernetes reads it as another one; "
    "put it in quotes if the written one is meant",
}


def redact_notes(kind: str, notes: Iterable[Note]) -> list[Note]:
    """The notes about an object. Those about a Secret quote nothing; unread kinds have none."""
    if kind == SECRET_KIND:
        return [
            replace(note, key="", text=_ABOUT_SECRETS.get(note.code, _ABOUT_SECRET))
            for note in notes
        ]
    return [*notes] if kind in HELD else []
