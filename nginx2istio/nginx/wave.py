"""A part of a configuration: some hosts, as all Ingresses together make them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Protocol, TypeVar

from nginx2istio.nginx.build.ingresses import Ingress
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import DEFAULT_SERVER, Origin, Server, Unclaimed


class _Placed(Protocol):
    @property
    def origin(self) -> Origin: ...


_Entry = TypeVar("_Entry", bound=_Placed)


@dataclass(frozen=True, slots=True)
class Wave:
    """Patterns (``*``, ``?``, ``[...]``) of hosts and of namespaces; () for all of them.

    A host is of the wave when one of its Ingresses is in such a namespace and one of its names is
    such a host. The default server has the name ``*``.
    """

    hosts: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.hosts or self.namespaces)

    def has(self, hosts: Iterable[str], namespaces: Iterable[str]) -> bool:
        """Whether one of the hosts and one of the namespaces are of the wave."""
        names = ["*" if host == DEFAULT_SERVER else host.lower() for host in hosts]
        return _matches(names, self.hosts) and _matches(namespaces, self.namespaces)

    def has_server(self, server: Server) -> bool:
        """Whether a server is of the wave."""
        spaces = (origin.namespace for origin in server.ingresses)
        return self.has((server.host, *server.aliases), spaces)

    def has_unclaimed(self, ingress: Unclaimed) -> bool:
        """Whether an Ingress that nobody takes is of the wave."""
        return self.has(ingress.hosts, (ingress.origin.namespace,))


def _matches(names: Iterable[str], patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(n, p) for n in names for p in patterns)


def of_wave(
    config: NginxConfig, ingresses: Sequence[Ingress], wave: Wave
) -> tuple[NginxConfig, tuple[Ingress, ...]]:
    """The servers of a wave, with what is known of their Ingresses, and these."""
    if not wave:
        return config, tuple(ingresses)
    servers = tuple(server for server in config.servers if wave.has_server(server))
    hosts = {server.host for server in servers}
    some = tuple(
        ingress
        for ingress in ingresses
        if not hosts.isdisjoint(ingress.hosts)
        or wave.has(ingress.hosts, (ingress.origin.namespace,))
    )
    keys = {ingress.key for ingress in some}

    def within(entries: Iterable[_Entry]) -> tuple[_Entry, ...]:
        return tuple(e for e in entries if e.origin.kind != "Ingress" or e.origin.object in keys)

    filtered = replace(
        config,
        servers=servers,
        ineffective=within(config.ineffective),
        not_loaded=within(config.not_loaded),
        unclaimed=tuple(each for each in config.unclaimed if wave.has_unclaimed(each)),
        invalid_values=within(config.invalid_values),
        unknown=within(config.unknown),
        other_annotations=tuple(
            each
            for each in config.other_annotations
            if any(setting.origin.object in keys for setting in each.settings)
        ),
        remarks=within(config.remarks),
        host_names=frozenset(name for s in servers for name in (s.host, *s.aliases)),
        settings=within(config.settings),
    )
    return filtered, some
