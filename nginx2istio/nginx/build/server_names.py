"""The further names of servers: aliases, and the twins with or without www that only redirect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from nginx2istio.nginx.build.upstreams import IneffectiveSettings
from nginx2istio.nginx.model import Ineffective, InvalidValue, Settings, www_twin


class NamedServer(Protocol):
    """A server while it grows. ``www``: whether a location of it asks for the twin."""

    aliases: tuple[str, ...]
    www: bool

    @property
    def settings(self) -> Settings: ...


def create_aliases(servers: Mapping[str, NamedServer], ineffective: IneffectiveSettings) -> None:
    """Gives each server its aliases (end of ``createServers``), each name to the first in order."""
    taken: set[str] = set()
    for host in sorted(servers):
        setting = servers[host].settings.get("server-alias")
        names = setting.value if setting and isinstance(setting.value, tuple) else ()
        aliases = []
        for name in sorted({str(n) for n in names}):
            if name in servers or name in taken:
                why = f"{name} has a server of its own, or is another server's alias"
                _lost(ineffective, servers[host], name, why)
            else:
                taken.add(name)
                aliases.append(name)
        servers[host].aliases = tuple(aliases)


def create_redirects(
    servers: Mapping[str, NamedServer], ineffective: IneffectiveSettings
) -> dict[str, str]:
    """The twins that only redirect, with their hosts (``BuildRedirects``).

    They stand first in nginx.conf, so they take their names from aliases.
    """
    twins: dict[str, str] = {}
    for host in sorted(servers):
        name = www_twin(host)
        if servers[host].www and name and name not in servers:
            twins.setdefault(name, host)
    for host in sorted(servers):
        server = servers[host]
        for name in server.aliases:
            if name.lower() in twins:
                _lost(ineffective, server, name, f"{name} only redirects to {twins[name.lower()]}")
        server.aliases = tuple(name for name in server.aliases if name.lower() not in twins)
    return twins


def _lost(ineffective: IneffectiveSettings, server: NamedServer, name: str, why: str) -> None:
    origin = server.settings["server-alias"].origin
    ineffective.entries.append(Ineffective(origin, "server-alias", name, why, (name,)))


def refused_names(servers: Mapping[str, NamedServer]) -> Iterator[InvalidValue]:
    """Twins of a star, for which nginx refuses its whole configuration (``ngx_hash_add_key``)."""
    for host in sorted(servers):
        if servers[host].www and host.startswith("*"):
            key = "from-to-www-redirect"
            setting = servers[host].settings[key]
            why = f"invalid server name or wildcard www.{host}"
            yield InvalidValue(setting.origin, key, setting.text, why, "breaks", (host,), ("*",))
