"""What hides Services and routes from the gateway: exportTo, and istiod's discovery selectors.

Sidecar objects are not looked at: pilot gives gateways the default scope (``getSidecarScope``).
"""

from __future__ import annotations

from collections.abc import Iterator

from nginx2istio.findings.around.estate import Backend, Estate
from nginx2istio.findings.around.selectors import either, selects
from nginx2istio.findings.collisions import origin_of
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.inputs.held.fields import mapping, mappings
from nginx2istio.istio.objects import MESH_CONFIG, Object, identity
from nginx2istio.nginx.model import Origin
from nginx2istio.rule import Message

HIDDEN_SERVICE = Message(
    "N2I085",
    "approximated",
    "error",
    "Service hidden from the gateway",
    "Service {key} is exported to {to} only, by {why}. The gateway in namespace {namespace} does "
    "not know it and answers 503.",
    "Add namespace {namespace} to the annotation networking.istio.io/exportTo of the Service.",
    frozenset({"status", "routing"}),
)
HIDDEN_OBJECT = Message(
    "N2I086",
    "approximated",
    "error",
    "New object hidden from the gateway",
    "The mesh configuration exports a {key} to {to} only ({why}). The gateway in namespace "
    "{namespace} does not see this one.",
    "Add exportTo with namespace {namespace} to the object, or change the mesh configuration.",
    frozenset({"routing", "status", "timeout", "balancing"}),
)
UNDISCOVERED = Message(
    "N2I087",
    "approximated",
    "error",
    "Namespace that istiod does not see",
    "No discovery selector of the mesh configuration takes namespace {key}. istiod ignores its "
    "Services and routes, so the gateway answers 404 or 503.",
    "Add a label of discoverySelectors to the namespace.",
    frozenset({"routing", "status"}),
)
MESSAGES = (HIDDEN_SERVICE, HIDDEN_OBJECT, UNDISCOVERED)

EXPORT_TO = "networking.istio.io/exportTo"
_DEFAULTS = {
    "VirtualService": "defaultVirtualServiceExportTo",
    "DestinationRule": "defaultDestinationRuleExportTo",
}


def findings(estate: Estate) -> Iterator[PlacedFinding]:
    """Of each Service, namespace and new object that the gateway would not see."""
    for backend in estate.backends:
        yield from _service(backend, estate)
    for kind, setting in _DEFAULTS.items():
        scope = _texts(estate.mesh.get(setting))
        for obj in estate.of_ours(kind) if scope else ():
            yield from _object(obj, scope, setting, estate)
    selectors = list(mappings(estate.mesh.get("discoverySelectors")))
    spaces = dict.fromkeys(backend.namespace for backend in estate.backends)
    for space in spaces if selectors else ():
        labels = estate.namespace_labels(space)
        if either(selects(selector, *labels) for selector in selectors) is False:
            hosts = tuple(
                dict.fromkeys(h for b in estate.backends if b.namespace == space for h in b.hosts)
            )
            yield placed(UNDISCOVERED, _mesh_origin(estate), hosts, key=space)


def _texts(value: object) -> list[str]:
    return [str(part) for part in value] if isinstance(value, list) else []


def _visible(scope: list[str], owner: str, namespace: str) -> bool:
    own = "." in scope and owner == namespace
    return not scope or "*" in scope or namespace in scope or own


def _service(backend: Backend, estate: Estate) -> Iterator[PlacedFinding]:
    service = backend.service
    if service is None:
        return
    notes = mapping(service.metadata.get("annotations"))
    text = str(notes.get(EXPORT_TO) or "")
    scope = [part.strip() for part in text.split(",") if part.strip()]
    why = f"its annotation {EXPORT_TO}"
    if not scope:
        scope = _texts(estate.mesh.get("defaultServiceExportTo"))
        why = "defaultServiceExportTo of the mesh configuration"
    namespace = estate.options.gateway_namespace
    if _visible(scope, backend.namespace, namespace):
        return
    facts = {"to": _shown(scope), "why": why, "namespace": namespace}
    for path, hosts in backend.places.items():
        yield placed(HIDDEN_SERVICE, origin_of(service), hosts, path, backend.key, **facts)


def _object(obj: Object, scope: list[str], setting: str, estate: Estate) -> Iterator[PlacedFinding]:
    kind, namespace, name = identity(obj)
    home = estate.options.gateway_namespace
    if "exportTo" in obj["spec"] or _visible(scope, namespace, home):
        return
    hosts = tuple(obj["spec"]["hosts"]) if kind == "VirtualService" else ("*",)
    facts = {"to": _shown(scope), "why": setting, "namespace": home}
    yield placed(HIDDEN_OBJECT, Origin(kind, namespace, name), hosts, key=kind, **facts)


def _shown(scope: list[str]) -> str:
    words = {".": "its own namespace", "~": "nobody"}
    return " and ".join(words.get(part, f"namespace {part}") for part in scope)


def _mesh_origin(estate: Estate) -> Origin:
    for resource in estate.of("ConfigMap"):
        if resource.name == MESH_CONFIG and "mesh" in mapping(resource.body.get("data")):
            return origin_of(resource)
    return Origin()
