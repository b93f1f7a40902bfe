"""Ingresses to the effective nginx configuration, by the controller's own order of precedence.

Remark codes: no-timestamp, resource-backend.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

from nginx2istio.nginx.build.certificates import certificate_names
from nginx2istio.nginx.build.configmaps import ConfigMap, configmaps
from nginx2istio.nginx.build.controller import Controller
from nginx2istio.nginx.build.create_servers import ServerBuilder
from nginx2istio.nginx.build.ingresses import Ingress, Object
from nginx2istio.nginx.build.load import load
from nginx2istio.nginx.build.services import Services
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import InvalidValue, NotLoaded, Remark, Server
from nginx2istio.nginx.values.nginx_conf import refused_in_configmap


def build(
    ingresses: Sequence[Ingress],
    objects: Sequence[Object],
    controller: Controller,
    skipped: tuple[NotLoaded, ...] = (),
    remarks: tuple[Remark, ...] = (),
    own: str = "",
    complete: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> NginxConfig:
    """The effective configuration of Ingresses that are already chosen and in order.

    ``objects`` are all that was read: Services and ConfigMaps count. ``skipped`` are the Ingresses
    of others, ``remarks`` what choosing found to remark, ``own`` names the controller's ConfigMap.
    ``complete`` are, by kind, the namespaces of which nothing that counts is missing.
    """
    services = Services(objects, not controller.disable_external_name, complete.get("Service", ()))
    builder = ServerBuilder(services, controller.ssl_passthrough, certificate_names(objects))
    maps = configmaps(objects)
    loads = load(ingresses, controller, maps, complete.get("ConfigMap", ()))
    everyone = loads.everyone
    builder.losses.lost += loads.no_effect
    default = services.default(controller.default_backend_service)
    if default:
        builder.upstreams.found[default.name] = default
    for loaded in everyone:
        builder.upstreams.create(loaded)
    builder.create_servers(everyone)
    for loaded in everyone:
        builder.add_paths(loaded)
    if any(not loaded.canary for loaded in everyone):
        locations = {host: server.locations for host, server in builder.servers.items()}
        for loaded in everyone:
            if loaded.canary:
                builder.upstreams.merge_canary(loaded, locations)
    servers = builder.finish(everyone)
    under: dict[str, list[Server]] = {}
    for server in servers:
        if not server.wildcard:
            under.setdefault(server.host.partition(".")[2], []).append(server)
    return NginxConfig(
        controller=controller,
        servers=servers,
        names=frozenset(name for s in servers for name in (s.host, *s.aliases)),
        under={domain: tuple(found) for domain, found in under.items()},
        upstreams=builder.upstreams.found,
        ineffective=tuple(
            sorted(set(builder.losses.lost), key=lambda x: (x.origin, x.key, x.value))
        ),
        rejected=tuple(loads.rejected),
        mistakes=(*loads.mistakes, *_configmap_values(controller, maps.get(own), servers)),
        unknown=tuple(loads.unknown),
        foreign=tuple(loads.foreign),
        skipped=skipped,
        remarks=(*remarks, *builder.remarks),
        configmaps=maps,
        services=services.by_name,
        own=own,
        settings=tuple(s for loaded in everyone for s in loaded.settings.values()),
    )


def _configmap_values(
    controller: Controller, configmap: ConfigMap | None, servers: Sequence[Server]
) -> Iterator[InvalidValue]:
    """The values of the controller's ConfigMap for which nginx refuses its whole configuration."""
    if configmap is None:
        return
    settings = {id(x.settings): x.settings for s in servers for x in s.locations if not x.denied}
    values = ({key: s.value for key, s in each.items()} for each in settings.values())
    for key, why in sorted(refused_in_configmap(values, controller).items()):
        at = configmap.setting(key)
        yield InvalidValue(at.origin, key, at.text, why, "breaks", ("*",), ("*",))
