"""The effective nginx configuration as a whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain
from typing import Any

from nginx2istio.base.memo import Memory
from nginx2istio.nginx.build.configmaps import ConfigMap
from nginx2istio.nginx.build.controller import Controller
from nginx2istio.nginx.build.namespaces import WatchedNamespaces
from nginx2istio.nginx.build.services import ServiceSpec
from nginx2istio.nginx.keys.defaults import effective
from nginx2istio.nginx.model import (
    Assumed,
    Ineffective,
    InvalidValue,
    Location,
    NotLoaded,
    OtherAnnotations,
    Remark,
    Server,
    Setting,
    Unclaimed,
    Upstream,
)
from nginx2istio.nginx.values.go import Value


@dataclass(frozen=True, slots=True)
class NginxConfig:
    """All that the controller would have configured, and all that had no effect.

    ``unknown`` are annotations with the controller's prefix that it does not know.
    """

    controller: Controller
    servers: tuple[Server, ...] = ()
    upstreams: Mapping[str, Upstream] = field(default_factory=dict)
    ineffective: tuple[Ineffective, ...] = ()
    not_loaded: tuple[NotLoaded, ...] = ()
    unclaimed: tuple[Unclaimed, ...] = ()
    invalid_values: tuple[InvalidValue, ...] = ()
    unknown: tuple[Setting, ...] = ()
    other_annotations: tuple[OtherAnnotations, ...] = ()
    remarks: tuple[Remark, ...] = ()
    configmaps: Mapping[str, ConfigMap] = field(default_factory=dict)
    """All ConfigMaps among the input, by ``namespace/name``."""
    services: Mapping[tuple[str, str], ServiceSpec] = field(default_factory=dict)
    """All Services among the input, by namespace and name."""
    namespaces: WatchedNamespaces = field(default_factory=WatchedNamespaces)
    """The namespaces that the controller serves, as far as the input tells."""
    controller_configmap: str = ""
    """The controller's own ConfigMap, "" when it is not among the input."""
    host_names: frozenset[str] = frozenset()
    """All hosts and aliases."""
    complete: Mapping[str, Collection[str]] = field(default_factory=dict)
    """By kind, the namespaces in which nothing that counts is missing among the input."""
    assumed: frozenset[Assumed] = frozenset()
    settings: tuple[Setting, ...] = ()
    """Every accepted annotation of every loaded Ingress, in force or not."""
    memory: Memory = field(default_factory=dict, init=False, repr=False, compare=False)
    """Results of functions about it: see ``base.memo``."""
    defaults: Mapping[str, Value | None] = field(init=False)
    """What is in force where no annotation says anything, for annotations and ConfigMap keys."""

    def __post_init__(self) -> None:
        annotations = {
            key: effective(key, {}, self.controller) for key in self.controller.annotations
        }
        object.__setattr__(self, "defaults", {**self.controller.config, **annotations})

    def in_force(self, location: Location, key: str) -> Value | None:
        """The effective value of an annotation, or of a key that only the ConfigMap has."""
        setting = location.settings.get(key)
        return self.default(key) if setting is None else setting.value

    def is_set(self, location: Location, key: str) -> bool:
        """Whether the annotation or the controller's ConfigMap sets the key for a location."""
        return key in location.settings or self.configured(key) is not None

    def hosts_where(self, holds: Callable[[Server, Location], bool]) -> list[str]:
        """The hosts and aliases of the servers of which some location is such."""
        servers = (s for s in self.servers if any(holds(s, x) for x in s.locations))
        return [name for server in servers for name in (server.host, *server.aliases)]

    def default(self, key: str) -> Value | None:
        """The value where no annotation says anything: the ConfigMap's, else what is built in."""
        return self.defaults[key]

    def exempts(self, key: str, path: str) -> bool:
        """Whether a path begins as the list of a ConfigMap key says (isLocationInLocationList)."""
        return path.startswith(_prefixes(self.controller.text(key)))

    @property
    def certified_hosts(self) -> frozenset[str]:
        """The hosts and aliases with a certificate of their own, or with TLS of the backend's."""
        default = bool(self.controller.default_ssl_certificate)
        return frozenset(
            name
            for server in self.servers
            if default or server.passthrough or (server.certificate and server.certificate.secret)
            for name in (server.host, *server.aliases)
        )

    @property
    def proxied_hosts(self) -> frozenset[str]:
        """The hosts and aliases of which at least one location has a backend."""
        return frozenset(
            name
            for server in self.servers
            if any(location.upstream for location in server.locations)
            for name in (server.host, *server.aliases)
        )

    @property
    def unlabelled_namespaces(self) -> tuple[str, ...]:
        """The namespaces of which the input does not tell whether the controller serves them."""
        if not self.controller.watch_namespace_selector:
            return ()
        used = {x.ingress.namespace for s in self.servers for x in s.locations}
        return tuple(sorted(name for name in used if name and not self.namespaces.knows(name)))

    def configured(self, key: str) -> Setting | None:
        """An entry of the controller's own ConfigMap, None when it is not set there."""
        own = self.configmaps.get(self.controller_configmap)
        return own.setting(key) if own and key in own.data else None


def joined_configs(configs: Sequence[NginxConfig]) -> NginxConfig:
    """Several controllers' configurations as one, for views: settings and defaults of the first.

    What two of them say alike stands once; a host that two of them serve has two servers.
    """
    first, *others = configs
    if not others:
        return first
    settings = {s.origin: s for config in configs for s in config.settings}
    annotations = {each.settings: each for config in configs for each in config.other_annotations}
    return replace(
        first,
        ineffective=_each_once(config.ineffective for config in configs),
        not_loaded=_each_once(config.not_loaded for config in configs),
        unclaimed=_each_once(config.unclaimed for config in configs),
        invalid_values=_each_once(config.invalid_values for config in configs),
        unknown=_each_once(config.unknown for config in configs),
        servers=tuple(chain.from_iterable(config.servers for config in configs)),
        upstreams={k: v for config in reversed(configs) for k, v in config.upstreams.items()},
        other_annotations=tuple(annotations.values()),
        remarks=tuple(chain.from_iterable(config.remarks for config in configs)),
        host_names=frozenset(chain.from_iterable(config.host_names for config in configs)),
        settings=tuple(settings.values()),
    )


def _each_once(of_configs: Iterable[Sequence[Any]]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(of_configs)))


@lru_cache
def _prefixes(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip(" ") for part in text.split(","))))
