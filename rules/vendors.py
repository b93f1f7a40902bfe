"""Annotations of other programs: what they are, and what becomes of what they do."""

from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher

from nginx2istio.rule import Edit, Finding, Message, Place, Setting, rule

CERT_MANAGER = Message(
    "N2I610",
    "unsupported",
    "warning",
    "Certificate that cert-manager makes",
    "With {keys}, cert-manager makes the certificate of this Ingress as long as the "
    "Ingress exists. The old controller answers its HTTP-01 challenges, which do not "
    "reach it after the DNS change.",
    "Before you delete the Ingress, write a Certificate for the same hosts in the gateway's "
    "namespace. Use DNS-01, or HTTP-01 with ingressClassName: istio.",
)
EXTERNAL_DNS = Message(
    "N2I611",
    "unsupported",
    "warning",
    "DNS records that external-dns makes",
    "With {keys}, external-dns makes the DNS records of this Ingress, with the address "
    "of the old controller. It deletes them together with the Ingress.",
    "Give external-dns --source=istio-gateway and repeat the annotation at the Gateway, "
    "before you delete the Ingress. Only one source may own a record.",
)
OTHER_CONTROLLER = Message(
    "N2I612",
    "ineffective",
    "info",
    "Annotation of another controller",
    "ingress-nginx does not read {keys}, which is for {program}.",
    "Delete it, unless that controller also serves the Ingress.",
)
READER = Message(
    "N2I613",
    "neutral",
    "info",
    "Annotation of a program that reads Ingresses",
    "{program} reads {keys} from this Ingress. No request depends on it.",
    "Check that the program finds the host in another way before you delete the Ingress.",
)
MISSPELT = Message(
    "N2I614",
    "ineffective",
    "info",
    "Annotation with a wrong prefix",
    "ingress-nginx does not read {keys}, because the prefix of its annotations is {prefix}/.",
    "Delete it, or correct its name before the conversion if it is meant to do something.",
)

CERTIFICATES = ("cert-manager.io", "acme.cert-manager.io", "certmanager.k8s.io")
ACME = "kubernetes.io/tls-acme"
DNS = ("external-dns.alpha.kubernetes.io", "external-dns.io")
CONTROLLERS = {
    "nginx.org": "the ingress controller of F5 NGINX",
    "nginx.com": "the ingress controller of F5 NGINX",
    "appprotect.f5.com": "the ingress controller of F5 NGINX",
    "haproxy.org": "the ingress controller of HAProxy Technologies",
    "haproxy.com": "the ingress controller of HAProxy Technologies",
    "haproxy-ingress.github.io": "HAProxy Ingress",
    "ingress.kubernetes.io": "HAProxy Ingress, and ingress-nginx before 0.9",
    "traefik.ingress.kubernetes.io": "Traefik",
    "ingress.traefik.io": "Traefik",
    "alb.ingress.kubernetes.io": "the AWS Load Balancer Controller",
    "appgw.ingress.kubernetes.io": "Azure Application Gateway",
    "ingress.gcp.kubernetes.io": "the controller of Google Kubernetes Engine",
    "networking.gke.io": "the controller of Google Kubernetes Engine",
    "cloud.google.com": "the controller of Google Kubernetes Engine",
    "konghq.com": "Kong",
    "configuration.konghq.com": "Kong",
    "plugins.konghq.com": "Kong",
    "projectcontour.io": "Contour",
    "contour.heptio.com": "Contour",
    "getambassador.io": "Emissary",
    "k8s.apisix.apache.org": "Apache APISIX",
    "higress.io": "Higress",
    "voyager.appscode.com": "Voyager",
    "ncp": "NSX Container Plugin",
    "ingress.cilium.io": "Cilium",
    "openshift.io": "the router of OpenShift",
    "route.openshift.io": "the router of OpenShift",
    "haproxy.router.openshift.io": "the router of OpenShift",
    "nginx.ingress.kubernetes.io": "ingress-nginx with its usual prefix",
}
GOOGLE = ("kubernetes.io/ingress.global-static-ip-name", "kubernetes.io/ingress.allow-http")
READERS = {
    "forecastle.stakater.com": "Forecastle",
    "monitor.stakater.com": "the IngressMonitorController",
    "gethomepage.dev": "Homepage",
    "hajimari.io": "Hajimari",
    "link.argocd.argoproj.io": "Argo CD",
}


@rule(at="conversion", when="always")
def vendors(place: Place) -> Iterator[Edit | Finding]:
    """nginx ignores them, but certificates and DNS records may depend on them."""
    prefix = place.config.controller.annotations_prefix
    kinds: dict[str, tuple[Message, str] | None] = {}
    for ingress in place.config.other_annotations:
        by_kind: dict[tuple[Message, str], list[Setting]] = {}
        for setting in ingress.settings:
            if setting.key not in kinds:
                kinds[setting.key] = kind(setting.key, prefix)
            about = kinds[setting.key]
            if about:
                by_kind.setdefault(about, []).append(setting)
        for (message, program), settings in by_kind.items():
            keys = ", ".join(s.key for s in settings)
            first = settings[0]
            finding = message("", keys=keys, program=program, prefix=prefix)
            finding = finding.for_directive(first.text, first.origin)
            yield replace(finding, key=first.key, hosts=ingress.hosts, everywhere="host")


def kind(key: str, nginx_prefix: str) -> tuple[Message, str] | None:
    """What an annotation is: the message about it and the name of its program; None for others."""
    prefix = key.rpartition("/")[0]
    if prefix in CERTIFICATES or key == ACME:
        return CERT_MANAGER, ""
    if prefix in DNS:
        return EXTERNAL_DNS, ""
    if key in GOOGLE:
        return OTHER_CONTROLLER, CONTROLLERS["networking.gke.io"]
    if prefix in CONTROLLERS:
        return OTHER_CONTROLLER, CONTROLLERS[prefix]
    if prefix in READERS:
        return READER, READERS[prefix]
    likeness = SequenceMatcher(None, prefix, nginx_prefix).ratio()
    if likeness > 0.85 or key.startswith(f"{nginx_prefix}."):
        return MISSPELT, ""
    return None
