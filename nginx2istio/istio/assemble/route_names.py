"""Names of routes, each once in a VirtualService, and the EnvoyFilters that ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nginx2istio.istio.assemble.merge_routes import JoinedRoute
from nginx2istio.istio.edits import Phase
from nginx2istio.istio.fields import frozen
from nginx2istio.istio.objects import Noted, Object, identity

MOST_PATHS = 3
"""So many paths of a route are in its name."""

NameParts = tuple[dict[str, tuple[str, ...]], dict[str, dict[str, None]]]


def variant_of(phase: Phase, body: Object) -> str:
    """What tells a location's route of a phase from its others.

    No phase shares a word with another that EnvoyFilters know by another name.
    """
    status = body.get("directResponse", {}).get("status")
    if phase == Phase.FIND:
        return "body too large" if status == 413 else "slash"
    if phase < Phase.LIMIT:
        return phase.name.lower()
    return str(status or "split")


class RouteNames:
    """The names of all routes: what EnvoyFilters do by name, and what name comes from where.

    Rules know a route by its location. ``patches`` is what they do to it, by that name.
    """

    def __init__(self, filters: Iterable[Object]):
        by_name: dict[str, list[object]] = {}
        for obj in filters:
            for patch in obj["spec"]["configPatches"]:
                name = _asked(patch).get("name", "")
                if name:
                    by_name.setdefault(name, []).append((identity(obj), frozen(_for(patch, ""))))
        self.patches: dict[str, object] = {name: tuple(what) for name, what in by_name.items()}
        self.sources: dict[str, tuple[str, ...]] = {}
        """The sources of the routes of each name."""
        self.given: dict[str, dict[str, None]] = {}
        """The names under which routes stand that EnvoyFilters ask for by another."""

    def parts(self) -> NameParts:
        """What another process needs of them: see ``take``."""
        return self.sources, self.given

    def take(self, parts: NameParts) -> None:
        """Adds those of the next hosts, whose routes were made elsewhere."""
        sources, given = parts
        for name, of_name in sources.items():
            self.add_sources(name, of_name)
        for known_as, names in given.items():
            self.given.setdefault(known_as, {}).update(names)

    def add_sources(self, name: str, sources: Iterable[str]) -> None:
        """Notes the sources of a route of this name."""
        self.sources[name] = tuple(dict.fromkeys((*self.sources.get(name, ()), *sources)))

    def of_host(self) -> HostNames:
        """Names for the routes of one VirtualService."""
        return HostNames(self)

    def addressed(self, obj: Object) -> Object:
        """An EnvoyFilter whose patches ask for the routes by the names that they have."""
        patches: dict[object, Object] = {}
        for patch in obj["spec"]["configPatches"]:
            asked = _asked(patch).get("name", "")
            for name in self.given.get(asked, (asked,)):
                addressed = _for(patch, name) if name != asked else patch
                patches.setdefault(frozen(addressed), addressed)
        note = obj.note if isinstance(obj, Noted) else ""
        return Noted(
            {**obj, "spec": {**obj["spec"], "configPatches": list(patches.values())}}, note
        )


class HostNames:
    """The names in one VirtualService, by ``RouteNames``."""

    def __init__(self, all_names: RouteNames):
        self.all_names = all_names
        self.taken: set[str] = set()

    def name(self, route: JoinedRoute) -> str:
        """A name of its own for a route."""
        text = route.first.body.get("name") or " ".join(_words(route))
        ports = frozenset[int]().union(*(on for _, on in route.matches))
        name, number = text, 1
        if name in self.taken and len(ports) == 1:
            text = name = f"{text} on {min(ports)}"
        while name in self.taken:
            number += 1
            name = f"{text} {number}"
        self.taken.add(name)
        self.all_names.add_sources(name, route.sources)
        for known_as in route.known_as:
            if known_as:
                self.all_names.given.setdefault(known_as, {})[name] = None
        return name


def _words(route: JoinedRoute) -> Iterator[str]:
    if route.first.owner:
        yield route.first.owner
        paths = [source.partition(" ")[2] for source in route.sources]
        more = [f"and {len(paths) - MOST_PATHS} more"] if len(paths) > MOST_PATHS else []
        yield ", ".join((*paths[:MOST_PATHS], *more))
    if route.first.variant:
        yield route.first.variant
    elif not route.first.owner:
        yield "host"
        yield str(route.first.body.get("directResponse", {}).get("status", "redirect"))


def _asked(patch: Object) -> Any:
    """The part of a patch's match that asks for a route, by its name."""
    vhost = patch["match"].get("routeConfiguration", {}).get("vhost", {})
    return vhost.get("route", {})


def _for(patch: Object, name: str) -> Object:
    """The patch for the routes of another name."""
    configuration = patch["match"]["routeConfiguration"]
    vhost = configuration["vhost"]
    asked = {**vhost, "route": {**vhost["route"], "name": name}}
    match = {**patch["match"], "routeConfiguration": {**configuration, "vhost": asked}}
    return {**patch, "match": match}
