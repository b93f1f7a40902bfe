"""Findings about what stands around the Ingresses: what was not seen, what is there already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from nginx2istio.base.options import ISTIO_VERSIONS, Options
from nginx2istio.findings import collisions
from nginx2istio.findings.around import around, solvers
from nginx2istio.findings.around.estate import Estate
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.inputs.extent import Extent, Unread
from nginx2istio.inputs.resource import Resource
from nginx2istio.istio.objects import VERSIONS, Object
from nginx2istio.nginx.build.certificates import covers
from nginx2istio.nginx.build.choose_controller import ControllerChoice
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Origin
from nginx2istio.rule import Message

NO_INGRESSES = Message(
    "N2I030",
    "unsupported",
    "error",
    "Ingresses that were not read",
    "The scan did not read the Ingresses {where}, because {why}. They are not converted, "
    "and they may change hosts that they share with converted ones.",
    "Let the user list them (nginx2istio scan --print-rbac), and scan again.",
    frozenset({"routing"}),
)
NOT_SEEN = Message(
    "N2I031",
    "approximated",
    "warning",
    "Objects that were not read",
    "The scan did not read {kind} objects {where}, because {why}. As a consequence, {so}.",
    "Let the user read them (nginx2istio scan --print-rbac), and scan again.",
)
PART_ONLY = Message(
    "N2I032",
    "approximated",
    "warning",
    "Only a part of the cluster was read",
    "Only a part of the cluster's Ingresses was read ({part}). Unread Ingresses may own a "
    "path or a setting of these hosts.",
    "Scan the whole cluster (-A) if namespaces may share hosts.",
    frozenset({"routing"}),
)
NO_CONTROLLER = Message(
    "N2I033",
    "approximated",
    "info",
    "Controller that was not found",
    "The scan found no Deployment or DaemonSet of ingress-nginx{of} {where}. The conversion "
    "assumes the default flags.",
    "Name the controller's ConfigMap by --controller-config NS/NAME: the scan then looks for "
    "the controller in NS.",
)
SEVERAL_CONTROLLERS = Message(
    "N2I034",
    "neutral",
    "info",
    "Several controllers in the input",
    "The input has several controllers. Flags and ConfigMap are those of {key}, not of {others}.",
    "Name the class of each with its gateway: --ingress-class NAME=NAMESPACE/GATEWAY, repeated.",
)
NO_SECRET = Message(
    "N2I035",
    "approximated",
    "warning",
    "Missing TLS Secret",
    "Secret {key} does not exist. nginx presents its self-signed certificate for these hosts,"
    " the gateway breaks off the TLS handshake.",
    "Create the Secret, or take the tls entry out of the Ingress.",
    frozenset({"tls"}),
)
NO_KEY_PAIR = Message(
    "N2I036",
    "approximated",
    "warning",
    "TLS Secret without a certificate",
    "Secret {key} has no certificate (tls.crt and tls.key). nginx presents its self-signed "
    "certificate for these hosts, the gateway breaks off the TLS handshake.",
    "Put the certificate into the Secret.",
    frozenset({"tls"}),
)
WRONG_NAMES = Message(
    "N2I037",
    "approximated",
    "info",
    "Certificate for other names",
    "Secret {key} has no certificate for this host. nginx presents its self-signed "
    "certificate, the gateway presents the Secret's, and clients that check refuse both.",
    "Issue a certificate for the host.",
    frozenset({"tls"}),
)
NO_ENDPOINTS = Message(
    "N2I038",
    "neutral",
    "info",
    "Service without a ready pod",
    "Service {key} had no ready pod when it was read. nginx answers 503 then, and so does the"
    " gateway.",
    "Start its pods before you compare the two.",
)
OTHER_RELEASE = Message(
    "N2I052",
    "approximated",
    "warning",
    "Another release of Istio in the cluster",
    "The cluster has Istio {installed}. The objects are for Istio {used}{why}.",
    "Choose the release by --istio-version if it is one of {measured}, or try the objects in a "
    "copy of the cluster first.",
)
MESSAGES = (
    *(v for v in list(globals().values()) if isinstance(v, Message)),
    *around.MESSAGES,
)

UNCERTAIN: Mapping[str, str] = {
    "IngressClass": "the conversion tells the controller's Ingresses by the name of their class",
    "Service": "it can't resolve named ports or notice missing Services",
    "EndpointSlice": "it can't notice Services without a ready pod, for which nginx answers 503",
    "Deployment": "it assumes the controller's default flags, and can't tell backends' pods apart",
    "DaemonSet": "it assumes the default flags if the controller is a DaemonSet",
    "StatefulSet": "it can't tell the pods of StatefulSets by their labels",
    "ConfigMap": "it assumes the defaults of what the controller and Istio read from them",
    "Secret": "it can't check that certificates and passwords exist, and for which hosts",
    "Namespace": "it can't tell which namespaces are in the mesh, and which labels policies match",
    "Pod": "it can't tell the service account and all labels of the gateway's pods",
    "AuthorizationPolicy": "it can't notice policies that refuse the gateway or collide",
    "PeerAuthentication": "it can't notice backends that refuse the gateway's connections",
    "NetworkPolicy": "it can't notice backends that the gateway can't reach",
    "Rollout": "it can't notice rollouts that move traffic by Ingresses",
    "Canary": "it can't notice canaries of Flagger that move traffic by Ingresses",
    "ScaledObject": "it can't notice scaling by metrics of ingress-nginx",
    "HorizontalPodAutoscaler": "it can't notice scaling by metrics of ingress-nginx",
    "PrometheusRule": "it can't notice alerts that look at ingress-nginx",
    "ServiceMonitor": "it can't notice monitoring of ingress-nginx",
    "PodMonitor": "it can't notice monitoring of ingress-nginx",
    "Issuer": "it can't notice certificates that are renewed through ingress-nginx",
    "ClusterIssuer": "it can't notice certificates that are renewed through ingress-nginx",
}
COLLISIONS = "it can't notice collisions with existing objects"


def surroundings(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """The objects around the Ingresses, among all that was read."""
    kinds = {"Secret", "EndpointSlice", *VERSIONS, *around.KINDS_AROUND}
    return tuple(r for r in resources if r.kind in kinds or solvers.is_challenge(r))


def findings(
    resources: Sequence[Resource],
    controller: ControllerChoice,
    config: NginxConfig,
    objects: Sequence[Object],
    options: Options,
) -> Iterator[PlacedFinding]:
    """What was seen around the Ingresses of a controller and the new objects of its gateway.

    ``resources`` are what ``surroundings`` picks.
    """
    if controller.workload and controller.others:
        others = ", ".join(w.key for w in controller.others)
        at = collisions.origin_of(controller.workload.resource)
        yield placed(SEVERAL_CONTROLLERS, at, (), key=controller.workload.key, others=others)
    yield from _secrets(resources, config)
    yield from _endpoints(resources, config)
    yield from collisions.findings(resources, config, objects, options)
    yield from around.findings(Estate(resources, controller, config, objects, options))


def other_release(installed: tuple[int, int], options: Options) -> PlacedFinding:
    """That the objects are for another release of Istio than that of the cluster."""
    names = [".".join(map(str, version)) for version in (installed, *ISTIO_VERSIONS)]
    used = ".".join(map(str, options.istio_version or ()))
    why = "" if installed in ISTIO_VERSIONS else ", the nearest release that is measured"
    listed = ", ".join(names[1:])
    return placed(
        OTHER_RELEASE, Origin(), ("*",), installed=names[0], used=used, why=why, measured=listed
    )


def unread(extent: Extent) -> Iterator[PlacedFinding]:
    """What a scan could not see."""
    parts = [f"namespaces {', '.join(extent.namespaces)}"] if extent.namespaces else []
    parts += [f"with labels {extent.selector}"] if extent.selector else []
    if parts:
        yield placed(PART_ONLY, Origin(), ("*",), part=" ".join(parts))
    for each in extent.unread:
        where = f"of namespace {each.namespace}" if each.namespace else "of the cluster"
        at = Origin(each.kind, each.namespace)
        if each.why == "not-found" and each.kind == "Deployment":
            where = f"in namespace {each.namespace}" if each.namespace else "in the cluster"
            of = f" of class {each.text}" if each.text else ""
            finding = placed(NO_CONTROLLER, at, ("*",), where=where, of=of)
            yield replace(finding, assumed=("flags",))
        elif each.kind == "Ingress" or each.why == "no-namespace":
            yield placed(NO_INGRESSES, at, ("*",), where=where, why=_why(each))
        else:
            so = UNCERTAIN.get(each.kind, COLLISIONS)
            yield placed(NOT_SEEN, at, ("*",), kind=each.kind, where=where, why=_why(each), so=so)


def _why(unread: Unread) -> str:
    match unread.why:
        case "no-kind":
            return "the cluster has no such kind of objects"
        case "no-namespace":
            return "there is no such namespace"
        case "not-found":
            return unread.text
        case "forbidden":
            return f"the user may not read them ({unread.text})"
        case _:
            return f"the API server failed ({unread.text})"


def _secrets(resources: Iterable[Resource], config: NginxConfig) -> Iterator[PlacedFinding]:
    """What is wrong with the certificates that hosts are given."""
    secrets = {(r.namespace, r.name): r.body for r in resources if r.kind == "Secret"}
    complete = config.complete.get("Secret", ())
    for server in config.servers:
        certificate = server.certificate
        if certificate is None or not certificate.secret or server.passthrough:
            continue
        body = secrets.get((certificate.namespace, certificate.secret))
        if body is None and certificate.namespace not in complete:
            continue
        subject = (
            certificate.origin,
            (server.host, *server.aliases),
            "*",
            f"{certificate.namespace}/{certificate.secret}",
        )
        if body is None:
            yield placed(NO_SECRET, *subject)
        elif not {"tls.crt", "tls.key"} <= set(body.get("keys", ("tls.crt", "tls.key"))):
            yield placed(NO_KEY_PAIR, *subject)
        elif body.get("certificateNames") and not any(
            covers(name, server.host) for name in body["certificateNames"]
        ):
            yield placed(WRONG_NAMES, *subject)


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
