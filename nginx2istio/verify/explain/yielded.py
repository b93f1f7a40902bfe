"""What the rules yielded for a host: each edit with its rule, and what the rule is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from nginx2istio.convert.convert import Conversion
from nginx2istio.convert.translate import upstream_settings
from nginx2istio.istio.edits import Alias, Edit, OtherHost
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Origin, Server, Settings
from nginx2istio.rule import Rule


@dataclass(frozen=True, slots=True)
class YieldedEdit:
    """An edit for a location (an index; -1: for the host), and its rule's name.

    ``origins`` are the settings that the rule owns, and if none of these is set, those that it
    reads, where they are set: annotations, else keys of the ConfigMap.
    """

    edit: Edit
    location: int
    rule: str
    origins: tuple[Origin, ...]


def edits_for(
    conversion: Conversion, host: str, here: Settings = MappingProxyType({})
) -> Iterator[YieldedEdit]:
    """The edits for a host of the configuration, or those that belong to no host ("*").

    Of the settings that rules for all hosts look at, those ``here`` count.
    """
    servers = (server for server in conversion.config.servers if server.host == host)
    server, rules = next(servers, None), conversion.rules.by_name
    for applied in conversion.applied:
        if applied.host == host:
            at = applied.location
            location = server.locations[at] if server and at >= 0 else None
            for edit, name in zip(applied.edits, applied.rules, strict=True):
                rule = rules.get(name)
                origins = _origins(conversion.config, rule, server, location, here) if rule else ()
                yield YieldedEdit(edit, at, name, tuple(origins))


def _origins(
    config: NginxConfig,
    rule: Rule,
    server: Server | None,
    location: Location | None,
    here: Settings,
) -> Iterator[Origin]:
    settings = location.settings if location else here
    upstream = config.upstreams.get(location.upstream) if location else None
    if rule.at == "upstream" and upstream is not None:
        settings = upstream_settings(upstream)
    of_host = server.settings if server else {}
    for keys in (rule.keys, rule.reads):
        of_keys = [settings.get(key) or of_host.get(key) or config.configured(key) for key in keys]
        if any(of_keys):
            yield from (setting.origin for setting in of_keys if setting)
            return


def server_of(conversion: Conversion, domain: str) -> Server | None:
    """The server whose routes stand under a name: its own, or one that an edit adds."""
    servers = {s.host if s.host != DEFAULT_SERVER else "*": s for s in conversion.config.servers}
    if domain in servers:
        return servers[domain]
    for applied in conversion.applied:
        for edit in applied.edits:
            if isinstance(edit, Alias | OtherHost) and edit.name.lower() == domain:
                return servers.get("*" if applied.host == DEFAULT_SERVER else applied.host)
    return None
