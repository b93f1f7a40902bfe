"""Ingresses to the effective nginx configuration, by the controller's own order of precedence.

Remark codes: no-timestamp, resource-backend.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

from nginx2istio.nginx.build.certificates import names_by_secret
from nginx2istio.nginx.build.configmaps import ConfigMap, configmaps
from nginx2istio.nginx.build.controller import Controller
from nginx2istio.nginx.build.create_servers import ServerBuilder
from nginx2istio.nginx.build.ingresses import Ingress, KubernetesObject
from nginx2istio.nginx.build.load import load_ingresses
from nginx2istio.nginx.build.namespaces import namespace_labels, watched_namespaces
from nginx2istio.nginx.build.services import Services
from nginx2istio.nginx.build.upstreams import Places
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import InvalidValue, Location, Remark, Server, Unclaimed
from nginx2istio.nginx.values.nginx_conf import refused_in_configmap


def build(
    ingresses: Sequence[Ingress],
    objects: Sequence[KubernetesObject],
    controller: Controller,
    unclaimed: tuple[Unclaimed, ...] = (),
    remarks: tuple[Remark, ...] = (),
    controller_configmap: str = "",
    complete: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> NginxConfig:
    """The effective configuration of Ingresses that are already chosen and in order.

    ``objects`` are all that was read: Services and ConfigMaps count. ``unclaimed`` are the
    Ingresses that nobody takes, ``remarks`` those about choosing, ``controller_configmap`` is the
    ``namespace/name`` of the controller's ConfigMap, "" for none.
    ``complete`` are, by kind, the namespaces of which nothing that counts is missing.
    """
    services = Services(objects, not controller.disable_external_name, complete.get("Service", ()))
    certificates = names_by_secret(objects, complete.get("Secret", ()))
    builder = ServerBuilder(services, controller, certificates)
    maps = configmaps(objects)
    loads = load_ingresses(ingresses, controller, maps, complete.get("ConfigMap", ()))
    everyone = loads.everyone
    builder.ineffective.entries += loads.no_effect
    default = services.default(controller.default_backend_service)
    if default:
        builder.upstreams.by_name[default.name] = default
    for loaded in everyone:
        builder.upstreams.create(loaded)
    builder.create_servers(everyone)
    for loaded in everyone:
        builder.add_paths(loaded)
    if any(not loaded.canary for loaded in everyone):
        locations = {host: server.locations for host, server in builder.servers.items()}
        places: dict[str, Places] = {}
        for loaded in everyone:
            if loaded.canary:
                builder.upstreams.merge_canary(loaded, locations, places)
    servers = builder.finish(everyone)
    return NginxConfig(
        controller=controller,
        servers=servers,
        host_names=frozenset(name for s in servers for name in (s.host, *s.aliases)),
        upstreams=builder.upstreams.by_name,
        ineffective=tuple(
            sorted(set(builder.ineffective.entries), key=lambda x: (x.origin, x.key, x.value))
        ),
        not_loaded=tuple(loads.not_loaded),
        invalid_values=(
            *loads.invalid_values,
            *_configmap_values(controller, maps.get(controller_configmap), servers),
            *(_repeated(host, location) for host, location in builder.repeats),
            *builder.refused_names,
        ),
        unknown=tuple(loads.unknown),
        other_annotations=tuple(loads.other_annotations),
        unclaimed=unclaimed,
        remarks=(*remarks, *builder.remarks),
        configmaps=maps,
        services=services.by_name,
        namespaces=watched_namespaces(controller, namespace_labels(objects)),
        controller_configmap=controller_configmap,
        complete=complete,
        settings=tuple(s for loaded in everyone for s in loaded.settings.values()),
    )


def _repeated(host: str, location: Location) -> InvalidValue:
    """A path for which nginx refuses its whole configuration, as its location is there already."""
    at, path = location.ingress, location.declared
    return InvalidValue(
        at, "path", path, f"duplicate location {location.literal}", "breaks", (host,), (path,)
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
