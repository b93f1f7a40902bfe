"""The shape of a class of paths: what the proof of its requests depends on, but for names.

Two classes of one shape differ in nothing but the names of the host, of namespaces, Ingresses,
Services and Secrets, and in those of the paths. Names are replaced only where they are names
(``names.py``), whole, and each by one number; a path only where nothing looks into it
(``path_names.py``). Headers, methods, addresses and all other values stay what they are. A limit
of bodies is told by which of the sizes that are asked for are above it. Of the
objects only those count that can decide about the class (``gateway_view.py``). Where something
could look into a name, or look for other objects by it, a class has no shape and is proved by
itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nginx2istio.base.outcome import EVERYTHING_READY, Request
from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.nginx.model import Location
from nginx2istio.nginx.serve.certificates import has_certificate, self_signed
from nginx2istio.nginx.serve.choose import choose_location, choose_server
from nginx2istio.nginx.serve.variables import Variables
from nginx2istio.nginx.uri import normalized_text
from nginx2istio.verify.decisions import HostDecisions
from nginx2istio.verify.dimensions.nginx_values import body_sizes
from nginx2istio.verify.gateway_view import PORTS, GatewayView, Scheme
from nginx2istio.verify.path_classes import PathClass
from nginx2istio.verify.shapes.location_parts import LocationParts, lists_part
from nginx2istio.verify.shapes.names import NameNumbers, Networks
from nginx2istio.verify.shapes.numbered_parts import NumberedParts
from nginx2istio.verify.shapes.path_names import PathNames, looks_into_path, rewrites
from nginx2istio.verify.shapes.route_parts import RouteParts, policy_part
from nginx2istio.verify.shapes.shapeless import has_shapes
from nginx2istio.verify.shapes.shared_parts import (
    AtLocation,
    gateway_part,
    puts_path_into_answers,
    sent_to_https,
)
from nginx2istio.verify.sides import Sides

ClassShape = tuple[object, ...]
_OF_ALL = ("http-snippet", "server-snippet", "location-snippet", "global-auth-url")
_ABOUT_LENGTHS = ("client-header-buffer-size", "large-client-header-buffers")
_ABOUT_ADDRESSES = ("use-forwarded-headers", "enable-real-ip", "use-proxy-protocol")
_WITH_VARIABLES = ("proxy-set-headers", "add-headers")
_BLOCKING = ("block-user-agents", "block-referers")

_PATHS_KEPT = 50_000
"""Of so many classes of paths it is kept what names their paths have."""


class Shapes:
    """The parts of shapes, each different one with a number.

    ``written``: of names only those of the host and of objects are left out.
    """

    def __init__(self, sides: Sides, written: bool = False):
        self.sides = sides
        self.parts = NumberedParts()
        self.paths: dict[tuple[object, ...], tuple[PathNames, int, int]] = {}
        config = sides.config
        self.none = (
            sides.auth_service
            or any(config.controller.config.get(key) for key in _OF_ALL)
            or any(each.patches.opaque for each in sides.gateways)
        )
        filters = any(each.patches.first or each.patches.last for each in sides.gateways)
        self.paths_stay = (
            written or filters or any(config.configured(key) for key in _ABOUT_LENGTHS)
        )
        self.ports_stay = written or any(config.configured(key) for key in _WITH_VARIABLES)
        self.patched = any(each.patches.of_route or each.patches.of_host for each in sides.gateways)
        self.filters = filters
        limits_stay = written or filters
        self.of_locations = LocationParts(sides.config, self.parts, limits_stay)
        self.of_routes = RouteParts(self.parts, sides.converted is not None, limits_stay)
        self.looked_behind = (
            written or filters or any(config.configured(key) for key in _ABOUT_ADDRESSES)
        )
        self.networks_stay = (
            written or filters or any(config.configured(key) for key in _ABOUT_ADDRESSES)
        )

    def places(
        self,
        location: Location,
        targets: Sequence[str],
        near: Sequence[tuple[Json, Sequence[Json]]],
        parts: Sequence[int],
        at: AtLocation,
    ) -> int:
        """What the paths are that are asked for, and the literals that these begin with."""
        uris = [tuple(match.get("uri", {}).items()) for _, matches in near for match in matches]
        copied = at.copied and not any(rewrites(route) for route, _ in near)
        passed = at.passed and not any({"redirect", "rewrite"} & route.keys() for route, _ in near)
        looked = self.paths_stay or (not copied and looks_into_path(location, near))
        key = (
            *(location.match, location.path, location.declared, *targets),
            *(looked, copied, passed, *uris),
        )
        known = self.paths.get(key)
        if known is None:
            if len(self.paths) >= _PATHS_KEPT:
                self.paths.clear()
            compared = [text for each in uris for _, text in each]
            names = PathNames(location, targets, compared, looked, copied, passed)
            all_of_it = location.match, names.literals, names.targets, uris
            without = self.parts.number(names.without_names())
            known = self.paths[key] = names, without, self.parts.number(all_of_it)
        names, without, written = known
        return written if names.stay(self.parts.paths[part] for part in parts) else without

    def host(self, decisions: HostDecisions) -> HostShapes | None:
        """The shapes of the classes of paths of a host; None for one that is proved by itself."""
        if self.none or not has_shapes(self.sides, decisions, self.filters):
            return None
        return HostShapes(self, decisions)


@dataclass(frozen=True, slots=True)
class PathShapes:
    """The shapes of the requests for a class of paths at a scheme: of all, and of some."""

    shapes: Shapes
    location: Location
    near: Sequence[tuple[Json, Sequence[Json]]]
    at: AtLocation
    common: tuple[str, tuple[int, ...], int]

    def of(self, kind: str, targets: Sequence[str]) -> ClassShape:
        """The shape of requests of a kind for some targets of the class."""
        places = self.shapes.places(self.location, targets, self.near, self.common[1], self.at)
        return kind, *self.common, places


class HostShapes:
    """The shapes of the classes of paths of one host."""

    def __init__(self, shapes: Shapes, decisions: HostDecisions):
        self.shapes, self.decisions = shapes, decisions
        server, certificate = decisions.server, decisions.server.certificate
        self.named = [
            text for name in (decisions.name, server.host) for text in (name, re.escape(name))
        ]
        if certificate:
            copied = f"{certificate.namespace}--{certificate.secret}"  # the gateway's copy
            self.named += [certificate.namespace, certificate.secret, copied]
        self.named.append(server.namespace)
        roots = (x.settings.get("app-root") for x in server.locations)
        self.app_root = next((setting.value for setting in roots if setting), None)
        self.kind = choose_server(decisions.sides.config, decisions.name)[1]
        self.names: dict[object, NameNumbers] = {}
        self.routes: dict[tuple[int, str, int], int] = {}
        self.locations: dict[tuple[int, Scheme, bool], AtLocation] = {}
        self.common = self._common()

    def of(self, path: PathClass, scheme: Scheme) -> PathShapes | None:
        """The shapes of the requests for a class of paths at a scheme."""
        decisions, shapes = self.decisions, self.shapes
        location = decisions.location(path)
        if location is None:
            return None
        at_root = self.app_root is not None and normalized_text(path.target) == "/"
        key = id(location), scheme, at_root
        at = self.locations.get(key)
        if at is None:
            at = self.locations[key] = self._at(location, scheme, at_root)
        names, networks = at.names, at.networks
        parts = [self.common, at.part, at.lists]
        near: list[tuple[Json, Sequence[Json]]] = []
        for view in decisions.gateways:
            networks = networks.copy() if view.policies else networks
            routes = list(view.routes_near(scheme, path.target))
            parts += [self._route(view, scheme, route, names) for route, _ in routes]
            policies = [
                policy_part(policy, rules, decisions.name, networks)
                for policy, rules in view.policies_near(scheme, path.target)
            ]
            matches = [
                [shapes.of_routes.match(match, decisions.name, at.sizes) for match in fitting]
                for _, fitting in routes
            ]
            parts.append(shapes.parts.number((matches, policies)))
            near += routes
        if at_root:
            parts.append(shapes.parts.number(self.app_root))
        relations = shapes.parts.number(networks.relations())
        common = scheme, (*parts,), relations
        return PathShapes(shapes, location, near, at, common)

    def _at(self, location: Location, scheme: Scheme, at_root: bool) -> AtLocation:
        config, numbered = self.decisions.sides.config, self.shapes.parts
        names, networks = self._names(location), Networks(not self._networks_stay(location))
        sizes = body_sizes(config, self.decisions.server, location)
        if scheme == "http" and not (at_root or self.shapes.looked_behind):
            early = self._before_https(location, names)
            if early is not None:
                nobody = numbered.number(None)
                return AtLocation(early, nobody, names, networks, sizes, copied=True)
        lists = numbered.number(lists_part(config, location, networks))
        part = self._location(location, names, scheme == "https")
        put = at_root or puts_path_into_answers(self.decisions, self.kind, location, scheme)
        return AtLocation(part, lists, names, networks, sizes, passed=not put)

    def _before_https(self, location: Location, names: NameNumbers) -> int | None:
        if not sent_to_https(self.decisions, self.kind, location):
            return None
        part = self.shapes.of_locations.before_https(self.decisions.server, location, names)
        return self.shapes.parts.number(part.value, *part.inner)

    def _names(self, location: Location) -> NameNumbers:
        """The names of the host, of its certificate, and of one location."""
        upstream = self.decisions.sides.config.upstreams.get(location.upstream)
        named = [*self.named, location.ingress.namespace, location.ingress.name]
        upstreams = (upstream, *upstream.alternatives) if upstream else ()
        for each in upstreams:
            named += [each.namespace, each.service]
        ports = [each.port for each in upstreams]
        texts = (str(setting.value) for setting in location.settings.values())
        if (
            self.shapes.ports_stay
            or any(each.external_name or each.external_port for each in upstreams)
            or any("service_port" in text for text in texts)
        ):
            ports = []
        key = tuple(named), tuple(ports)
        if key not in self.names:
            self.names[key] = NameNumbers(named, ports)
        return self.names[key]

    def _networks_stay(self, location: Location) -> bool:
        """Whether something else than lists may look at the client's address."""
        return (
            self.shapes.networks_stay
            or any(key.startswith("limit-") for key in location.settings)
            or any(
                condition["key"] == "remote.ip"
                for view in self.decisions.gateways
                for policy in view.policies
                for rule in policy["spec"].get("rules", ())
                for condition in rule.get("when", ())
            )
        )

    def _common(self) -> int:
        """What is the same for all classes of paths of the host."""
        decisions = self.decisions
        server, config = decisions.server, decisions.sides.config
        names = NameNumbers(self.named)
        variables = Variables(config, Request(host=decisions.name), EVERYTHING_READY)
        kind = self.kind
        judged = decisions.sides.converted is not None
        # What the server block answers by itself has the headers of its root.
        asked = kind == "twin" or any(config.controller.config.get(key) for key in _BLOCKING)
        root = choose_location(server, "/") if asked else None
        settings = self.shapes.of_locations.settings(server.settings, names)
        return self.shapes.parts.number(
            (
                *(kind, settings.value, names.text(server.denied)),
                has_certificate(variables, decisions.name),
                self_signed(variables, decisions.name),
                root and self._location(root, self._names(root)),
                [gateway_part(view, names, judged) for view in decisions.gateways],
            ),
            *settings.inner,
        )

    def _location(self, location: Location, names: NameNumbers, secure: bool = False) -> int:
        part = self.shapes.of_locations.location(self.decisions.server, location, names, secure)
        return self.shapes.parts.number(part.value, *part.inner)

    def _route(self, view: GatewayView, scheme: Scheme, route: Json, names: NameNumbers) -> int:
        key = id(route), scheme if self.shapes.patched else "", id(names)
        known = self.routes.get(key)
        if known is None:
            host = view.hosts[scheme]
            domain, port = host.domain if host else "", PORTS[scheme]
            part = self.shapes.of_routes.route(view.config, route, port, domain, names)
            known = self.routes[key] = self.shapes.parts.number(part.value, *part.inner)
        return known
