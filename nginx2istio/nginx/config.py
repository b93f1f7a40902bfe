"""The effective nginx configuration as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nginx2istio.nginx.configmaps import ConfigMap
from nginx2istio.nginx.controller import Controller
from nginx2istio.nginx.model import Lost, Mistake, Rejected, Remark, Server, Setting, Upstream


@dataclass(frozen=True, slots=True)
class NginxConfig:
    """All that the controller would have configured, and all that had no effect.

    ``unknown`` are annotations with the controller's prefix that it does not know.
    """

    controller: Controller
    servers: tuple[Server, ...] = ()
    upstreams: Mapping[str, Upstream] = field(default_factory=dict)
    ineffective: tuple[Lost, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    skipped: tuple[Rejected, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    unknown: tuple[Setting, ...] = ()
    remarks: tuple[Remark, ...] = ()
    configmaps: Mapping[str, ConfigMap] = field(default_factory=dict)
    """All ConfigMaps among the input, by ``namespace/name``."""
    own: str = ""
    """The controller's own ConfigMap, "" when it is not among the input."""
    names: frozenset[str] = frozenset()
    """All hosts and aliases."""
    under: Mapping[str, tuple[Server, ...]] = field(default_factory=dict)
    """Domain -> the servers exactly one label below it: what ``*.domain`` would take."""
    settings: tuple[Setting, ...] = ()
    """Every accepted annotation of every loaded Ingress, in force or not."""

    def given(self, key: str) -> Setting | None:
        """An entry of the controller's own ConfigMap, None when it is not set there."""
        own = self.configmaps.get(self.own)
        return own.setting(key) if own and key in own.data else None

    def external_names(self) -> Mapping[str, tuple[str, tuple[tuple[int, int], ...]]]:
        """What Services of type ExternalName lead to, as far as paths need it.

        By name: the first namespace that has such a Service, and the ports asked for, each with
        the port over there.
        """
        found: dict[str, tuple[str, dict[int, int]]] = {}
        for upstream in sorted(self.upstreams.values(), key=lambda u: (u.namespace, u.name)):
            name = upstream.external_name
            if name and not upstream.unavailable and upstream.port is not None:
                _, ports = found.setdefault(name, (upstream.namespace, {}))
                ports.setdefault(upstream.port, upstream.external_port or upstream.port)
        return {name: (space, tuple(sorted(p.items()))) for name, (space, p) in found.items()}
