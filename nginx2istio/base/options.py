"""What the user may choose about a conversion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

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
    """A further controller that one conversion replaces, with the gateway that takes its place."""

    ingress_class: str
    controller_config: str = ""
    gateway_selector: Mapping[str, str] = field(default_factory=_usual_gateway)
    gateway_namespace: str = "istio-system"
    gateway: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """The choices of one conversion, with the command line's defaults.

    ``compat`` is how like nginx the output is: "exact" in all that can be told apart, "full" in
    all that somebody set or that a client or a backend can rely on, "lean" as a person writes it.
    ``annotate_lines`` puts the lines of the Ingresses into comments.
    ``envoy_filters`` are the kinds of EnvoyFilters that the output may have, True for all.
    ``gateway`` is the ``namespace/name`` of a Gateway that is there already, "" to write Gateways.
    ``ssl_passthrough`` and ``default_ssl_certificate`` (``namespace/name``) stand for the
    controller's flags where its Deployment is not among the input, and win over it.
    ``gateway_address`` is the address of the new gateway, for the test commands of the report.
    ``istio_version`` is one of ``ISTIO_VERSIONS``, None for that of the cluster or the newest.
    ``auth_service`` has an nginx of its own (``auth_service_image``) check credentials and limits.
    ``host_map`` and ``host_suffix`` make it a trial under other host names: see
    ``nginx/rename_hosts.py``. ``one_gateway``: one Gateway holds the hosts of all namespaces.
    ``layout`` is that of the output folder, and "argocd" gives the objects sync waves.
    ``only_hosts`` and ``only_namespaces`` are patterns of what is converted, () for all: see
    ``nginx/wave.py``. ``others`` are further controllers: what says something of one controller
    or gateway is about the first.
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
