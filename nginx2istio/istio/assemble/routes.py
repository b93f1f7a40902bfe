"""Places to HTTPRoutes: variants before their base, neighbours with one body merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from nginx2istio.istio.assemble.destination_rules import Policies
from nginx2istio.istio.assemble.effective_edits import ANSWERS, EffectiveEdits, effective_edits
from nginx2istio.istio.assemble.matches import both_match, exclude_each_other, joined
from nginx2istio.istio.assemble.merge_routes import JoinedRoute, merge_routes
from nginx2istio.istio.assemble.route_names import RouteNames, variant_of
from nginx2istio.istio.assemble.route_rows import Row
from nginx2istio.istio.assemble.virtual_host import RouteSource, VirtualHost, within_star
from nginx2istio.istio.assemble.written_routes import (
    any_label,
    authorities,
    exact_authority,
    for_authorities,
    written,
)
from nginx2istio.istio.edits import ExtraObject, HostRoute, PerRequest, RouteBefore, name_in_phase
from nginx2istio.istio.envoy.status_headers import for_status
from nginx2istio.istio.fields import Conflict, merge_field, without_headers
from nginx2istio.istio.objects import Object

ORDER = (
    "redirect",
    "directResponse",
    "route",
    "rewrite",
    "timeout",
    "retries",
    "fault",
    "mirrors",
    "corsPolicy",
    "headers",
)
RANKS = {field: rank for rank, field in enumerate(ORDER)}
ONLY_WITH_SERVICE = frozenset(
    {"route", "rewrite", "timeout", "retries", "fault", "mirrors", "corsPolicy"}
)
MANY = 4096
"""How many bodies are kept for places alike, most of which are near to each other."""
Conflicts = list[tuple[str, Conflict]]
Candidate = tuple[Mapping[str, Any], Object, str, str]
"""A route of a place: further match, body, variant, and by what name EnvoyFilters ask for it."""


class Routes:
    """Makes the routes of places; what the same edits make is made once, and shared."""

    def __init__(self, policies: Policies, names: RouteNames):
        self.policies, self.names = policies, names
        self.bodies: dict[tuple[int, ...], tuple[Object, list[Conflict]]] = {}
        self.answers: dict[tuple[int, int], Object] = {}

    def body(self, at: EffectiveEdits) -> tuple[Object, list[Conflict]]:
        """What the edits make of the HTTPRoute of a place, without match and destination."""
        which = tuple(map(id, at.routes))
        result = self.bodies.get(which)
        if result is None:
            if len(self.bodies) >= MANY:
                self.bodies.clear()
                self.answers.clear()  # which know bodies by their identity
            result = self.bodies[which] = {}, []
            for edit in at.routes:
                result[1].extend(merge_field(result[0], edit.field, edit.value))
        return result

    def at(self, source: RouteSource, at: EffectiveEdits) -> tuple[list[Candidate], list[Conflict]]:
        """The routes of a place on a port, in order of precedence."""
        body, conflicts = self.body(at)
        candidates: list[Candidate] = []
        for edit in at.before:
            own = self.before(edit, body, source, at)
            known_as = name_in_phase(source.name, edit.phase)
            candidates.append((edit.match, own, variant_of(edit.phase, own), known_as))
            if not edit.match:
                break
        else:
            own = finished(_served(body, source), self.policies, at)
            candidates.append(({}, own, "", source.name))
        if at.per_request:
            conflicts = list(conflicts)
            candidates = list(_per_request(candidates, at.per_request, conflicts))
        return candidates, conflicts

    def before(
        self, edit: RouteBefore, base: Object, source: RouteSource, at: EffectiveEdits
    ) -> Object:
        """The body of a route before it. Where it answers by itself, the source does not matter."""
        if ANSWERS.isdisjoint(edit.fields):
            return finished(_varied(edit, _served(base, source)), self.policies, at)
        which = id(edit), id(base)
        if which not in self.answers:
            self.answers[which] = finished(_varied(edit, base), self.policies, at)
        return self.answers[which]


def _served(body: Object, source: RouteSource) -> Object:
    """The body with the place's own Service, or 404, unless it says what answers."""
    if body.keys() & {"route", "redirect", "directResponse"}:
        return body
    if source.service:
        return {**body, "route": [{"upstream": source.service}]}
    return {**body, "directResponse": {"status": 404}}


def finished(body: Object, policies: Policies, at: EffectiveEdits | None) -> Object:
    """A route's body with real destinations, without what makes no sense beside its answer."""
    body = dict(body)
    for name in ("route", "mirrors"):
        if body.get(name):
            body[name] = [policies.destination(r, at) for r in body[name]]
    if body.get("redirect") or body.get("directResponse"):
        body = {k: v for k, v in body.items() if k not in ONLY_WITH_SERVICE}
        if "headers" in body:
            body["headers"] = {k: v for k, v in body["headers"].items() if k != "request"}
    return ordered(for_status(body))


def ordered(body: Object) -> Object:
    """The body with its fields in the order in which they are written, and no empty ones."""
    return {k: body[k] for k in sorted(body, key=_rank) if body[k]}


def _rank(field: str) -> int:
    return RANKS.get(field, len(RANKS))


def _varied(edit: RouteBefore, base: Object) -> Object:
    if edit.bare:
        base = {}
    body = {k: v for k, v in base.items() if k not in edit.fields}
    if not ANSWERS.isdisjoint(edit.fields):
        body.pop("directResponse", None)
        body.pop("redirect", None)
    body |= {k: v for k, v in edit.fields.items() if v is not None}
    if "headers" in edit.fields and "headers" in base:
        body["headers"] = joined(edit.fields["headers"], base["headers"])
    return without_headers(body, edit.without) if edit.without else body


def _per_request(
    routes: Iterable[Candidate], edits: Sequence[PerRequest], conflicts: list[Conflict]
) -> Iterable[Candidate]:
    """Routes with a copy before each that asks a Service, for the requests of an edit.

    What one group of edits makes is copied for the next, so a request has what all groups say.
    """
    for group in dict.fromkeys(edit.group for edit in edits):
        of_group = [edit for edit in edits if edit.group == group]
        routes = [copy for route in routes for copy in _copies(route, of_group, conflicts)]
    return routes


def _copies(
    route: Candidate, edits: Sequence[PerRequest], conflicts: list[Conflict]
) -> Iterable[Candidate]:
    match, body, variant, known_as = route
    for edit in edits if "route" in body else ():
        both = both_match(match, edit.match)
        if both is None:
            if not exclude_each_other(match, edit.match):
                conflicts.append(Conflict("match", str(match), str(edit.match)))
            continue
        fields = dict(edit.fields)
        if "headers" in fields:
            fields["headers"] = joined(body.get("headers", {}), fields["headers"])
        asked = edit.match.get("method", {}).values()
        which = " ".join(filter(None, (variant, *asked))) if asked else variant
        yield both, ordered(for_status(body | fields)), which, known_as
    yield route


def _shared(bodies: Sequence[Object], how: str) -> Object:
    """The response headers that all of these routes set, or add."""
    values = [body.get("headers", {}).get("response", {}).get(how, {}) for body in bodies]
    first = values[0] if values else {}
    return {k: v for k, v in first.items() if all(other.get(k) == v for other in values)}


def http_routes(
    virtual_host: VirtualHost, routes: Routes, first: Sequence[HostRoute] = ()
) -> tuple[list[Object], Conflicts]:
    """The HTTPRoutes of a site: neighbours with equal bodies are one route with several matches.

    ``first`` are routes of the host that stand before those of its edits.
    """
    rows, conflicts = _rows(virtual_host, routes, effective_edits(virtual_host), first)
    names = routes.names.of_host()
    http: list[Object] = []
    for twin in virtual_host.twins:
        if any(within_star(host, twin.name) for host in virtual_host.hosts):
            for route in twin.routes:
                fields = {key: value for key, value in route.items() if key != "match"}
                own = [exact_authority(twin.name)]
                http.append(for_authorities(route.get("match", [{}]), fields, own))
    joined = merge_routes(rows, virtual_host.ports, routes.names.patches)
    beyond = virtual_host.beyond  # whose routes come behind, and take the star's names, too
    if not beyond and len(joined) > 1 and _needless(joined[-1], virtual_host, routes.names):
        del joined[-1]
    patterns = authorities(virtual_host)
    http += written(joined, virtual_host.ports, patterns, names, virtual_host.terse)
    if beyond is not None:
        rows, _ = _rows(beyond, routes, effective_edits(beyond))
        stars = [any_label(name) for name in virtual_host.narrow_stars]
        joined = merge_routes(rows, beyond.ports, routes.names.patches)
        http += written(joined, virtual_host.ports, stars, names)
    return http, conflicts


UNROUTED = {"directResponse": {"status": 404}}


def _needless(last: JoinedRoute, virtual_host: VirtualHost, names: RouteNames) -> bool:
    """Whether the last route answers what Envoy answers by itself where no route matches.

    Without a route, no external authorization is asked, and nothing is counted.
    """
    own = [s.edits for s in virtual_host.route_sources if s.name in last.sources]
    objects = any(isinstance(e, ExtraObject) for e in chain(virtual_host.edits, *own))
    return (
        last.first.body == UNROUTED
        and not objects
        and names.patches.keys().isdisjoint(last.known_as)
    )


def _rows(
    virtual_host: VirtualHost,
    routes: Routes,
    by_source: Sequence[tuple[EffectiveEdits, ...]],
    first: Sequence[HostRoute] = (),
) -> tuple[list[Row], Conflicts]:
    """What a site answers, in order of precedence."""
    rows = list(_host_rows(virtual_host, routes, by_source, first))
    conflicts: dict[tuple[str, Conflict], None] = {}
    ports = virtual_host.ports
    for source, wants in zip(virtual_host.route_sources, by_source, strict=True):
        by_edits: dict[int, tuple[list[Candidate], list[Conflict]]] = {}
        for at in wants:
            if id(at) not in by_edits:
                by_edits[id(at)] = routes.at(source, at)
                where = f"{virtual_host.host} {source.name}"
                conflicts.update(((where, conflict), None) for conflict in by_edits[id(at)][1])
        by_port = [by_edits[id(at)][0] for at in wants]
        same = len(by_edits) == 1 or _alike(by_port)
        served = [frozenset(ports)] if same else [frozenset((port,)) for port in ports]
        for on, candidates in zip(served, by_port, strict=False):
            for match, body, variant, known_as in candidates:
                known_as = body.get("name", known_as)
                uris = [match["uri"]] if "uri" in match else source.uris
                rows += [
                    Row({**match, "uri": u}, on, body, source.name, variant, known_as, source.note)
                    for u in uris
                ]
    return rows, list(conflicts)


def _host_rows(
    virtual_host: VirtualHost,
    routes: Routes,
    by_source: Sequence[tuple[EffectiveEdits, ...]],
    first: Sequence[HostRoute],
) -> Iterable[Row]:
    """What the whole host answers before its places are looked at."""
    own = sorted((e for e in virtual_host.edits if isinstance(e, HostRoute)), key=lambda e: e.phase)
    for edit in (*first, *own):
        bodies = {}
        for i, port in enumerate(virtual_host.ports):
            if edit.port not in (0, port):
                continue
            body = finished(dict(edit.fields), routes.policies, None)
            if edit.shared:
                route_sources = {id(by[i]): by[i] for by in by_source}
                location_bodies = [routes.body(at)[0] for at in route_sources.values()]
                location_bodies = [without_headers(body, edit.without) for body in location_bodies]
                for how in ("set", "add"):
                    headers = _shared(location_bodies, how)
                    if headers:
                        merge_field(body, f"headers.response.{how}", headers)
                body = ordered(for_status(body))
            bodies[port] = body
        for port, body in bodies.items():
            yield Row(edit.match, frozenset((port,)), body, known_as=body.get("name", ""))


def _alike(values: Iterable[object]) -> bool:
    first, *others = values
    return all(other == first for other in others)
