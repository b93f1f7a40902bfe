"""The kinds of objects that are read from a cluster, and where the API server has them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind, its API group and version, the plural in paths, and whether it has a namespace."""

    name: str
    group: str
    version: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As objects say it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "") -> str:
        """The path of an object, or of all in a namespace, or ("") of all."""
        start = f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"
        within = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{start}{within}/{self.plural}" + (f"/{name}" if name else "")


INGRESS = Kind("Ingress", "networking.k8s.io", "v1", "ingresses")
INGRESS_CLASS = Kind("IngressClass", "networking.k8s.io", "v1", "ingressclasses", False)
SERVICE = Kind("Service", "", "v1", "services")
ENDPOINT_SLICE = Kind("EndpointSlice", "discovery.k8s.io", "v1", "endpointslices")
CONFIG_MAP = Kind("ConfigMap", "", "v1", "configmaps")
SECRET = Kind("Secret", "", "v1", "secrets")
NAMESPACE = Kind("Namespace", "", "v1", "namespaces", False)
DEPLOYMENT = Kind("Deployment", "apps", "v1", "deployments")
DAEMON_SET = Kind("DaemonSet", "apps", "v1", "daemonsets")
ISTIO = (
    Kind("Gateway", "networking.istio.io", "v1", "gateways"),
    Kind("VirtualService", "networking.istio.io", "v1", "virtualservices"),
    Kind("DestinationRule", "networking.istio.io", "v1", "destinationrules"),
    Kind("ServiceEntry", "networking.istio.io", "v1", "serviceentries"),
    Kind("EnvoyFilter", "networking.istio.io", "v1alpha3", "envoyfilters"),
    Kind("AuthorizationPolicy", "security.istio.io", "v1", "authorizationpolicies"),
)
"""All kinds of Istio's that a conversion makes."""
STATEFUL_SET = Kind("StatefulSet", "apps", "v1", "statefulsets")
POD = Kind("Pod", "", "v1", "pods")
PEER_AUTHENTICATION = Kind("PeerAuthentication", "security.istio.io", "v1", "peerauthentications")
NETWORK_POLICY = Kind("NetworkPolicy", "networking.k8s.io", "v1", "networkpolicies")
WORKLOAD = (
    CONFIG_MAP,
    SERVICE,
    DEPLOYMENT,
    NETWORK_POLICY,
    Kind("PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets"),
)
"""Kinds of the objects that run an auth service."""
NEIGHBOURS = (
    PEER_AUTHENTICATION,
    NETWORK_POLICY,
    Kind("Rollout", "argoproj.io", "v1alpha1", "rollouts"),
    Kind("Canary", "flagger.app", "v1beta1", "canaries"),
    Kind("ScaledObject", "keda.sh", "v1alpha1", "scaledobjects"),
    Kind("HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers"),
    Kind("PrometheusRule", "monitoring.coreos.com", "v1", "prometheusrules"),
    Kind("ServiceMonitor", "monitoring.coreos.com", "v1", "servicemonitors"),
    Kind("PodMonitor", "monitoring.coreos.com", "v1", "podmonitors"),
    Kind("Issuer", "cert-manager.io", "v1", "issuers"),
)
"""Kinds of objects around Ingresses and backends. A cluster without such a kind has none."""
CLUSTER_ISSUER = Kind("ClusterIssuer", "cert-manager.io", "v1", "clusterissuers", False)
