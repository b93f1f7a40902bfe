"""What refused objects cost, as findings of locations and hosts, and as fates of annotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nginx2istio.convert.fates import RANK, AnnotationFate
from nginx2istio.convert.refused import GONE, RESULTS, Losses
from nginx2istio.findings.placed import PlacedFinding
from nginx2istio.findings.refused import (
    REFUSED_HOST,
    REFUSED_PATH,
    locations,
    refused_host,
    refused_part,
    refused_path,
)
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import DEFAULT_SERVER, Origin, Server


def refused(losses: Losses, config: NginxConfig) -> Iterator[PlacedFinding]:
    """What is to be said of refused objects, once for each place that they cost."""
    servers = _servers(config)
    for (host, route), why in losses.locations.items():
        if host not in losses.hosts:
            yield from refused_path(servers[host], route.removesuffix(" closed"), why)
    for host, (level, why) in losses.hosts.items():
        if host in servers:
            yield refused_host(servers[host], why, RESULTS[level])
        else:
            yield refused_part("what answers unknown hosts", (), why)
    for (host, name), why in losses.names.items():
        yield refused_host(servers[host], why, RESULTS[GONE], name)
    for ((kind, namespace, name), _), (why, hosts) in losses.parts.items():
        part = f"the {kind} {namespace}/{name}"
        yield refused_part(part, (servers[host] for host in hosts), why)


def lost_fates(
    losses: Losses, config: NginxConfig, fates: Mapping[Origin, AnnotationFate]
) -> dict[Origin, AnnotationFate]:
    """The fates of the annotations in force at places that answer 503 instead."""
    servers = _servers(config)
    lost = [
        (location, REFUSED_PATH)
        for host, route in losses.locations
        for location in locations(servers[host], route)
    ]
    hosts = (servers[host] for host in losses.hosts if host in servers)
    lost += [(x, REFUSED_HOST) for server in hosts for x in server.locations]
    return {
        setting.origin: (message.fate, fates[setting.origin][1], message.code)
        for location, message in lost
        for setting in location.settings.values()
        if setting.origin in fates and RANK[fates[setting.origin][0]] < RANK[message.fate]
    }


def _servers(config: NginxConfig) -> dict[str, Server]:
    return {"*" if s.host == DEFAULT_SERVER else s.host: s for s in config.servers}
