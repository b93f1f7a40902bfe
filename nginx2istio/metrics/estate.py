"""Which Services the Ingresses and the hosts of an estate lead to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nginx2istio.convert.convert import Conversion
from nginx2istio.metrics.promql import Matcher

ServiceNames = frozenset[tuple[str, str]]
"""Services as (namespace, name)."""


@dataclass(frozen=True, slots=True)
class ServedEstate:
    """Services by Ingress, as (namespace, name), and by host."""

    ingresses: Mapping[tuple[str, str], ServiceNames]
    hosts: Mapping[str, ServiceNames]

    def of_ingresses(self, matcher: Matcher) -> ServiceNames:
        """The Services of the Ingresses whose name the matcher's value is, or matches."""
        chosen = [each for (_, name), each in self.ingresses.items() if _fits(matcher, name)]
        return frozenset().union(*chosen)

    def of_host(self, matcher: Matcher) -> ServiceNames:
        """The Services of the hosts that are named; none where another host shares one of them."""
        chosen = {host for host in self.hosts if _fits(matcher, host)}
        services: ServiceNames = frozenset().union(*(self.hosts[host] for host in chosen))
        others = (each for host, each in self.hosts.items() if host not in chosen)
        return services if all(services.isdisjoint(each) for each in others) else frozenset()


def _fits(matcher: Matcher, name: str) -> bool:
    value = matcher.value.replace("\\\\", "\\")
    if matcher.operator in ("=", "!="):
        return value == name
    try:
        return re.fullmatch(value, name) is not None
    except re.error:
        return False


def estate_of(conversion: Conversion) -> ServedEstate:
    """The estate of what was converted."""
    ingresses: dict[tuple[str, str], set[tuple[str, str]]] = {}
    hosts: dict[str, set[tuple[str, str]]] = {}
    upstreams = conversion.config.upstreams
    for server in conversion.config.servers:
        for location in server.locations:
            upstream = upstreams.get(location.upstream)
            if upstream is None or location.implicit:
                continue
            service = (upstream.namespace, upstream.service)
            namespace, _, name = location.ingress.object.partition("/")
            ingresses.setdefault((namespace, name), set()).add(service)
            hosts.setdefault(server.host, set()).add(service)
    return ServedEstate(
        {key: frozenset(each) for key, each in ingresses.items()},
        {host: frozenset(each) for host, each in hosts.items()},
    )
