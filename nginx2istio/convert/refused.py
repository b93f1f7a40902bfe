"""The objects without what Istio or Envoy would refuse: it costs its location, or its host.

A location whose route is refused answers 503; when its match is at fault, so does the whole host. A
part that belongs to no location is left out. Then all is checked again, as one fault hides another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from nginx2istio.bridge.protection import unavailable
from nginx2istio.istio.assemble.assemble import Assembled, assemble
from nginx2istio.istio.assemble.virtual_host import GatewayRef, RouteSource, Service, VirtualHost
from nginx2istio.istio.check.check import faults
from nginx2istio.istio.check.envoy_filter import added_filter, patched_route
from nginx2istio.istio.check.fault import Fault, ObjectKey
from nginx2istio.istio.edits import (
    Alias,
    ExternalHost,
    ExtraObject,
    OtherHost,
)
from nginx2istio.istio.fields import frozen
from nginx2istio.istio.objects import Noted, Object, identity
from nginx2istio.istio.rename_objects import live_route, trial_name
from nginx2istio.rule import Edit

ROUNDS = 8
"""How often all is checked, at most; then the objects at fault are left out."""
ANSWERS_503, BARE, GONE = 1, 2, 3
"""What becomes of a host: it answers 503; under its own name only; it is left out."""
RESULTS = {ANSWERS_503: "answers 503", BARE: "answers 503", GONE: "has no route"}
OTHER_NAMES = (Alias, OtherHost)
"""What serves a host under another name; they can be left out one by one."""
ObjectPart = tuple[ObjectKey, object]
"""An object, and one of its patches; None for all of it."""


@dataclass(slots=True)
class Losses:
    """What the faults cost, each with the reason of the first that cost it.

    ``locations`` by host and route name; ``names`` are other names of a host.
    ``parts`` come with the hosts that they belong to.
    """

    locations: dict[tuple[str, str], str] = field(default_factory=dict)
    hosts: dict[str, tuple[int, str]] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    parts: dict[ObjectPart, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    costed: set[tuple[str, str]] = field(default_factory=set)
    """What the present round costs: a second fault of a place costs no more than the first."""

    def host(self, host: str, why: str, least: int = ANSWERS_503) -> None:
        """Costs a host; when that was not enough, more."""
        level, first = self.hosts.get(host, (0, why))
        if (host, "") not in self.costed:
            self.costed.add((host, ""))
            level += 1
        self.hosts[host] = min(max(level, least), GONE), first

    def location(self, host: str, route: str, why: str) -> None:
        """Costs a location; when that was not enough, its host."""
        if (host, route) in self.costed:
            return
        self.costed.add((host, route))
        if (host, route) in self.locations:
            self.host(host, why)
        else:
            self.locations[host, route] = why


def checked(
    virtual_hosts: Sequence[VirtualHost],
    services: Mapping[str, Service],
    target: GatewayRef,
    once: Sequence[Edit],
    by_filter: bool,
    finish: Callable[[Iterable[Object]], list[Object]],
    processes: int = 1,
) -> tuple[Assembled, list[Object], Losses]:
    """Assembles the hosts: the objects that Istio and Envoy take, and what the others cost.

    ``once`` are the edits of no host; ``by_filter``: an EnvoyFilter may answer for hosts on
    connections to others; ``finish`` makes the objects what will be written;
    ``processes`` as in ``assemble``.
    """
    losses = Losses()
    for _ in range(ROUNDS):
        hosts = [h for host in virtual_hosts if (h := _closed(host, losses))]
        if not any(host.route_sources for host in hosts):
            hosts, once = [], ()  # a gateway without hosts of ours needs nothing of ours
        assembled = assemble(hosts, services, target, once, by_filter, processes)
        objects = list(_without(finish(assembled.objects), losses))
        wrong = list(faults(objects))
        if not wrong:
            return assembled, objects, losses
        losses.costed.clear()
        by_key = {identity(obj): obj for obj in objects}
        before = _Round(hosts, services, by_key, losses, assembled.sources)
        for fault in wrong:
            before.cost(fault)
    left_out = {fault.key for fault in wrong}
    for fault in wrong:
        losses.parts.setdefault((fault.key, None), (fault.reason, ()))
    return assembled, [obj for obj in objects if identity(obj) not in left_out], losses


def _closed(host: VirtualHost, losses: Losses) -> VirtualHost | None:
    """A host as the losses leave it."""
    level = losses.hosts.get(host.host, (0, ""))[0]
    if level == GONE:
        return None
    if level:
        source = RouteSource("closed", ({"prefix": "/"},), "", (unavailable(),))
        aliases = tuple(edit for edit in host.edits if isinstance(edit, Alias) and level < BARE)
        ports = host.ports if host.credential else (80,)
        return replace(host, route_sources=(source,), edits=aliases, ports=ports, beyond=None)
    names = {name for of, name in losses.names if of == host.host}
    routes = {route for of, route in losses.locations if of == host.host}
    if names:
        edits = (e for e in host.edits if not (isinstance(e, OTHER_NAMES) and e.name in names))
        host = replace(host, edits=tuple(edits))
    if not routes:
        return host
    beyond = host.beyond and replace(
        host.beyond, route_sources=_with_closed(host.beyond.route_sources, routes)
    )
    sources = _with_closed(host.route_sources, routes)
    return replace(host, route_sources=sources, beyond=beyond)


def _with_closed(sources: Iterable[RouteSource], routes: Set[str]) -> tuple[RouteSource, ...]:
    """The sources, some closed.

    Under a name of its own: an EnvoyFilter for the location would not fit its answer.
    """
    return tuple(
        RouteSource(f"{s.name} closed", s.uris, "", (unavailable(),), s.note)
        if s.name in routes
        else s
        for s in sources
    )


def _without(objects: Iterable[Object], losses: Losses) -> Iterator[Object]:
    """The objects without the parts that were refused."""
    for obj in objects:
        at = identity(obj)
        if (at, None) in losses.parts:
            continue
        if obj["kind"] == "EnvoyFilter" and any(of == at for of, _ in losses.parts):
            patches = obj["spec"]["configPatches"]
            rest = [patch for patch in patches if (at, frozen(patch)) not in losses.parts]
            if not rest:
                continue
            note = obj.note if isinstance(obj, Noted) else ""
            obj = Noted({**obj, "spec": {**obj["spec"], "configPatches": rest}}, note)
        yield obj


@dataclass(frozen=True, slots=True)
class _Round:
    """The faults of one round find the hosts and locations that they come from."""

    hosts: Sequence[VirtualHost]
    services: Mapping[str, Service]
    objects: Mapping[ObjectKey, Object]
    losses: Losses
    sources: Mapping[str, Sequence[str]]

    def cost(self, fault: Fault) -> None:
        """Makes a fault cost the place that it comes from."""
        kind = fault.key[0]
        if kind == "VirtualService":
            self._virtual_service(fault)
        elif kind == "Gateway":
            self._gateway(fault)
        elif kind == "EnvoyFilter":
            self._envoy_filter(fault)
        else:
            self._whole(fault)

    def _virtual_service(self, fault: Fault) -> None:
        names = fault.hosts or self.objects[fault.key]["spec"].get("hosts", ())
        for host in self._served_as(names, fault.reason):
            sources = list(self._sources(host, fault.route))
            for source in sources:
                self._location(host, source, fault.reason)
            if not sources:
                self.losses.host(host.host, fault.reason)

    def _gateway(self, fault: Fault) -> None:
        name = fault.key[2]
        for host in self._served_as(fault.hosts, fault.reason):
            self.losses.host(host.host, fault.reason)
        for host in self.hosts if not fault.hosts else ():
            if name in (host.gateway, trial_name(host.gateway)):
                self.losses.host(host.host, fault.reason, GONE)

    def _served_as(self, names: Sequence[str], reason: str) -> Iterator[VirtualHost]:
        """The hosts of these names; of a host with other names at fault, those are left out."""
        for host in self.hosts:
            if host.host in names:
                yield host
                continue
            for edit in host.edits:
                if isinstance(edit, OTHER_NAMES) and edit.name in names:
                    self.losses.names.setdefault((host.host, edit.name), reason)

    def _envoy_filter(self, fault: Fault) -> None:
        if fault.patch < 0:
            self._whole(fault)
            return
        patch = self.objects[fault.key]["spec"]["configPatches"][fault.patch]
        routes = {fault.route} if fault.route else set()
        of_host = self._host_of(patch)
        name = added_filter(patch)
        for obj in self.objects.values() if name else ():
            for other in obj["spec"]["configPatches"] if obj["kind"] == "EnvoyFilter" else ():
                if name in other["patch"].get("value", {}).get("typed_per_filter_config", ()):
                    routes.add(patched_route(other))
                    of_host |= self._host_of(other)
        costs = set(of_host)
        for host in self.hosts:
            sources = [s for route in routes for s in self._sources(host, route)]
            if not (sources or of_host or routes):
                sources = [s for s in host.route_sources if _yields(s.edits, fault.key)]
            for source in sources:
                self._location(host, source, fault.reason)
                costs.add(host.host)
            if host.host in of_host:
                self.losses.host(host.host, fault.reason)
        part = fault.key, frozen(patch)
        self.losses.parts.setdefault(part, (fault.reason, tuple(sorted(costs))))

    def _host_of(self, patch: Object) -> set[str]:
        """The host of a patch for a virtual host, as a set."""
        vhost = patch.get("match", {}).get("routeConfiguration", {}).get("vhost", {})
        name = vhost.get("name", "").rpartition(":")[0]
        return {host.host for host in self.hosts if name in host.names}

    def _whole(self, fault: Fault) -> None:
        """Costs whoever needs an object; it is left out if that is nobody."""
        kind = fault.key[0]
        spec = self.objects[fault.key].get("spec", {})
        costs = False
        for host in self.hosts:
            if kind == "DestinationRule":
                sources = self._sent_to(host, spec.get("host", ""))
            elif kind == "ServiceEntry":
                sources = [s for s in host.route_sources if _reaches(s.edits, spec)]
            else:
                sources = [s for s in host.route_sources if _yields(s.edits, fault.key)]
                if _yields(host.edits, fault.key):
                    self.losses.host(host.host, fault.reason)
                    costs = True
            for source in sources:
                self._location(host, source, fault.reason)
                costs = True
        if not costs:
            self.losses.parts[fault.key, None] = fault.reason, ()

    def _sent_to(self, host: VirtualHost, name: str) -> list[RouteSource]:
        """The locations with a route to a host of Istio's registry."""
        names = {name, *(s.host for s in self.services.values() if s.alias == name)}
        routes = {
            route.get("name", "")
            for (kind, _, _), obj in self.objects.items()
            if kind == "VirtualService" and not {*obj["spec"]["hosts"]}.isdisjoint(host.names)
            for route in obj["spec"].get("http", ())
            for to in (*route.get("route", ()), *route.get("mirrors", ()))
            if to["destination"]["host"] in names
        }
        return [s for route in sorted(routes) for s in self._sources(host, route)]

    def _location(self, host: VirtualHost, source: RouteSource, reason: str) -> None:
        self.losses.location(host.host, source.name.removesuffix(" closed"), reason)

    def _sources(self, host: VirtualHost, route: str) -> list[RouteSource]:
        """The sources of a host that the routes of a name come from, one of each name.

        Sources of one name are closed together.
        """
        beyond = host.beyond.route_sources if host.beyond else ()
        names = self.sources.get(live_route(route), ())
        named = {s.name: s for s in (*beyond, *host.route_sources) if s.name in names}
        return list(named.values())


def _yields(edits: Iterable[Edit], at: ObjectKey) -> bool:
    """Whether edits write an object."""
    objects = (identity(edit.body) for edit in edits if isinstance(edit, ExtraObject))
    return any(at in (live, (*live[:2], trial_name(live[2]))) for live in objects)


def _reaches(edits: Iterable[Edit], spec: Object) -> bool:
    return any(isinstance(edit, ExternalHost) and edit.host in spec["hosts"] for edit in edits)
