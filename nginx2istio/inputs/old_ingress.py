"""Ingresses of the old API versions, brought into the shape of networking.k8s.io/v1.

As the API server converts them: k8s.io/kubernetes pkg/apis/networking/v1beta1/conversion.go, and
defaults.go for the path type.
"""

from __future__ import annotations

from typing import Any

from nginx2istio.inputs.resource import Node, Note

V1 = "networking.k8s.io/v1"
_OLD = ("extensions/v1beta1", "networking.k8s.io/v1beta1")


def to_v1(body: Node) -> tuple[Node, list[Note]]:
    """Return an Ingress in the shape of v1, and a Note if it was not; other objects as they are.

    Fields keep the lines of those they come from. What has not the shape of a v1beta1 Ingress
    stays as it is, for whoever judges Ingresses.
    """
    version = body.get("apiVersion")
    if body.get("kind") != "Ingress" or version not in _OLD:
        return body, []
    note = Note(
        "old-api-version",
        "apiVersion",
        body.lines.get("apiVersion", 0),
        f"{version} is gone since Kubernetes 1.22; read as {V1}",
    )
    fields: dict[str, Any] = {"apiVersion": V1}
    if isinstance(body.get("spec"), Node):
        fields["spec"] = _spec(body["spec"])
    return body.replaced(fields), [note]


def _spec(spec: Node) -> Node:
    rename = "backend" in spec and "defaultBackend" not in spec
    changed = Node()
    for name, value in spec.items():
        line = spec.lines.get(name, 0)
        if name == "backend" and rename:
            _put(changed, "defaultBackend", _backend(value), line)
        elif name == "rules" and isinstance(value, list):
            _put(changed, name, [_rule(rule) for rule in value], line)
        else:
            _put(changed, name, value, line)
    return changed


def _rule(rule: Any) -> Any:
    http = rule.get("http") if isinstance(rule, Node) else None
    if not isinstance(http, Node) or not isinstance(http.get("paths"), list):
        return rule
    return rule.replaced({"http": http.replaced({"paths": [_path(p) for p in http["paths"]]})})


def _path(path: Any) -> Any:
    if not isinstance(path, Node):
        return path
    fields: dict[str, Any] = {}
    if "backend" in path:
        fields["backend"] = _backend(path["backend"])
    if path.get("pathType") is None:
        fields["pathType"] = "ImplementationSpecific"
    return path.replaced(fields)


def _backend(backend: Any) -> Any:
    old = {"serviceName", "servicePort"}
    if not isinstance(backend, Node) or "service" in backend or not old & backend.keys():
        return backend
    lines = backend.lines
    service = Node()
    if "serviceName" in backend:
        _put(service, "name", backend["serviceName"], lines.get("serviceName", 0))
    if "servicePort" in backend:
        value, line = backend["servicePort"], lines.get("servicePort", 0)
        port = Node()
        # A port in quotes is a name to the API server; ingress-nginx finds "80" all the same.
        _put(port, "name" if isinstance(value, str) else "number", value, line)
        _put(service, "port", port, line)
    changed = Node()
    _put(changed, "service", service, min(service.lines.values(), default=0))
    for name, value in backend.items():
        if name not in old:
            _put(changed, name, value, lines.get(name, 0))
    return changed


def _put(node: Node, key: str, value: Any, line: int) -> None:
    node[key] = value
    if line:
        node.lines[key] = line
