"""The virtual host of a name for which several VirtualServices have routes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from nginx2istio.istio.serve.filters.shapes import Json


@dataclass(frozen=True, slots=True)
class RoutedHost:
    """The routes at one server for one of its hosts, and whose VirtualService they are.

    ``to_https``: plain HTTP is redirected, whatever the routes (``httpsRedirect``). ``unsure``
    are labels that the Gateway asks for, and of which it is not known whether the pods have them.
    """

    domain: str
    routes: tuple[Json, ...]
    service: str
    to_https: bool = False
    unsure: Json = field(default_factory=dict)


def joined_hosts(hosts: Iterable[RoutedHost], port: int) -> dict[str, RoutedHost]:
    """Virtual hosts by domain in lower case, those of one domain as one (``vHostDedupMap``)."""
    by_domain: dict[str, RoutedHost] = {}
    for each in hosts:
        domain = each.domain.lower()
        first = by_domain.get(domain)
        if first is None or first.service == each.service:
            by_domain[domain] = each if first is None else _either(first, each)
        else:
            by_domain[domain] = _one_after_the_other(first, each, port)
    return by_domain


def _either(first: RoutedHost, other: RoutedHost) -> RoutedHost:
    return replace(other, to_https=first.to_https or other.to_https)


def _one_after_the_other(first: RoutedHost, other: RoutedHost, port: int) -> RoutedHost:
    """The routes of both, those that take every request last (``SortVHostRoutes``)."""
    routes = [*_single(first.routes, port), *_single(other.routes, port)]
    return replace(
        first,
        routes=tuple(sorted(routes, key=_takes_all)),
        service=f"{first.service} and {other.service}",
        to_https=first.to_https or other.to_https,
    )


def _single(routes: Iterable[Json], port: int) -> Iterator[Json]:
    """Routes of one match each, up to the first that takes every request."""
    for route in routes:
        for match in route.get("match") or [{}]:
            if match.get("port") not in (None, port):
                continue
            single = {**route, "match": [match]} if match else route
            yield single
            if _takes_all(single):
                return


def _takes_all(route: Json) -> bool:
    """Whether a route takes every request by its form (``IsCatchAllRoute``)."""
    return all(
        match.get("uri", {"prefix": "/"}) in ({"prefix": "/"}, {"regex": ".*"})
        and not (match.keys() - {"uri", "port", "name", "ignoreUriCase", "gateways"})
        for match in route.get("match") or [{}]
    )
