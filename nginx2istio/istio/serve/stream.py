"""A request on its way through a gateway's HTTP filters, with what these note of it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nginx2istio.base.outcome import Aspect, Headers, Outcome, TraceStep, World
from nginx2istio.istio.serve.filters.patches import RoutePatch
from nginx2istio.istio.serve.filters.shapes import AddedFilter, Json
from nginx2istio.istio.serve.gateway_config import GatewayConfig
from nginx2istio.istio.serve.headers.cookies import hash_cookies
from nginx2istio.istio.serve.headers.formatter import Moment
from nginx2istio.istio.serve.headers.route_headers import header_edits, response_headers
from nginx2istio.istio.serve.matching import Arrived, matched_headers, route_fits
from nginx2istio.istio.serve.pilot.joined_hosts import RoutedHost

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
        key = (
            *(arrived.port, arrived.target, arrived.request.method, arrived.authority),
            arrived.request.scheme,
            *(arrived.values(name) for name in looked_at),
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
        moment = Moment(self.arrived, details=details, reply=outcome.status or 0)
        if self.route is not None and "route" in self.route:
            outcome = self.with_headers(outcome, moment)
        return replace(outcome, trace=(*self.steps, *outcome.trace))

    def with_headers(self, outcome: Outcome, moment: Moment, of_backend: bool = False) -> Outcome:
        """The outcome with the headers that the route and its destination set on answers.

        Where chance chooses the destination and they differ in it, they can't be told.
        ``of_backend``: the destination answers, and a session may begin there.
        """
        if self.route is None:
            return outcome
        untold: set[Aspect] = set()
        answers: list[list[tuple[str, str]]] = []
        for chosen in destinations(self.route) or (None,):
            fields = list(outcome.response_headers)
            if of_backend and chosen is not None:
                cookies = hash_cookies(self.config, self.arrived, self.route, chosen)
                fields += [("set-cookie", cookie) for cookie in cookies]
            levels = header_edits(self.route, "response", chosen)
            fields, unknown = response_headers(moment, levels, fields)
            answers.append(fields)
            untold |= {"response-headers"} if unknown else set()
        for other in answers[1:]:
            differing = {name for name, _ in set(other) ^ set(answers[0])}
            untold |= {"cookies"} if "set-cookie" in differing else set()
            untold |= {"response-headers", "cors"} if differing - {"set-cookie"} else set()
        return replace(
            outcome, response_headers=tuple(answers[0]), unknown=outcome.unknown | untold
        )


def destinations(route: Json) -> Sequence[Json]:
    """The destinations of a route that may be chosen: the only one, or those with a weight."""
    every = route.get("route", ())
    return every if len(every) == 1 else [each for each in every if each.get("weight")]


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
