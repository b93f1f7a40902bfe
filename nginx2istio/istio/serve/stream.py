"""A request on its way through a gateway's HTTP filters, with what these note of it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Any

from nginx2istio.base.outcome import Aspect, Headers, Outcome, TraceStep, World
from nginx2istio.istio.serve.filters.patches import AddedFilter, RoutePatch
from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.gateway_config import GatewayConfig, RoutedHost
from nginx2istio.istio.serve.headers.formatter import Moment
from nginx2istio.istio.serve.headers.route_headers import response_headers
from nginx2istio.istio.serve.matching import Arrived, matched_headers, route_fits

_PLAIN = RoutePatch()
_HOSTS_REMEMBERED = 4
"""A proof asks for one host after the other."""


@dataclass(slots=True)
class Stream:
    """A request, the route that is chosen for it, and the notes of filters.

    ``identity`` are headers that an authorization puts in place of the request's, an empty value
    for one that is removed. ``routes`` are the names of all routes that were chosen.
    """

    config: GatewayConfig
    world: World
    arrived: Arrived
    host: RoutedHost | None
    route: Json | None = None
    patch: RoutePatch = _PLAIN
    identity: Headers = ()
    steps: list[TraceStep] = field(default_factory=list)
    notes: dict[Hashable, Any] = field(default_factory=dict)
    routes: set[str] = field(default_factory=set)

    def choose_route(self) -> None:
        """Looks for the route anew."""
        host = self.host
        self.route, self.patch = None, _PLAIN
        if host is None:
            return
        if host.to_https and self.arrived.headers["x-forwarded-proto"] != "https":
            # SslRedirectRoute
            self.route = {"redirect": {"scheme": "https", "authority": self.arrived.authority}}
            return
        self.route = self._first_fitting(host)
        if self.route is not None:
            self.routes.add(str(self.route.get("name", "")))
            self.patch = self.config.patches.of(self.route, self.arrived.port, host.domain)

    def _first_fitting(self, host: RoutedHost) -> Json | None:
        """The first route that fits; looked up once for all requests that no match tells apart."""
        arrived = self.arrived
        known = self.config.chosen.get(id(host))
        if known is None:
            if len(self.config.chosen) >= _HOSTS_REMEMBERED:
                self.config.chosen.clear()
            names = {name.lower() for route in host.routes for name in matched_headers(route)}
            known = self.config.chosen[id(host)] = (sorted(names), {})
        looked_at, by_key = known
        values = arrived.headers
        key = (
            *(arrived.port, arrived.target, arrived.request.method, arrived.authority),
            arrived.request.scheme,
            *(values.get(name) for name in looked_at),
        )
        if key not in by_key:
            by_key[key] = next((r for r in host.routes if route_fits(r, arrived)), None)
        return by_key[key]

    def status_of(self, outcome: Outcome) -> int:
        """The status of an answer, be it the backend's."""
        own = outcome.status
        return self.arrived.request.backend_status if own is None else own

    def local_reply(self, outcome: Outcome, details: str = "") -> Outcome:
        """The answer of a filter, with the headers that the route sets on answers.

        ``details`` is Envoy's word for why (``response.code_details``).
        """
        # A route that answers by itself has no headers for others (``routeEntry()`` is null).
        levels = (self.route,) if self.route and "route" in self.route else ()
        moment = Moment(self.arrived, details=details, reply=outcome.status or 0)
        fields, unknown = response_headers(moment, levels, list(outcome.response_headers))
        more: frozenset[Aspect] = frozenset({"response-headers"}) if unknown else frozenset()
        return replace(
            outcome,
            response_headers=tuple(fields),
            unknown=outcome.unknown | more,
            trace=(*self.steps, *outcome.trace),
        )


class HttpFilter:
    """A filter of the chain: what it does with requests, and with answers on their way back."""

    def request(self, stream: Stream) -> Outcome | None:
        """The answer of the filter itself, None where the request goes on."""
        return None

    def response(self, stream: Stream, outcome: Outcome) -> Outcome:
        """The answer as the filter passes it on."""
        return outcome


class AddedHttpFilter(HttpFilter):
    """A filter that an EnvoyFilter adds; its name says which data of a route are for it."""

    def __init__(self, added: AddedFilter):
        self.name = added.name

    def config(self, stream: Stream) -> Json | None:
        """What the route has for the filter, None for nothing."""
        return stream.patch.per_filter.get(self.name)
