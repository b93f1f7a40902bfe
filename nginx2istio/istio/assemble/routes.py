"""Places to HTTPRoutes: variants before their base, neighbours with one body merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nginx2istio.istio.assemble.destination_rules import Policies
from nginx2istio.istio.assemble.effective_edits import ANSWERS, EffectiveEdits, effective_edits
from nginx2istio.istio.assemble.matches import both_match, exclude_each_other, joined
from nginx2istio.istio.assemble.merge_routes import RouteCandidate, merge_routes
from nginx2istio.istio.assemble.virtual_host import RouteSource, VirtualHost, within_star
from nginx2istio.istio.edits import HostRoute, PerRequest, RouteBefore, name_in_phase
from nginx2istio.istio.envoy.status_headers import for_status
from nginx2istio.istio.fields import Conflict, merge_field
from nginx2istio.istio.objects import Noted, Object

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
Candidate = tuple[Mapping[str, Any], Object, str]
"""A route of a place: further match, body, name."""


class Routes:
    """Makes the routes of places; what the same edits make is made once, and shared."""

    def __init__(self, policies: Policies):
        self.policies = policies
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
            name = name_in_phase(source.name, edit.phase)
            candidates.append((edit.match, self.before(edit, body, source, at), name))
            if not edit.match:
                break
        else:
            candidates.append(({}, finished(_served(body, source), self.policies, at), source.name))
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
    return body


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
    match, body, name = route
    for edit in edits if "route" in body else ():
        both = both_match(match, edit.match)
        if both is None:
            if not exclude_each_other(match, edit.match):
                conflicts.append(Conflict("match", str(match), str(edit.match)))
            continue
        fields = dict(edit.fields)
        if "headers" in fields:
            fields["headers"] = joined(body.get("headers", {}), fields["headers"])
        yield both, ordered(for_status(body | fields)), name
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
    rows, conflicts = _rows(virtual_host, routes, routes.policies.wants[virtual_host.host], first)
    authorities = _authorities(virtual_host)
    http: list[Object] = []
    for twin in virtual_host.twins:
        if any(within_star(host, twin.name) for host in virtual_host.hosts):
            http += [_for_authorities([{}], dict(r), [_literal(twin.name)]) for r in twin.routes]
    for matches, body, name, note in merge_routes(rows):
        http.append(_for_authorities(matches, body, authorities, name, note))
    beyond = virtual_host.beyond
    if beyond is not None:
        rows, _ = _rows(beyond, routes, effective_edits(beyond))
        if set(virtual_host.ports) - set(beyond.ports):
            rows = [({"port": p, **r[0]}, *r[1:]) for r in rows for p in beyond.ports]
        stars = [_any_label(name) for name in virtual_host.narrow_stars]
        for matches, body, name, note in merge_routes(rows):
            http.append(_for_authorities(matches, body, stars, name, note))
    return http, conflicts


def _rows(
    virtual_host: VirtualHost,
    routes: Routes,
    by_source: Sequence[tuple[EffectiveEdits, ...]],
    first: Sequence[HostRoute] = (),
) -> tuple[list[RouteCandidate], Conflicts]:
    """What a site answers, in order of precedence."""
    rows = list(_host_rows(virtual_host, routes, by_source, first))
    conflicts: dict[tuple[str, Conflict], None] = {}
    several = len(virtual_host.ports) > 1
    for source, wants in zip(virtual_host.route_sources, by_source, strict=True):
        by_edits: dict[int, tuple[list[Candidate], list[Conflict]]] = {}
        for at in wants:
            if id(at) not in by_edits:
                by_edits[id(at)] = routes.at(source, at)
                where = f"{virtual_host.host} {source.name}"
                conflicts.update(((where, conflict), None) for conflict in by_edits[id(at)][1])
        by_port = [by_edits[id(at)][0] for at in wants]
        same = len(by_edits) == 1 or _alike(by_port)
        for port, candidates in zip(
            virtual_host.ports, by_port[:1] if same else by_port, strict=False
        ):
            on = {"port": port} if several and not same else {}
            for match, body, name in candidates:
                uris = [match["uri"]] if "uri" in match else source.uris
                rows += [({**match, "uri": u, **on}, body, name, source.note) for u in uris]
    return rows, list(conflicts)


def _host_rows(
    virtual_host: VirtualHost,
    routes: Routes,
    by_source: Sequence[tuple[EffectiveEdits, ...]],
    first: Sequence[HostRoute],
) -> Iterable[RouteCandidate]:
    """What the whole host answers before its places are looked at."""
    several = len(virtual_host.ports) > 1
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
                for how in ("set", "add"):
                    headers = _shared(location_bodies, how)
                    if headers:
                        merge_field(body, f"headers.response.{how}", headers)
                body = ordered(for_status(body))
            bodies[port] = body
        apart = bool(edit.port) or not _alike(bodies.values())
        for port in list(bodies) if apart else list(bodies)[:1]:
            on = {"port": port} if apart and several else {}
            yield {**edit.match, **on}, bodies[port], "", ""


def _alike(values: Iterable[object]) -> bool:
    first, *others = values
    return all(other == first for other in others)


def _authorities(virtual_host: VirtualHost) -> list[str]:
    """Patterns for the names of a site with a star, which must not take all that Istio's takes.

    The star of a host is one label; that of an alias is any number, or what its pattern says.
    """
    names = virtual_host.names
    if virtual_host.host == "*" or not any("*" in name for name in names):
        return []
    others = (alias.pattern or _any_label(alias.name) for alias in virtual_host.aliases)
    return list(dict.fromkeys((_one_label(virtual_host.host), *others)))


def _one_label(name: str) -> str:
    return rf"[\w-]+\.{_literal(name[2:])}" if name.startswith("*.") else _literal(name)


def _any_label(name: str) -> str:
    return rf".+\.{_literal(name[2:])}" if name.startswith("*.") else _literal(name)


def _literal(name: str) -> str:
    return name.replace(".", r"\.")


def _for_authorities(
    matches: Sequence[Object],
    body: Object,
    patterns: Sequence[str],
    name: str = "",
    note: str = "",
) -> Noted:
    """An HTTPRoute for the hosts of these patterns, for all if there are none."""
    if patterns:
        hosts = [{"authority": {"regex": f"(?i){p}(:[0-9]+)?"}} for p in patterns]
        matches = [{**host, **match} for match in matches for host in hosts]
    named = {"name": name} if name or "name" in body else {}
    # One empty match takes every request, whatever stands beside it.
    return Noted(named | ({"match": list(matches)} if all(matches) else {}) | body, note)
