"""What the user may choose about a conversion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from nginx2istio.base.documentation import SITE

ISTIO_VERSIONS = ((1, 28), (1, 29), (1, 30), (1, 31), (1, 32))
"""The releases of Istio that the output is measured on (docs/conformance.md), the newest last."""

Feature = Literal["weak-etags"]
"""What some releases of Istio can do and others can't."""
SINCE: Mapping[Feature, tuple[int, int]] = {"weak-etags": (1, 30)}
"""The first release of Istio that has a feature.

``weak-etags``: the compressor's ``weaken_etag_on_compress``.
"""


AUTH_SERVICE_IMAGE = "nginxinc/nginx-unprivileged:1.29.4-alpine"
"""What the auth service runs: nginx as its makers build it, for a pod without privileges.

Alpine, as the controller's own image: hashes of passwords are checked by the same C library.
"""

FilterKind = Literal[
    "address-lists",
    "bad-gateway",
    "body-limit",
    "client-headers",
    "compression",
    "error-pages",
    "external-auth",
    "forwarded-host",
    "large-headers",
    "limit-rate",
    "mirror",
    "misdirected",
    "own-rules",
    "rate-limit",
    "response-rewrite",
    "session-cookies",
]
"""What EnvoyFilters are for; the user can ask for each by its name."""


Layout = Literal["flat", "namespace", "argocd"]
"""How an output folder is laid out: one kustomization, or one a namespace, with sync waves."""
OPTIONS_FILE = "nginx2istio.yaml"
"""The file with a team's own choices, beside the manifests."""
USUAL_CLASS = "nginx"
"""The IngressClass of a controller without the flag --ingress-class."""


def _usual_gateway() -> Mapping[str, str]:
    return {"istio": "ingressgateway"}


@dataclass(frozen=True, slots=True)
class ControllerOptions:
    """A further controller that one conversion replaces, with the gateway that takes its place.

    Attributes:
        ingress_class: Its class.
        controller_config: Its ConfigMap as ``namespace/name``; "" to look for it.
        gateway_selector: Labels of the pods of its gateway.
        gateway_namespace: The namespace of these pods.
        gateway: The ``namespace/name`` of a Gateway that is there; "" to write Gateways.

    """

    ingress_class: str
    controller_config: str = ""
    gateway_selector: Mapping[str, str] = field(default_factory=_usual_gateway)
    gateway_namespace: str = "istio-system"
    gateway: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """The choices of one conversion, with the command line's defaults.

    Attributes:
        ingress_class: The class of the controller that is replaced; "" for its own flag, or nginx.
        watch_without_class: Ingresses without a class are meant, too.
        controller_config: The controller's ConfigMap as ``namespace/name``; "" to look for it.
        ssl_passthrough: The controller has this flag. It wins over the Deployment of the input.
        default_ssl_certificate: ``namespace/name`` of the controller's flag, in the same way.
        gateway_selector: Labels of the gateway's pods.
        gateway_namespace: The namespace of the gateway's pods.
        gateway: The ``namespace/name`` of a Gateway that is there; "" to write Gateways.
        gateway_address: The gateway's address, for the commands of the plan.
        compat: How like nginx the output is: "exact" in all that can be told apart, "full" in all
            that somebody set or that a client or a backend can rely on, "lean" as by hand.
        annotate_lines: The lines of the Ingresses stand in comments.
        envoy_filters: The kinds of EnvoyFilters that the output may have, True for all.
        allow_unprotected: Serve paths whose protection has no counterpart, instead of 503.
        auth_service: An nginx of its own checks credentials and limits.
        auth_service_image: The image of that nginx.
        istio_version: One of ``ISTIO_VERSIONS``; None for that of the cluster, or the newest.
        host_map: New names of hosts, for a trial: see ``nginx/rename_hosts.py``.
        host_suffix: What every host gets at its end, for a trial.
        one_gateway: One Gateway holds the hosts of all namespaces.
        layout: That of the output folder; "argocd" gives the objects sync waves.
        only_hosts: Patterns of the hosts that are converted, () for all: see ``nginx/wave.py``.
        only_namespaces: Patterns of namespaces; a host with an Ingress in one is converted.
        docs_url: The site with the pages that findings name, "" for the files of the package.
        others: Further controllers. What says something of one controller or gateway is about
            the first.

    """

    ingress_class: str = ""
    watch_without_class: bool = False
    controller_config: str = ""
    ssl_passthrough: bool = False
    default_ssl_certificate: str = ""
    gateway_selector: Mapping[str, str] = field(default_factory=_usual_gateway)
    gateway_namespace: str = "istio-system"
    gateway: str = ""
    gateway_address: str = ""
    compat: Literal["exact", "full", "lean"] = "full"
    annotate_lines: bool = False
    envoy_filters: bool | frozenset[FilterKind] = False
    allow_unprotected: bool = False
    auth_service: bool = False
    auth_service_image: str = AUTH_SERVICE_IMAGE
    istio_version: tuple[int, int] | None = None
    host_map: Mapping[str, str] = field(default_factory=dict)
    host_suffix: str = ""
    one_gateway: bool = False
    layout: Layout = "flat"
    only_hosts: tuple[str, ...] = ()
    only_namespaces: tuple[str, ...] = ()
    docs_url: str = SITE
    others: tuple[ControllerOptions, ...] = ()

    @property
    def each(self) -> tuple[Options, ...]:
        """The choices for each controller by itself, in order."""
        further = (
            replace(
                self,
                ingress_class=other.ingress_class,
                watch_without_class=False,
                ssl_passthrough=False,
                default_ssl_certificate="",
                controller_config=other.controller_config,
                gateway_selector=other.gateway_selector,
                gateway_namespace=other.gateway_namespace,
                gateway=other.gateway,
                gateway_address="",
                others=(),
            )
            for other in self.others
        )
        return (replace(self, others=()), *further)

    @property
    def apart(self) -> str:
        """What tells the names of this controller's objects from those of others.

        It is "" for the usual class, so its names are plain.
        """
        return "" if self.ingress_class in ("", USUAL_CLASS) else self.ingress_class

    @property
    def controller_flags(self) -> tuple[str, ...]:
        """The controller's flags that the user names, as its Deployment would have them."""
        certificate = self.default_ssl_certificate
        return (
            *(["--enable-ssl-passthrough"] if self.ssl_passthrough else ()),
            *([f"--default-ssl-certificate={certificate}"] if certificate else ()),
        )

    @property
    def trial(self) -> bool:
        """Whether the output is a trial, beside what is live."""
        return bool(self.host_map or self.host_suffix)

    def filters(self, kind: FilterKind) -> bool:
        """Whether the output may have EnvoyFilters of a kind."""
        if isinstance(self.envoy_filters, bool):
            return self.envoy_filters
        return kind in self.envoy_filters

    def supports(self, feature: Feature) -> bool:
        """Whether the release of Istio that the output is for has a feature."""
        return (self.istio_version or ISTIO_VERSIONS[-1]) >= SINCE[feature]
