"""Annotations of other programs: what they are, and what becomes of what they do."""

from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher

from nginx2istio.rule import Edit, Finding, Message, Place, Setting, rule

CERT_MANAGER = Message(
    "N2I610",
    "neutral",
    "warning",
    "",
    "{keys}: cert-manager makes the certificate from this Ingress. That goes on while the Ingress "
    "exists, and ends with it; and its proof of ownership over HTTP (HTTP-01) is answered by the "
    "old controller, which gets no requests once DNS names the new gateway",
    "before you delete the Ingress, write a Certificate for the same hosts whose secretName is "
    "the gateway's Secret, in the gateway's namespace; let its issuer prove by DNS-01, or by "
    "HTTP-01 with ingressClassName: istio",
)
EXTERNAL_DNS = Message(
    "N2I611",
    "neutral",
    "warning",
    "",
    "{keys}: external-dns makes the DNS records from this Ingress, with the address of the old "
    "controller. It knows nothing of the new objects, and takes the records away with the Ingress",
    "give external-dns --source=istio-gateway (and repeat the annotation at the Gateway) before "
    "you delete the Ingress; see that only one of both sources has the record",
)
OTHER_CONTROLLER = Message(
    "N2I612",
    "ineffective",
    "info",
    "",
    "{keys}: for {program}; ingress-nginx does not read that, and neither did the conversion",
    "delete it, unless the Ingress is also served by that controller",
)
READER = Message(
    "N2I613",
    "neutral",
    "info",
    "",
    "{keys}: for {program}, which reads Ingresses; no request depends on it",
    "see that it finds the host in another way before you delete the Ingress",
)
MISSPELT = Message(
    "N2I614",
    "ineffective",
    "info",
    "",
    "{keys}: ingress-nginx does not read that, as the prefix of its annotations is {prefix}/",
    "delete it, or correct its name before the conversion if it was meant to do something",
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
    """Nginx answers no request by them, but certificates and DNS records may depend on them."""
    own = place.config.controller.annotations_prefix
    kinds: dict[str, tuple[Message, str] | None] = {}
    for ingress in place.config.other_annotations:
        found: dict[tuple[Message, str], list[Setting]] = {}
        for setting in ingress.settings:
            if setting.key not in kinds:
                kinds[setting.key] = kind(setting.key, own)
            said = kinds[setting.key]
            if said:
                found.setdefault(said, []).append(setting)
        for (message, program), settings in found.items():
            keys = ", ".join(s.key for s in settings)
            first = settings[0]
            finding = message("", keys=keys, program=program, prefix=own)
            finding = finding.for_directive(first.text, first.origin)
            yield replace(finding, key=first.key, hosts=ingress.hosts, everywhere="host")


def kind(key: str, own: str) -> tuple[Message, str] | None:
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
    if SequenceMatcher(None, prefix, own).ratio() > 0.85 or key.startswith(f"{own}."):
        return MISSPELT, ""
    return None
