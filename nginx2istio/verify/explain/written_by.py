"""Which rule wrote the fields of Istio objects that decide about a request, and of what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nginx2istio.bridge.paths import uris
from nginx2istio.convert.convert import Conversion
from nginx2istio.convert.hosts import services
from nginx2istio.istio.edits import (
    HOST_WIDE,
    Alias,
    Destination,
    Edit,
    ExternalHost,
    ExtraObject,
    GatewayField,
    MeshField,
    OtherHost,
    RouteBefore,
    TlsRoute,
)
from nginx2istio.istio.objects import identity
from nginx2istio.istio.re2 import Untranslatable
from nginx2istio.istio.serve.connection import chosen_server
from nginx2istio.istio.serve.gateway_config import most_specific
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Origin
from nginx2istio.nginx.serve import location_text
from nginx2istio.verify.compared import Compared
from nginx2istio.verify.explain.edit_fields import (
    EditedRoutes,
    leaves,
    route_leaves,
)
from nginx2istio.verify.explain.yielded import YieldedEdit, edits_for, server_of
from nginx2istio.verify.judged.declared import bare_host
from nginx2istio.verify.sides import Sides


@dataclass(frozen=True, slots=True)
class WrittenFields:
    """Fields of one Istio object that one rule wrote by one kind of edit.

    ``where`` names the object, and the route in it. ``rule`` and ``file`` are "" where no rule
    wrote the fields, as those for the path and the backend of an Ingress. ``origins`` are what the
    rule is about (``YieldedEdit``), empty where nobody set anything.
    """

    where: str
    fields: tuple[str, ...]
    edit: str
    rule: str
    file: str
    origins: tuple[Origin, ...]


def written_by(conversion: Conversion, both: Sides, explained: Compared) -> list[WrittenFields]:
    """What wrote the route, the policy, the filters and all else that decided about a request.

    The edits are those that the rules yielded for the host: what sets a field to its value wrote
    it. ``both`` are the sides of the conversion's own objects.
    """
    merged: dict[tuple[str, str, str], WrittenFields] = {}
    files = {rule.name: f.file for f in conversion.rules.families for rule in f.rules}
    for part in _Explained(conversion, both, explained).parts():
        kind = type(part.edit).__name__ if part.edit is not None else ""
        known = merged.get((part.where, part.rule, kind))
        fields = tuple(dict.fromkeys((*(known.fields if known else ()), *part.fields)))
        origins = tuple(dict.fromkeys((*(known.origins if known else ()), *part.origins)))
        file = files.get(part.rule, "")
        merged[part.where, part.rule, kind] = WrittenFields(
            part.where, fields, kind, part.rule, file, origins
        )
    return list(merged.values())


@dataclass(frozen=True, slots=True)
class _Part:
    """Fields of an object, and what wrote them."""

    where: str
    fields: Sequence[str]
    edit: Edit | None
    rule: str
    origins: tuple[Origin, ...]


def _part(each: YieldedEdit, where: str, fields: Iterable[str]) -> Iterator[_Part]:
    """The fields as a part, unless there are none."""
    names = tuple(fields)
    if names:
        yield _Part(where, names, each.edit, each.rule, each.origins)


class _Explained:
    """A request that is explained, with what the rules yielded for its host."""

    def __init__(self, conversion: Conversion, both: Sides, explained: Compared):
        self.conversion, self.gateway, self.explained = conversion, both.gateway, explained
        self.routes = EditedRoutes(services(conversion.config))
        request = explained.request
        self.port = 443 if request.scheme == "https" else 80
        self.tls = chosen_server(both.gateway, request) if self.port == 443 else None
        hosts = both.gateway.hosts_of(self.tls) if self.tls else both.gateway.plain_hosts
        name = bare_host(request.host)
        domain = most_specific(hosts, name)
        self.host = hosts[domain] if domain else None
        self.domain = domain or name
        self.server = server_of(conversion, self.domain)
        own = self.server.host if self.server else ""
        steps = {step.text for step in explained.nginx.trace}
        self.at_nginx = {
            i: location
            for i, location in enumerate(self.server.locations if self.server else ())
            if location_text(location) in steps
        }
        here = next((location.settings for location in self.at_nginx.values()), {})
        self.yielded = [*edits_for(conversion, "*", here), *edits_for(conversion, own)]

    def parts(self) -> Iterator[_Part]:
        """What decided, from the gateway to the backend."""
        trace = self.explained.istio.trace
        yield from self._connection()
        policies = {step.by for step in trace if step.phase == "authorization"}
        yield from self._policies(policies)
        names = [step.by for step in trace if step.phase in ("route", "cors")]
        routes = self.host.routes if self.host else ()
        route = next((r for r in routes if names and r.get("name", "") == names[-1]), {})
        sources = self._sources(route)
        if route:
            yield from self._route(route, sources)
            yield from self._destinations(route, sources)
        yield from self._filters(str(route.get("name", "")), sources)
        if any(step.phase == "host" for step in trace):
            yield from self._mesh(bool(policies))

    def _policies(self, names: set[str]) -> Iterator[_Part]:
        """The AuthorizationPolicies of these names. That of unknown hosts may be about any."""
        yielded = (*self.yielded, *edits_for(self.conversion, DEFAULT_SERVER)) if names else ()
        for each in yielded:
            if isinstance(each.edit, ExtraObject):
                kind, namespace, name = identity(each.edit.body)
                if kind == "AuthorizationPolicy" and f"{namespace}/{name}" in names:
                    yield from _part(each, f"{kind} {namespace}/{name}", ("spec",))

    def _connection(self) -> Iterator[_Part]:
        """The host's server in the Gateway, and its other names."""
        tls = set(leaves({"tls": self.tls.tls})) if self.tls else set()
        service = f"VirtualService {self.host.service}" if self.host else "VirtualService"
        for each in self.yielded:
            edit = each.edit
            if isinstance(edit, GatewayField) and self.tls:
                own = _common(leaves(edit.value, edit.field), tls)
                yield from _part(each, f"Gateway {self.tls.gateway}", own)
            elif (isinstance(edit, Alias) and edit.name.lower() == self.domain) or (
                isinstance(edit, OtherHost) and edit.name == self.domain
            ):
                yield from _part(each, service, ("hosts",))
            elif isinstance(edit, TlsRoute):
                yield from _part(each, service, ("tls",))

    def _mesh(self, asked: bool) -> Iterator[_Part]:
        """The mesh configuration; services that are asked are in it, ``asked`` if one was."""
        mesh = set(leaves(self.conversion.mesh))
        for each in self.yielded:
            edit = each.edit
            if isinstance(edit, MeshField) and (asked or edit.field != "extensionProviders"):
                own = _common(leaves(edit.value, edit.field), mesh)
                yield from _part(each, "mesh configuration", own)

    def _sources(self, route: Mapping[str, Any]) -> set[int]:
        """The locations whose route this is; where nginx's for the request is one of them, that."""
        locations = self.server.locations if self.server else ()
        paths = [match.get("uri") for match in route.get("match", ({},))]
        sources = {i for i, each in enumerate(locations) if _takes(each, paths)}
        sources |= {
            each.location
            for each in self.yielded
            if isinstance(each.edit, RouteBefore) and each.edit.match.get("uri", "") in paths
        }
        nginx = set(self.at_nginx)
        return nginx if not route or nginx <= sources else sources

    def _at(self, sources: set[int]) -> Iterator[YieldedEdit]:
        """The edits for some locations, and those for the host."""
        return (
            each
            for each in self.yielded
            if each.location in sources or each.location < 0 or isinstance(each.edit, HOST_WIDE)
        )

    def _route(self, route: Mapping[str, Any], sources: set[int]) -> Iterator[_Part]:
        service = self.host.service if self.host else ""
        where = f'route "{route.get("name", "")}" of VirtualService {service}'
        fields = route_leaves(route)
        by_rules: set[str] = set()
        parts: list[_Part] = []
        for each in self._at(sources):
            own = self.routes.written(each.edit, route, fields, self.port)
            by_rules.update(own)
            parts += _part(each, where, own)
        left = {name for name, _ in fields} & _OF_BACKEND - by_rules
        if any("uri" in match for match in route.get("match", ())) and self.server:
            origins = {self.server.locations[i].ingress: None for i in sorted(sources)}
            yield _Part(where, ("match.uri", *sorted(left)), None, "", tuple(origins))
        yield from parts

    def _destinations(self, route: Mapping[str, Any], sources: set[int]) -> Iterator[_Part]:
        for target in (*route.get("route", ()), *route.get("mirrors", ())):
            destination = target["destination"]
            policy = set(leaves(self.gateway.traffic_policy(destination)))
            where = f"DestinationRule for {destination['host']}"
            own_fields: set[str] = set()
            for each in self._at(sources):
                for other in self.routes.policies(each.edit, destination["host"]):
                    # It replaces whole fields of what holds for the location.
                    if set(leaves(other)) <= policy:
                        own_fields.update(other)
                        names = (name for name, _ in leaves(other))
                        yield from _part(each, where, (f"trafficPolicy.{name}" for name in names))
            rest = {leaf for leaf in policy if leaf[0].partition(".")[0] not in own_fields}
            for each in self._at(sources):
                edit = each.edit
                if isinstance(edit, Destination) and edit.port in (0, self.port):
                    own = _common(leaves(edit.value, edit.field), rest)
                    yield from _part(each, where, (f"trafficPolicy.{name}" for name in own))
                elif isinstance(edit, ExternalHost) and edit.host == destination["host"]:
                    yield from _part(each, f"ServiceEntry for {edit.host}", ("spec",))

    def _filters(self, route: str, sources: set[int]) -> Iterator[_Part]:
        """The EnvoyFilters that a request meets: those for its route, or for every request."""
        written = {identity(o): o for o in self.conversion.objects if o["kind"] == "EnvoyFilter"}
        for each in self._at(sources):
            if isinstance(each.edit, ExtraObject):
                at = identity(each.edit.body)
                patches = written[at]["spec"]["configPatches"] if at in written else ()
                if {"", route} & {_route_of(patch) for patch in patches}:
                    yield from _part(each, f"EnvoyFilter {at[1]}/{at[2]}", ("spec.configPatches",))


_OF_BACKEND = frozenset({"route.destination", "directResponse.status"})
"""What a route has without any edit: where a path leads, 404 where it leads nowhere."""


def _common(own: Iterable[tuple[str, Any]], fields: set[tuple[str, Any]]) -> list[str]:
    """The names of fields that stand in an object with this value."""
    return sorted({name for name, value in own if (name, value) in fields})


def _route_of(patch: Mapping[str, Any]) -> str:
    """The route that a patch asks for, "" for all."""
    vhost = patch.get("match", {}).get("routeConfiguration", {}).get("vhost", {})
    return str(vhost.get("route", {}).get("name", ""))


def _takes(location: Location, paths: Sequence[Mapping[str, str] | None]) -> bool:
    """Whether a location's paths are among these; None is any path."""
    if None in paths:
        return True
    try:
        return any(uri in paths for uri in uris(location))
    except Untranslatable:
        return False
