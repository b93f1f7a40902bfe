"""Findings about what stands around the Ingresses: what was not seen, what is there already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from nginx2istio.base.options import Options
from nginx2istio.findings import collisions
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.inputs.extent import Extent, Unread
from nginx2istio.inputs.resource import Resource
from nginx2istio.istio.objects import VERSIONS, Object
from nginx2istio.nginx.build.certificates import covers
from nginx2istio.nginx.build.choose_controller import Found
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Origin
from nginx2istio.rule import Message

NO_INGRESSES = Message(
    "N2I030",
    "unsupported",
    "error",
    "",
    "Ingresses {where} were not seen: {why}; they are not converted, and where they share a host "
    "with those that are, what they say of it is missing",
    "let the user list them (nginx2istio scan --print-rbac), and scan again",
    frozenset({"routing"}),
)
NOT_SEEN = Message(
    "N2I031",
    "approximated",
    "warning",
    "",
    "{kind} {where}: not seen, {why}; {so}",
    "let the user read them (nginx2istio scan --print-rbac), and scan again",
)
PART_ONLY = Message(
    "N2I032",
    "approximated",
    "warning",
    "",
    "only a part of the cluster's Ingresses was read ({part}); nginx makes one server of all "
    "Ingresses of a host, so that one elsewhere may own a path or a setting of these hosts",
    "scan all of the cluster (-A) if hosts may be shared between namespaces",
    frozenset({"routing"}),
)
NO_CONTROLLER = Message(
    "N2I033",
    "approximated",
    "warning",
    "",
    "no Deployment or DaemonSet of ingress-nginx was found {where}; the controller's flags are "
    "taken to be the defaults",
    "name its ConfigMap by --controller-config NS/NAME: the controller is looked for in NS",
)
SEVERAL = Message(
    "N2I034",
    "neutral",
    "info",
    "",
    "there are several controllers: flags and ConfigMap are those of {key}, not of {others}",
    "choose another one by --ingress-class or --controller-config",
)
NO_SECRET = Message(
    "N2I035",
    "approximated",
    "warning",
    "",
    "there is no Secret {key}; nginx shows its own self-signed certificate for these hosts, the "
    "new gateway breaks off the TLS handshake",
    "create the Secret, or take the tls entry out of the Ingress",
    frozenset({"tls"}),
)
NO_KEY_PAIR = Message(
    "N2I036",
    "approximated",
    "warning",
    "",
    "Secret {key} has no certificate (tls.crt and tls.key); nginx shows its own self-signed "
    "certificate for these hosts, the new gateway breaks off the TLS handshake",
    "put the certificate into the Secret",
    frozenset({"tls"}),
)
WRONG_NAMES = Message(
    "N2I037",
    "approximated",
    "info",
    "",
    "the certificate in Secret {key} is not for this host; nginx shows its own self-signed one "
    "instead, the new gateway that of the Secret: clients that check refuse both",
    "have a certificate made for the host",
    frozenset({"tls"}),
)
NO_ENDPOINTS = Message(
    "N2I038",
    "neutral",
    "info",
    "",
    "Service {key} had no ready pod when it was read; nginx answers 503 then, and so does the new "
    "gateway",
    "start its pods before you compare the two",
)
MESSAGES = tuple(v for v in list(globals().values()) if isinstance(v, Message))

UNCERTAIN: Mapping[str, str] = {
    "IngressClass": "which Ingresses are the controller's was told by the name of their class",
    "Service": "ports given by name and Services that do not exist can't be told",
    "EndpointSlice": "Services without a ready pod, which nginx answers with 503, can't be told",
    "Deployment": "the controller's flags are taken to be the defaults",
    "DaemonSet": "the controller's flags are taken to be the defaults, if it is one",
    "ConfigMap": "what the controller reads from them is taken to be the defaults",
    "Secret": "whether certificates and passwords are there, and for which hosts, can't be told",
}
COLLISIONS = "whether what is there already collides with the new objects can't be told"


def around(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """What counts here of all that was read; an Ingress does not."""
    kinds = {"Secret", "EndpointSlice", *VERSIONS}
    return tuple(r for r in resources if r.kind in kinds)


def findings(
    resources: Sequence[Resource],
    extent: Extent | None,
    found: Found,
    config: NginxConfig,
    objects: Sequence[Object],
    options: Options,
) -> Iterator[PlacedFinding]:
    """What a scan could not see, and what was seen around the Ingresses and the new objects.

    ``resources`` are what ``around`` picks.
    """
    if extent:
        yield from _extent(extent)
    if found.workload and found.others:
        others = ", ".join(w.key for w in found.others)
        at = _origin(found.workload.resource)
        yield placed(SEVERAL, at, (), key=found.workload.key, others=others)
    complete = extent.complete if extent else {}
    yield from _secrets(resources, complete.get("Secret", ()), config)
    yield from _endpoints(resources, config)
    yield from collisions.findings(resources, config, objects, options)


def _extent(extent: Extent) -> Iterator[PlacedFinding]:
    parts = [f"namespaces {', '.join(extent.namespaces)}"] if extent.namespaces else []
    parts += [f"with labels {extent.selector}"] if extent.selector else []
    if parts:
        yield placed(PART_ONLY, Origin(), ("*",), part=" ".join(parts))
    for one in extent.unread:
        where = f"of namespace {one.namespace}" if one.namespace else "of the cluster"
        at = Origin(one.kind, one.namespace)
        if one.why == "not-found" and one.kind == "Deployment":
            place = f"in namespace {one.namespace}" if one.namespace else "in the cluster"
            yield placed(NO_CONTROLLER, at, ("*",), where=place)
        elif one.kind in ("Ingress", "Namespace"):
            yield placed(NO_INGRESSES, at, ("*",), where=where, why=_why(one))
        else:
            so = UNCERTAIN.get(one.kind, COLLISIONS)
            yield placed(NOT_SEEN, at, ("*",), kind=one.kind, where=where, why=_why(one), so=so)


def _why(one: Unread) -> str:
    match one.why:
        case "no-kind":
            return "the cluster has no such kind of objects"
        case "no-namespace":
            return "there is no such namespace"
        case "not-found":
            return one.text
        case "forbidden":
            return f"the user may not read them ({one.text})"
        case _:
            return f"the API server failed ({one.text})"


def _origin(resource: Resource) -> Origin:
    at = resource.line("metadata", "name")
    return Origin(resource.kind, resource.namespace, resource.name, "", resource.file, at)


def _secrets(
    resources: Iterable[Resource], complete: Sequence[str], config: NginxConfig
) -> Iterator[PlacedFinding]:
    """What is wrong with the certificates that hosts are given."""
    secrets = {(r.namespace, r.name): r.body for r in resources if r.kind == "Secret"}
    spaces = {*complete, *(namespace for namespace, _ in secrets)}
    for server in config.servers:
        held = server.certificate
        if held is None or not held.secret or server.passthrough or held.namespace not in spaces:
            continue
        body = secrets.get((held.namespace, held.secret))
        about = (
            held.origin,
            (server.host, *server.aliases),
            "*",
            f"{held.namespace}/{held.secret}",
        )
        if body is None:
            yield placed(NO_SECRET, *about)
        elif not {"tls.crt", "tls.key"} <= set(body.get("keys", ("tls.crt", "tls.key"))):
            yield placed(NO_KEY_PAIR, *about)
        elif body.get("certificateNames") and not any(
            covers(name, server.host) for name in body["certificateNames"]
        ):
            yield placed(WRONG_NAMES, *about)


def _endpoints(resources: Iterable[Resource], config: NginxConfig) -> Iterator[PlacedFinding]:
    """Services that have EndpointSlices, and none with a ready endpoint."""
    ready: dict[tuple[str, str], bool] = {}
    for resource in resources:
        if resource.kind == "EndpointSlice":
            labels = resource.metadata.get("labels") or {}
            key = (resource.namespace, str(labels.get("kubernetes.io/service-name") or ""))
            ready[key] = ready.get(key, False) or _any_ready(resource)
    if all(ready.values()):
        return
    used: dict[tuple[str, str], Origin] = {}
    for server in config.servers:
        for location in server.locations:
            upstream = config.upstreams.get(location.upstream)
            if upstream:
                used.setdefault((upstream.namespace, upstream.service), location.ingress)
    for key, origin in used.items():
        if ready.get(key) is False:
            yield placed(NO_ENDPOINTS, origin, (), key="/".join(key))


def _any_ready(resource: Resource) -> bool:
    endpoints = resource.body.get("endpoints") or ()
    return any((e.get("conditions") or {}).get("ready") is not False for e in endpoints)
