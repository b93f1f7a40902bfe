"""Steps about the programs that act on Ingresses beside the controller, and about the network."""

from __future__ import annotations

from collections.abc import Iterator

from nginx2istio.base.shell import shell_word
from nginx2istio.bridge.secrets import secret_name
from nginx2istio.convert.convert import Conversion
from nginx2istio.findings.around.network import MESSAGES as STOPS
from nginx2istio.istio.yaml import document
from nginx2istio.nginx.build.ingresses import Ingress
from nginx2istio.report.plan.around import edit
from nginx2istio.report.plan.step import Step
from nginx2istio.report.words.labels import some

_CERT_MANAGER = "cert-manager.io/"
_TLS_ACME = "kubernetes.io/tls-acme"
_EXTERNAL_DNS = "external-dns.alpha.kubernetes.io/"


def cert_manager(conversion: Conversion) -> Iterator[Step]:
    """What happens to the Certificates that cert-manager creates for Ingresses, if any."""
    ingresses = {i.key: i for i in conversion.ingresses if _certified(i)}
    if not ingresses:
        return
    certificates = {}
    of_gateways = [
        (part.controller.options, ingress)
        for part in conversion.parts
        for ingress in part.controller.ingresses
        if ingress.key in ingresses
    ]
    for options, ingress in of_gateways:
        namespace = options.gateway_namespace
        issuer = ingress.annotations.get(f"{_CERT_MANAGER}cluster-issuer")
        for tls in ingress.tls:
            if issuer and tls.secret and tls.hosts:
                name = secret_name(ingress.origin.namespace, tls.secret, options)
                certificates[namespace, name] = {
                    "apiVersion": "cert-manager.io/v1",
                    "kind": "Certificate",
                    "metadata": {"name": name, "namespace": namespace},
                    "spec": {
                        "secretName": name,
                        "dnsNames": list(tls.hosts),
                        "issuerRef": {"name": issuer, "kind": "ClusterIssuer"},
                    },
                }
    yield Step(
        "cert-manager",
        "keep certificates renewed",
        "cert-manager creates the Certificates of these Ingresses in their namespaces. They last "
        "as long as the Ingresses, and their copies at the gateway must be renewed with them. "
        "Certificates in the gateway's namespace, as below, need no copies. They need an Issuer "
        "in that namespace, or a ClusterIssuer. An HTTP-01 challenge follows DNS: after the move "
        "the new gateway must route it to its solver. DNS-01 works in either place.",
        ("kubectl get certificate,challenge -A",),
        yaml="---\n".join(document(certificates[key]) for key in sorted(certificates)),
        ingresses=tuple(ingresses),
    )


def _certified(ingress: Ingress) -> bool:
    notes = ingress.annotations
    return any(k.startswith(_CERT_MANAGER) for k in notes) or notes.get(_TLS_ACME) == "true"


def external_dns(conversion: Conversion) -> Step:
    """What external-dns needs; it creates records for Ingresses without any annotation."""
    ingresses = [
        i for i in conversion.ingresses if any(k.startswith(_EXTERNAL_DNS) for k in i.annotations)
    ]
    return Step(
        "external-dns",
        "let external-dns write the records",
        "external-dns takes names and addresses from the Ingresses and their status. It undoes a "
        "change of a record by hand. When the records are to move, add the source istio-gateway "
        "(or istio-virtualservice) beside ingress: it takes the address from the gateway's "
        "Service. Where both sources have a name, the record keeps its target. A host moves when "
        "its Ingress is annotated as below, because external-dns then ignores the Ingress. Copy "
        "other external-dns annotations (ttl, target, hostname, the provider's) to the Gateway or "
        "VirtualService; applying the output again keeps them there.",
        (
            "kubectl get deployment -A -l app.kubernetes.io/name=external-dns"
            " -o jsonpath='{.items[*].spec.template.spec.containers[*].args}'",
            *(
                f"kubectl annotate ingress -n {shell_word(i.origin.namespace)}"
                f" {shell_word(i.origin.name)} {_EXTERNAL_DNS}controller=none"
                for i in conversion.ingresses[:1]
            ),
        ),
        ingresses=tuple(i.key for i in ingresses),
    )


def network_policies(conversion: Conversion) -> Step:
    """Let the gateway reach the backends."""
    peers = [
        {
            "namespaceSelector": {
                "matchLabels": {"kubernetes.io/metadata.name": options.gateway_namespace}
            },
            "podSelector": {"matchLabels": dict(options.gateway_selector)},
        }
        for options in conversion.options.each
    ]
    spaces = sorted({u.namespace for u in conversion.config.upstreams.values() if u.namespace})
    codes = {message.code for message in STOPS}
    stops = [f for f in conversion.findings if f.message.code in codes]
    hosts = {host for finding in stops for host in finding.hosts} - {"*"}
    return Step(
        "network-policies",
        "let the gateway's pods reach the backends",
        "Where a NetworkPolicy allows ingress-nginx, allow the gateway beside it: the YAML is one "
        "more entry of `from`. Keep the entry of ingress-nginx until the end. Create no new policy "
        "where there is none: it would deny all other clients. The first command lists the "
        "policies that name peers, the others open those that findings name. The backends are in "
        f"these namespaces: {some(spaces)}. A policy of the "
        "gateway's own namespace may limit its egress.",
        (
            "kubectl get networkpolicy -A -o json | jq -r '.items[] | select([.spec.ingress[]?"
            '.from[]?] != []) | "\\(.metadata.namespace)/\\(.metadata.name)"\'',
            *dict.fromkeys(edit(finding.origin) for finding in stops),
        ),
        yaml=document({"from": peers}),
        hosts=tuple(sorted(hosts)),
    )
