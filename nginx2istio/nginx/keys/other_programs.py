"""Annotations of other programs, by their prefixes."""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal

ProgramKind = Literal["cert-manager", "external-dns", "controller", "reader", "misspelt"]

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


@lru_cache(maxsize=1024)
def other_program(key: str, nginx_prefix: str) -> tuple[ProgramKind, str] | None:
    """What an annotation is for, and the name of its program; None when it is unknown.

    "reader": a program that reads Ingresses; "misspelt": ``nginx_prefix``, nearly.
    """
    prefix = key.rpartition("/")[0]
    if prefix in CERTIFICATES or key == ACME:
        return "cert-manager", "cert-manager"
    if prefix in DNS:
        return "external-dns", "external-dns"
    if key in GOOGLE:
        return "controller", CONTROLLERS["networking.gke.io"]
    if prefix in CONTROLLERS:
        return "controller", CONTROLLERS[prefix]
    if prefix in READERS:
        return "reader", READERS[prefix]
    likeness = SequenceMatcher(None, prefix, nginx_prefix).ratio()
    if likeness > 0.85 or key.startswith(f"{nginx_prefix}."):
        return "misspelt", ""
    return None
