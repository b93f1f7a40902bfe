"""What the user may choose about a conversion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Feature = Literal[
    "cel-in-headers",
    "client-ca-of-its-own",
    "rate-limit-by-client",
    "weak-etags",
]
"""What some releases of Istio can do and others can't."""
SINCE: Mapping[Feature, tuple[int, int]] = {
    "cel-in-headers": (1, 26),
    "client-ca-of-its-own": (1, 27),
    "rate-limit-by-client": (1, 26),
    "weak-etags": (1, 30),
}
"""The first release of Istio that has a feature.

``cel-in-headers``: ``%CEL(...)%`` in the value of a header. ``client-ca-of-its-own``: a Gateway's
``caCertCredentialName``. ``rate-limit-by-client``: a descriptor without a value in Envoy's local
rate limit. ``weak-etags``: the compressor's ``weaken_etag_on_compress``.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """The choices of one conversion, with the command line's defaults.

    ``compat`` "full" writes the headers that backends see under nginx, "lean" leaves them out.
    ``gateway_address`` is the address of the new gateway, for the test commands of the report.
    ``istio_version`` is a pair such as (1, 28). ``host_map`` and ``host_suffix`` make the output a
    trial under other host names: see ``nginx/renamed.py``.
    """

    ingress_class: str = ""
    watch_without_class: bool = False
    controller_config: str = ""
    gateway_selector: Mapping[str, str] = field(default_factory=lambda: {"istio": "ingressgateway"})
    gateway_namespace: str = "istio-system"
    gateway_address: str = ""
    compat: Literal["full", "lean"] = "full"
    envoy_filters: bool = False
    allow_unprotected: bool = False
    istio_version: tuple[int, int] = (1, 28)
    host_map: Mapping[str, str] = field(default_factory=dict)
    host_suffix: str = ""

    @property
    def trial(self) -> bool:
        """Whether the output is a trial, beside what is live."""
        return bool(self.host_map or self.host_suffix)

    def supports(self, feature: Feature) -> bool:
        """Whether the release of Istio that the output is for has a feature."""
        return self.istio_version >= SINCE[feature]
