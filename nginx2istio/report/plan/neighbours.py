"""Steps about what acts on Ingresses beside the controller: who hands out certificates, records."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from nginx2istio.bridge.secrets import secret_name
from nginx2istio.convert.convert import Conversion
from nginx2istio.istio.yaml import document
from nginx2istio.nginx.build.ingresses import Ingress
from nginx2istio.report.plan.step import Step

CERT_MANAGER = "cert-manager.io/"
TLS_ACME = "kubernetes.io/tls-acme"
EXTERNAL_DNS = "external-dns.alpha.kubernetes.io/"


def cert_manager(conversion: Conversion) -> Iterator[Step]:
    """What becomes of Certificates that cert-manager makes of Ingresses; nothing if there are none."""  # noqa: E501
    mine = [i for i in conversion.ingresses if _certified(i)]
    if not mine:
        return
    there = conversion.options.gateway_namespace
    made = {}
    for ingress in mine:
        issuer = ingress.annotations.get(f"{CERT_MANAGER}cluster-issuer")
        for tls in ingress.tls:
            if issuer and tls.secret and tls.hosts:
                name = secret_name(ingress.origin.namespace, tls.secret, conversion.options)
                made[name] = {
                    "apiVersion": "cert-manager.io/v1",
                    "kind": "Certificate",
                    "metadata": {"name": name, "namespace": there},
                    "spec": {
                        "secretName": name,
                        "dnsNames": list(tls.hosts),
                        "issuerRef": {"name": issuer, "kind": "ClusterIssuer"},
                    },
                }
    yield Step(
        "cert-manager",
        "keep certificates renewed",
        "cert-manager makes the Certificates of these Ingresses out of the Ingresses, in their "
        "namespaces: they go on as long as the Ingresses are there, and their copies at the "
        "gateway have to be made again after each renewal. Certificates of your own in the "
        "gateway's namespace, as below, need no copies; an Issuer (not ClusterIssuer) has to be "
        "made in that namespace first. Challenges over HTTP-01 come to where DNS leads: after the "
        "move their solver must be reached at the new gateway, DNS-01 works in either place.",
        ("kubectl get certificate,challenge -A",),
        yaml="---\n".join(document(made[name]) for name in sorted(made)),
        ingresses=tuple(i.key for i in mine),
    )


def _certified(ingress: Ingress) -> bool:
    notes = ingress.annotations
    return any(k.startswith(CERT_MANAGER) for k in notes) or notes.get(TLS_ACME) == "true"


def external_dns(conversion: Conversion) -> Step:
    """What external-dns needs; it makes records of Ingresses without any annotation."""
    mine = [
        i for i in conversion.ingresses if any(k.startswith(EXTERNAL_DNS) for k in i.annotations)
    ]
    return Step(
        "external-dns",
        "where external-dns writes the records",
        "It takes names and addresses from the Ingresses and their status, and would set a record "
        "back that was changed by hand. Give it the source istio-gateway (or istio-virtualservice) "
        "beside ingress when the records are to move: it takes the address from the gateway's "
        "Service. Where both sources have a name it keeps the target that the record has; a "
        "host moves when its Ingress no longer offers it (annotate it as below: external-dns then "
        "passes the Ingress over). What its annotations say (ttl, target, hostname, provider's "
        "own) goes to the Gateway or VirtualService; applying the output again keeps it there.",
        (
            "kubectl get deployment -A -l app.kubernetes.io/name=external-dns"
            " -o jsonpath='{.items[*].spec.template.spec.containers[*].args}'",
            *(
                f"kubectl annotate ingress -n {shlex.quote(i.origin.namespace)}"
                f" {shlex.quote(i.origin.name)} {EXTERNAL_DNS}controller=none"
                for i in conversion.ingresses[:1]
            ),
        ),
        ingresses=tuple(i.key for i in mine),
    )


def network_policies(conversion: Conversion) -> Step:
    """Let the gateway reach the back ends."""
    options = conversion.options
    peer = {
        "namespaceSelector": {
            "matchLabels": {"kubernetes.io/metadata.name": options.gateway_namespace}
        },
        "podSelector": {"matchLabels": dict(options.gateway_selector)},
    }
    spaces = sorted({u.namespace for u in conversion.config.upstreams.values() if u.namespace})
    return Step(
        "network-policies",
        "let the gateway's pods reach the back ends",
        "Where NetworkPolicies let ingress-nginx in, add the gateway beside it (not in its place, "
        "until the end): the YAML is one more entry of `from`. Make no new policy where there is "
        "none: it would shut out everybody else. The command lists the policies that name peers, "
        f"in the back ends' namespaces ({_some(spaces)}). The gateway's own namespace may limit "
        "what leaves it, too.",
        (
            "kubectl get networkpolicy -A -o json | jq -r '.items[] | select([.spec.ingress[]?"
            '.from[]?] != []) | "\\(.metadata.namespace)/\\(.metadata.name)"\'',
        ),
        yaml=document({"from": [peer]}),
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
