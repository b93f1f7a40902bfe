"""Steps for what is around the gateway: one a concern, where there are findings of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nginx2istio.base.options import Options
from nginx2istio.base.shell import shell_word
from nginx2istio.convert.convert import Conversion
from nginx2istio.findings.placed import PlacedFinding
from nginx2istio.istio.objects import VERSIONS
from nginx2istio.istio.yaml import document
from nginx2istio.nginx.model import Origin
from nginx2istio.report.plan.step import Step

GROUPS: Mapping[str, str] = {
    "AuthorizationPolicy": "authorizationpolicies.security.istio.io",
    "PeerAuthentication": "peerauthentications.security.istio.io",
    "DestinationRule": "destinationrules.networking.istio.io",
    "VirtualService": "virtualservices.networking.istio.io",
    "NetworkPolicy": "networkpolicies.networking.k8s.io",
    "Rollout": "rollouts.argoproj.io",
    "Canary": "canaries.flagger.app",
    "ScaledObject": "scaledobjects.keda.sh",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers.autoscaling",
    "PrometheusRule": "prometheusrules.monitoring.coreos.com",
    "ServiceMonitor": "servicemonitors.monitoring.coreos.com",
    "PodMonitor": "podmonitors.monitoring.coreos.com",
    "Issuer": "issuers.cert-manager.io",
    "ClusterIssuer": "clusterissuers.cert-manager.io",
}
"""Kinds by the names that kubectl takes for no others."""


def edit(origin: Origin, verb: str = "edit") -> str:
    """The command that opens an object in an editor."""
    kind = GROUPS.get(origin.kind, origin.kind.lower())
    space = f" -n {shell_word(origin.namespace)}" if origin.namespace else ""
    return f"kubectl {verb} {kind}{space} {shell_word(origin.name)}"


def _use_waypoint(origin: Origin) -> str:
    return f"{edit(origin, 'label')} istio.io/ingress-use-waypoint=true"


def _show(origin: Origin) -> str:
    """Of what was read only: new objects are no objects of the cluster yet."""
    return "" if origin.kind in VERSIONS else edit(origin)


def _sender(options: Options) -> str:
    return document({"from": [{"source": {"namespaces": [options.gateway_namespace]}}]})


@dataclass(frozen=True, slots=True)
class _Concern:
    """A step, the codes of the findings that it is for, and the command for each object."""

    id: str
    title: str
    why: str
    codes: Sequence[str]
    command: Callable[[Origin], str] = edit
    yaml: Callable[[Options], str] = lambda options: ""


BEFORE_TRIALS = (
    _Concern(
        "mesh-policies",
        "let the gateway through the policies of the mesh",
        "These AuthorizationPolicies treat the gateway in another way than ingress-nginx. The "
        "YAML is one more source of a rule that names ingress-nginx, allowing or denying. Keep "
        "that of ingress-nginx until the end. A narrower source is the principal of the gateway's "
        "service account. Where a policy lists addresses, add those of the gateway's pods.",
        ("N2I070", "N2I071", "N2I072"),
        yaml=_sender,
    ),
    _Concern(
        "gateway-policies",
        "let the hosts through the policies of the gateway",
        "These AuthorizationPolicies are in force at the gateway already. One ALLOW policy denies "
        "all that no ALLOW policy takes, so the hosts must be among those it lists. DENY and "
        "CUSTOM policies may be meant for the other hosts only.",
        ("N2I073", "N2I074"),
    ),
    _Concern(
        "mtls",
        "agree on mTLS with the backends",
        "These objects make connections between the gateway and backends fail, or succeed where "
        "those of ingress-nginx fail. The findings say what to set.",
        ("N2I075", "N2I076", "N2I077", "N2I078"),
    ),
    _Concern(
        "waypoints",
        "decide whether the gateway uses waypoints",
        "The gateway sends requests to these Services past their waypoints. With the label they go "
        "through them, and the waypoints' policies must let the gateway in. Skip it where the "
        "waypoints are for requests within the mesh only.",
        ("N2I079",),
        _use_waypoint,
    ),
    _Concern(
        "visibility",
        "show the backends to the gateway",
        "The gateway knows only what istiod discovers and what is exported to its namespace. "
        "Without this it answers 404 or 503. New objects that it does not see need exportTo in "
        "their files.",
        ("N2I085", "N2I086", "N2I087"),
        _show,
    ),
    _Concern(
        "node-local",
        "route to Services for all nodes",
        "A Service with internalTrafficPolicy: Local leads each pod of the gateway to the pods of "
        "its own node. Give the Ingress another Service of the same pods and convert again, or "
        "remove the field if nothing else needs it.",
        ("N2I088",),
    ),
)
BEFORE_DNS = (
    _Concern(
        "progressive-delivery",
        "let rollouts move the gateway's traffic",
        "These programs write canary Ingresses, which nothing reads after the cut-over. Finish "
        "running releases first, and convert again: a canary that runs is part of the conversion. "
        "Argo's and Flagger's Istio integration writes weights into VirtualServices. Applying the "
        "output again takes them back, so do not apply it during a release.",
        ("N2I090", "N2I091"),
    ),
    _Concern(
        "scaling",
        "scale by metrics of the gateway",
        "Metrics of ingress-nginx fall to 0 as its traffic moves, and the backends are scaled "
        "down. istio_requests_total counts the gateway's requests, by destination_service_name. "
        "While both serve, add the two.",
        ("N2I092",),
    ),
    _Concern(
        "monitoring",
        "watch the gateway",
        "These objects read or use metrics of ingress-nginx. Alerts that wait for a high value "
        "stay silent after the cut-over. The gateway's pods have theirs at port 15020, path "
        "/stats/prometheus.",
        ("N2I093",),
    ),
    _Concern(
        "acme-solvers",
        "let challenges reach their solvers",
        "cert-manager answers HTTP-01 challenges by Ingresses of the old controller. When DNS has "
        "moved, the requests reach the gateway, which has no routes for them, and renewals fail.",
        ("N2I094",),
    ),
)


def concerns(conversion: Conversion, trial: bool) -> Iterator[Step]:
    """The steps before the network policies; a trial moves no traffic and needs fewer."""
    chosen = BEFORE_TRIALS if trial else (*BEFORE_TRIALS, *BEFORE_DNS)
    codes = {code for concern in chosen for code in concern.codes}
    of_any = [f for f in conversion.findings if f.message.code in codes]
    for concern in chosen:
        about = [f for f in of_any if f.message.code in concern.codes]
        if about:
            yield _step(concern, about, conversion.options)


def _step(concern: _Concern, about: Sequence[PlacedFinding], options: Options) -> Step:
    origins = dict.fromkeys(f.origin._replace(field="", file="", line=0) for f in about)
    hosts = {host for finding in about for host in finding.hosts} - {"*"}
    return Step(
        concern.id,
        concern.title,
        concern.why,
        tuple(dict.fromkeys(filter(None, map(concern.command, sorted(origins))))),
        concern.yaml(options),
        tuple(sorted(hosts)),
    )


_OWNERS = {
    "meta.helm.sh/release-name": "Helm",
    "argocd.argoproj.io/tracking-id": "Argo CD",
}


def owners(conversion: Conversion) -> Iterator[Step]:
    """The programs that write the Ingresses, and would write them again."""
    owned = {
        ingress.key: owner
        for ingress in conversion.ingresses
        for annotation, owner in _OWNERS.items()
        if annotation in ingress.annotations
    }
    if owned:
        yield Step(
            "owners",
            "change the sources of the Ingresses",
            f"{' and '.join(sorted(set(owned.values())))} wrote these Ingresses and write them "
            "again after a deletion: remove them in the chart's values or the repository. Labels "
            "and annotations that this plan sets on Services belong there, too, since Argo CD's "
            "self-heal and the next upgrade of a chart may take them back. Keep the new objects "
            "out of an application that prunes what is not in its repository, or add them there.",
            ingresses=tuple(sorted(owned)),
        )
