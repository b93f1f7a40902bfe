"""Places to HTTPRoutes: variants before their base, neighbours with one body merged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nginx2istio.edit import Edit, Phase
from nginx2istio.istio.fields import Conflict, put
from nginx2istio.istio.objects import Noted, Object
from nginx2istio.istio.policies import MANY, Policies
from nginx2istio.istio.rows import Row, merged
from nginx2istio.istio.site import Place, Site
from nginx2istio.istio.statuses import settled
from nginx2istio.istio.wanted import ANSWERS, Wanted

ROUTE_ORDER = (
    "name",
    "match",
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
ONLY_WITH_SERVICE = ("route", "rewrite", "timeout", "retries", "fault", "mirrors", "corsPolicy")
PHASES = {phase: f" {phase.name.lower()}" for phase in Phase}
Conflicts = list[tuple[str, Conflict]]


class Routes:
    """Makes the routes of places; what the same edits make is made once, and shared."""

    def __init__(self, policies: Policies):
        self.policies = policies
        self.bodies: dict[tuple[int, ...], tuple[Object, list[Conflict]]] = {}
        self.answers: dict[tuple[int, int], Object] = {}

    def body(self, at: Wanted) -> tuple[Object, list[Conflict]]:
        """What the edits make of the HTTPRoute of a place, without match and destination."""
        which = tuple(map(id, at.routes))
        known = self.bodies.get(which)
        if known is None:
            if len(self.bodies) >= MANY:
                self.bodies.clear()
                self.answers.clear()  # which know bodies by their identity
            known = self.bodies[which] = {}, []
            for edit in at.routes:
                known[1].extend(put(known[0], edit.path, edit.value))
        return known

    def at(
        self, place: Place, at: Wanted
    ) -> tuple[list[tuple[Object, Object, str]], list[Conflict]]:
        """The routes of a place on a port: (further match, body, name), in order of precedence.

        What nginx answers before limits and access count has a name of its own, so that an
        EnvoyFilter for the place's name does not act on it.
        """
        made, conflicts = self.body(at)
        base = made
        if not made.keys() & {"route", "redirect", "directResponse"}:
            if place.service:
                base = {**made, "route": [{"upstream": place.service}]}
            else:
                base = {**made, "directResponse": {"status": 404}}
        found: list[tuple[Object, Object, str]] = []
        for edit in at.variants:
            name = place.name
            if edit.phase < Phase.LIMIT:
                name += PHASES[edit.phase]
            found.append((dict(edit.match), self.variant(edit, made, base, at), name))
            if not edit.match:
                break
        else:
            found.append(({}, finished(base, self.policies, at), place.name))
        return list(_split(found, at.splits)), conflicts

    def variant(self, edit: Edit, made: Object, base: Object, at: Wanted) -> Object:
        """The body of a variant. Where it answers by itself, the place does not matter."""
        if ANSWERS.isdisjoint(edit.value):
            return finished(_varied(edit, base), self.policies, at)
        which = id(edit), id(made)
        if which not in self.answers:
            self.answers[which] = finished(_varied(edit, base), self.policies, at)
        return self.answers[which]


def finished(body: Object, policies: Policies, at: Wanted | None) -> Object:
    """A route's body with real destinations, without what makes no sense beside its answer."""
    body = dict(body)
    for name in ("route", "mirrors"):
        if body.get(name):
            body[name] = [policies.destination(r, at) for r in body[name]]
    if body.get("redirect") or body.get("directResponse"):
        for name in ONLY_WITH_SERVICE:
            body.pop(name, None)
        headers = {k: v for k, v in body.get("headers", {}).items() if k != "request"}
        body = settled({**body, "headers": headers})
    if not body.get("headers"):
        body.pop("headers", None)
    return body


def _varied(edit: Edit, base: Object) -> Object:
    if edit.path == "bare":
        base = {}
    body = {k: v for k, v in base.items() if k not in edit.value}
    if not ANSWERS.isdisjoint(edit.value):
        body.pop("directResponse", None)
        body.pop("redirect", None)
    body |= {k: v for k, v in edit.value.items() if v is not None}
    if "headers" in edit.value and "headers" in base:
        merged: Object = {}
        for part in (edit.value["headers"], base["headers"]):
            for name, inner in part.items():
                put(merged, name, inner)
        body["headers"] = merged
    return body


def _split(
    routes: Iterable[tuple[Object, Object, str]], splits: Sequence[Edit]
) -> Iterable[tuple[Object, Object, str]]:
    """Routes with a copy before each that asks a Service, for the requests of a ``split`` edit.

    What one group of edits makes is copied for the next, so that a request has what all groups say.
    """
    for group in dict.fromkeys(e.path for e in splits):
        mine = [e for e in splits if e.path == group]
        routes = [copy for route in routes for copy in _copies(route, mine)]
    return routes


def _copies(
    route: tuple[Object, Object, str], edits: Sequence[Edit]
) -> Iterable[tuple[Object, Object, str]]:
    match, body, name = route
    for edit in edits if "route" in body else ():
        if edit.match.keys() & match.keys() - {"headers"}:
            continue
        both: Object = {}
        for part in (match, edit.match):
            for field, value in part.items():
                put(both, field, value)
        fields = dict(edit.value)
        if "headers" in fields:
            merged: Object = {}
            for part in (body.get("headers", {}), fields["headers"]):
                for field, value in part.items():
                    put(merged, field, value)
            fields["headers"] = merged
        yield both, body | fields, name
    yield route


def _shared(bodies: Sequence[Object], how: str) -> Object:
    """The response headers that all of these routes set, or add."""
    found = [body.get("headers", {}).get("response", {}).get(how, {}) for body in bodies]
    first = found[0] if found else {}
    return {k: v for k, v in first.items() if all(other.get(k) == v for other in found)}


def http_routes(site: Site, routes: Routes) -> tuple[list[Object], Conflicts]:
    """The HTTPRoutes of a site: neighbours with equal bodies are one route with several matches."""
    rows: list[Row] = []
    conflicts: Conflicts = []
    several = len(site.ports) > 1
    fronts = sorted((e for e in site.edits if e.target == "front"), key=lambda e: e.phase)
    for edit in fronts:
        bodies = {}
        for port in [edit.port] if edit.port else site.ports:
            bodies[port] = finished(dict(edit.value), routes.policies, None)
            if edit.path == "shared":
                wanted = [routes.policies.wanted(place, port) for place in site.places]
                places = {id(at): routes.body(at)[0] for at in wanted}
                for how in ("set", "add"):
                    headers = _shared(list(places.values()), how)
                    if headers:
                        put(bodies[port], f"headers.response.{how}", headers)
                bodies[port] = settled(bodies[port])
        apart = bool(edit.port) or not _alike(bodies.values())
        for port in list(bodies) if apart else list(bodies)[:1]:
            if port in site.ports:
                on = {"port": port} if apart and several else {}
                rows.append(({**edit.match, **on}, bodies[port], "", ""))
    for place in site.places:
        by_port = {}
        for port in site.ports:
            by_port[port], found = routes.at(place, routes.policies.wanted(place, port))
            named = [(f"{site.host} {place.name}", conflict) for conflict in found]
            conflicts += [c for c in named if c not in conflicts]
        same = _alike(by_port.values())
        for port in site.ports[:1] if same else site.ports:
            for match, body, name in by_port[port]:
                on = {"port": port} if several and not same else {}
                uris = [match["uri"]] if "uri" in match else place.uris
                rows += [({**match, "uri": u, **on}, body, name, place.note) for u in uris]
    made: list[Object] = []
    authorities = _authorities(site)
    for matches, body, name, note in merged(rows):
        if authorities:
            matches = [{**a, **m} for m in matches for a in authorities]
        made.append(_route(matches, body, name, note))
    return made, conflicts


def _alike(values: Iterable[object]) -> bool:
    first, *others = values
    return all(other == first for other in others)


def _authorities(site: Site) -> list[Object]:
    """Matches for hosts with a star that must not take all that the gateway's own star takes.

    The star of a host is one label; that of an alias is any number, or what its pattern says.
    """
    patterns = {site.host: _one_label(site.host)} if site.host != "*" else {}
    for edit in site.edits:
        if edit.target == "alias":
            patterns[edit.path] = edit.value["pattern"] or _any_label(edit.path)
    if not any("*" in name for name in patterns):
        return []
    return [{"authority": {"regex": f"(?i){p}(:[0-9]+)?"}} for p in patterns.values()]


def _one_label(name: str) -> str:
    return rf"[\w-]+\.{_literal(name[2:])}" if name.startswith("*.") else _literal(name)


def _any_label(name: str) -> str:
    return rf".+\.{_literal(name[2:])}" if name.startswith("*.") else _literal(name)


def _literal(name: str) -> str:
    return name.replace(".", r"\.")


def _route(matches: Sequence[Object], body: Object, name: str, note: str) -> Noted:
    fields = {"name": name, "match": [m for m in matches if m], **body}
    kept = {k: fields[k] for k in ROUTE_ORDER if fields.get(k)}
    return Noted(kept | {k: v for k, v in body.items() if k not in ROUTE_ORDER}, note)
