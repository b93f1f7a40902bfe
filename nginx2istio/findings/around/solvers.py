"""cert-manager's HTTP-01 challenges, which are answered by Ingresses of the controller."""

from __future__ import annotations

from collections.abc import Iterator

from nginx2istio.findings.around.estate import Estate
from nginx2istio.findings.collisions import origin_of
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.inputs.held.fields import mapping, mappings
from nginx2istio.inputs.resource import Resource
from nginx2istio.rule import Message

SOLVER = Message(
    "N2I094",
    "approximated",
    "warning",
    "Certificates renewed through ingress-nginx",
    "This {key} answers HTTP-01 challenges by Ingresses, which the gateway does not serve. When "
    "DNS has moved, the certificates of these hosts are no longer renewed.",
    "Change the solver to DNS-01, or to HTTP-01 with ingressClassName: istio, before DNS moves.",
    frozenset({"tls"}),
)
CHALLENGE = Message(
    "N2I095",
    "approximated",
    "info",
    "Ingress of a running challenge",
    "cert-manager wrote this Ingress for a challenge and deletes it soon. Its route is converted "
    "and stays behind.",
    "Convert again when no challenge runs (kubectl get challenges -A).",
    frozenset({"routing"}),
)
MESSAGES = (SOLVER, CHALLENGE)

_SOLVER_LABEL = "acme.cert-manager.io/http01-solver"
_ISSUERS = {
    "cert-manager.io/cluster-issuer": "ClusterIssuer",
    "cert-manager.io/issuer": "Issuer",
}


def findings(estate: Estate) -> Iterator[PlacedFinding]:
    """Of each Issuer: the hosts whose certificates it renews by Ingresses."""
    hosts: dict[tuple[str, str, str], dict[str, None]] = {}
    for ingress in estate.config.other_annotations:
        for setting in ingress.settings:
            kind = _ISSUERS.get(setting.key)
            if kind:
                space = setting.origin.namespace if kind == "Issuer" else ""
                hosts.setdefault((kind, space, setting.text), {}).update(
                    dict.fromkeys(ingress.hosts)
                )
    for kind in ("Issuer", "ClusterIssuer"):
        for resource in estate.of(kind):
            space = resource.namespace if kind == "Issuer" else ""
            names = tuple(hosts.get((kind, space, resource.name), ()))
            if names and _by_ingress(resource):
                origin = origin_of(resource)._replace(namespace=space)
                yield placed(SOLVER, origin, names, key=kind)
    for resource in filter(is_challenge, estate.by_kind.get("Ingress", ())):
        rules = mappings(mapping(resource.body.get("spec")).get("rules"))
        names = tuple(str(rule["host"]) for rule in rules if rule.get("host"))
        yield placed(CHALLENGE, origin_of(resource), names)


def is_challenge(resource: Resource) -> bool:
    """Whether an object is an Ingress that cert-manager wrote for a challenge."""
    labels = mapping(resource.metadata.get("labels"))
    return resource.kind == "Ingress" and labels.get(_SOLVER_LABEL) == "true"


def _by_ingress(issuer: Resource) -> bool:
    acme = mapping(mapping(issuer.body.get("spec")).get("acme"))
    ways = [mapping(solver.get("http01")) for solver in mappings(acme.get("solvers"))]
    ingresses = [mapping(way["ingress"]) for way in ways if "ingress" in way]
    return any("istio" not in (i.get("class"), i.get("ingressClassName")) for i in ingresses)
