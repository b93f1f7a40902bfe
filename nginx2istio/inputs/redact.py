"""What is kept of each object that was read from a cluster: what a conversion looks at.

A Secret's content is never kept, whether it comes from a cluster or from a file.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509

from nginx2istio.inputs.resource import Node

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
COMMON_NAME = x509.NameOID.COMMON_NAME
METADATA = ("name", "namespace", "uid", "creationTimestamp", "labels", "annotations")


def plain(item: Node) -> Node:
    """An object without what the API server and kubectl note down for themselves."""
    return Node({**item, "metadata": _metadata(item)})


def _metadata(item: Mapping[str, Any]) -> dict[str, Any]:
    metadata = item.get("metadata") or {}
    found = {key: metadata[key] for key in METADATA if key in metadata}
    notes = found.get("annotations")
    if notes and LAST_APPLIED in notes:
        found["annotations"] = {k: v for k, v in notes.items() if k != LAST_APPLIED}
    return found


def _named(item: Mapping[str, Any], *more: str) -> dict[str, Any]:
    metadata = _mapping(item.get("metadata"))
    return {key: metadata[key] for key in ("name", "namespace", *more) if metadata.get(key)}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def endpoint_slice(item: Node) -> Node:
    """Of an EndpointSlice: whose it is, and whether any endpoint is ready."""
    ready = any(
        (e.get("conditions") or {}).get("ready") is not False for e in item.get("endpoints") or ()
    )
    return Node(
        {
            "apiVersion": item["apiVersion"],
            "kind": item["kind"],
            "metadata": _named(item, "labels"),
            "endpoints": [{"conditions": {"ready": True}}] if ready else [],
        }
    )


def workload(item: Node) -> Node:
    """Of a Deployment or DaemonSet: the arguments of its containers, and no environment."""
    pod = ((item.get("spec") or {}).get("template") or {}).get("spec") or {}
    containers = [
        {key: c[key] for key in ("name", "image", "command", "args") if c.get(key)}
        for c in pod.get("containers") or ()
    ]
    return Node(
        {
            "apiVersion": item["apiVersion"],
            "kind": item["kind"],
            "metadata": _named(item, "labels"),
            "spec": {"template": {"spec": {"containers": containers}}},
        }
    )


def secret(item: Node) -> Node:
    """Of a Secret: name, type, its keys, and the names that its certificate is good for.

    ``keys`` is there when they are known, ``certificateNames`` when there is a certificate.
    """
    written = item.get("stringData")
    data = {**_mapping(item.get("data")), **_mapping(written)}
    found: dict[str, Any] = {
        "apiVersion": item["apiVersion"],
        "kind": item["kind"],
        "metadata": _named(item),
        "type": str(item.get("type") or "Opaque"),
    }
    if data:
        found["keys"] = sorted(str(key) for key in data)
    if "tls.crt" in data:
        plain = "tls.crt" in _mapping(written)
        found["certificateNames"] = certificate_names(str(data["tls.crt"] or ""), plain)
    return Node(found, item.lines)


def certificate_names(text: str, plain: bool = False) -> list[str]:
    """The DNS names of a certificate (PEM; base64 of it unless ``plain``); [] for what is none.

    One without alternative names counts by its common name, as in ``createServers`` of
    ingress-nginx.
    """
    try:
        pem = text.encode() if plain else base64.b64decode(text, validate=True)
        found = x509.load_pem_x509_certificates(pem)[0]
    except (ValueError, IndexError, binascii.Error):
        return []
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return [str(name) for name in names.get_values_for_type(x509.DNSName)]
    except (ValueError, x509.ExtensionNotFound):
        return [str(name.value) for name in found.subject.get_attributes_for_oid(COMMON_NAME)]


KEPT: Mapping[str, Callable[[Node], Node]] = {
    "EndpointSlice": endpoint_slice,
    "Deployment": workload,
    "DaemonSet": workload,
    "Secret": secret,
}
"""By kind; of other kinds ``plain`` is kept."""


def kept(item: Node) -> Node:
    """What is kept of an object that was read from a cluster."""
    return KEPT.get(str(item.get("kind")), plain)(item)
