"""What the user may choose about a conversion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Options:
    """The choices of one conversion, with the command line's defaults.

    ``compat`` "full" writes the headers that back ends see under nginx, "lean" leaves them out.
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
