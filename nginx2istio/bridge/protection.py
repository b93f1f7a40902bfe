"""Which requests a protection of some locations concerns, said in AuthorizationPolicies.

Policies act before routes do. What nginx answers before it checks the client (redirects, CORS
preflights) is left out of them; a route behind the policy refuses what comes through after all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from nginx2istio.base.memo import memo
from nginx2istio.base.options import Options
from nginx2istio.bridge.names import authority_pattern
from nginx2istio.bridge.secrets import gateway_of
from nginx2istio.istio.edits import Edit, ExtraObject, HostRoute, Phase, RouteBefore
from nginx2istio.istio.policy.authorization import ODD_PORT, Part, origin_regex, policy, rules
from nginx2istio.istio.policy.path_patterns import PolicyPaths, RoutePaths, cover
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.facts.answered_early import Early, early
from nginx2istio.nginx.facts.protections import Protection
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Server

HttpsMarker = Literal["", "tls", "https"]
MOVING = frozenset({"permanent-redirect", "temporal-redirect"})
REFUSED = {"directResponse": {"status": 403}}


@dataclass(frozen=True, slots=True)
class PolicyDifference:
    """A difference between a policy and nginx, at ``path`` (``*`` for the whole host).

    "spelling": paths in another letter case than declared; "wider": another path is under the
    policy, too; "early": so is one that nginx answers itself; "loose": so are all paths that begin
    with ``start``; "port": Host headers with a port other than 80 and 443; "origin": OPTIONS from
    origins that end like those that enable-cors allows.
    """

    kind: Literal["spelling", "wider", "early", "loose", "port", "origin"]
    path: str
    start: str = ""
    moved: bool = False
    """Whether nginx redirects everybody from there to another address."""
    hosts: tuple[str, ...] = ()
    """Other hosts that differ, where those are not the protected one."""


@dataclass(frozen=True, slots=True)
class ProtectionPlan:
    """The locations of a host by the policy they are under, and how policies say their paths.

    Mappings are by the identity of a location. ``groups`` names the policy, "" for none.
    """

    server: Server
    groups: Mapping[int, str]
    paths: Mapping[int, PolicyPaths]
    before: Mapping[int, Early]
    areas: tuple[Location | None, ...]
    """The locations that the numbers in a PolicyPaths mean; None is app-root's ``/``."""
    others: tuple[str, ...]
    """Hosts that the names of this one would cover, and that are not meant."""
    empty: frozenset[int]
    """Locations that answer 404 to all, left out so that the policy need not hold for others."""
    members: Mapping[str, Sequence[Location]]
    """The locations by the name of their policy."""
    https_marker: HttpsMarker
    """How to know the requests that nginx redirects to https: by their port or a proxy's header."""
    policies: dict[tuple[str, str], Edit] = field(default_factory=dict, compare=False)
    """The policies by action and group: all locations of a group share one."""

    def group(self, location: Location) -> str:
        """The name of the policy that a location is under, "" for none."""
        return self.groups[id(location)]

    def without_backend(self, location: Location) -> bool:
        """Whether a location is left out because it answers 404 to everybody."""
        return id(location) in self.empty

    def unsayable(self, location: Location) -> bool:
        """Whether no policy can tell a location's paths from the other paths of the host."""
        return self.paths[id(location)].impossible

    def parts(self, group: str) -> list[Part]:
        """The locations of a group, apart where the policy concerns other requests of theirs."""
        parts: dict[tuple[tuple[str, ...], tuple[str, ...], HttpsMarker], list[PolicyPaths]] = {}
        for location in self.members[group]:
            if self.unsayable(location):
                continue
            ahead = self.before[id(location)]
            redirected = ahead.to_https if self.server.host != DEFAULT_SERVER else ()
            for marker in ("", self.https_marker):
                names = [n for n in _names(self.server) if (n in redirected) == bool(marker)]
                if names:
                    key = (tuple(map(policy_name, names)), ahead.origins, marker)
                    parts.setdefault(key, []).append(self.paths[id(location)])
        return [Part(names, tuple(paths), o, m) for (names, o, m), paths in parts.items()]

    def sources(self, group: str) -> list[str]:
        """The Ingresses that a group's locations come from."""
        return sorted({x.ingress.object for x in self.members[group]})

    def refusal_routes(self, location: Location) -> Iterator[Edit]:
        """Routes that refuse what the policy of this location lets through for another's sake."""
        ahead, paths = self.before[id(location)], self.paths[id(location)]
        if paths.refuse:
            yield _refusal({"uri": {"regex": paths.refuse}})
        if ahead.origins == ("*",):
            yield _refusal({"method": {"exact": "OPTIONS"}})
        elif ahead.origins:
            origin = {"origin": {"regex": origin_regex(ahead.origins)}}
            yield _refusal({"method": {"exact": "OPTIONS"}, "headers": origin})
        match: dict[str, object] = {}
        if self.https_marker == "https":
            match["headers"] = {"x-forwarded-proto": {"exact": "http"}}
        if ahead.to_https and set(ahead.to_https) != set(_names(self.server)):
            match["authority"] = {"regex": authority_pattern(self.server, ahead.to_https)}
        if ahead.to_https and self.server.host != DEFAULT_SERVER:
            yield _refusal(match, 0 if self.https_marker == "https" else 80)

        if self.odd_ports:
            yield HostRoute(Phase.ACCESS, {"authority": {"regex": ODD_PORT}}, REFUSED)

    @property
    def odd_ports(self) -> bool:
        """Whether a Host header may have a port that no policy can say (a host with a star)."""
        return any(policy_name(n).startswith("*.") for n in _names(self.server))

    @property
    def stars_below(self) -> tuple[str, ...]:
        """Hosts with a star that policies leave out, but for ports that no policy can say."""
        return tuple(name for name in self.others if name.startswith("*."))

    def differences(self, location: Location) -> Iterator[PolicyDifference]:
        """Where the policy of a location refuses or asks more than nginx does."""
        paths = self.paths[id(location)]
        if paths.refuse:
            yield PolicyDifference("spelling", self.server.path_of(location))
        for index in paths.wider:
            other = self.areas[index]
            is_early = other is None or self.before[id(other)].always
            moved = is_early and other is not None and other.settings.keys() & MOVING
            path = self.server.path_of(other) if other else "/"
            yield PolicyDifference("early" if is_early else "wider", path, moved=bool(moved))
        if paths.loose:
            begins = (text for text in paths.paths if text.endswith("*"))
            begin = min(begins, key=len, default=paths.paths[-1])
            yield PolicyDifference("loose", "*", begin.rstrip("*"))
        for index in paths.cased:
            other = self.areas[index]
            yield PolicyDifference("spelling", self.server.path_of(other) if other else "/")
        if self.odd_ports:
            yield PolicyDifference("port", "*")
        if self.stars_below:
            yield PolicyDifference("port", "*", hosts=self.stars_below)
        if any("*" in origin[1:] for origin in self.before[id(location)].origins):
            yield PolicyDifference("origin", self.server.path_of(location))


def protection_plan(
    config: NginxConfig, server: Server, group_of: Callable[[Location], str]
) -> ProtectionPlan:
    """Sorts the locations of a host by the policy that they are under, "" for none."""
    before = {id(location): early(config, server, location) for location in server.locations}
    groups = {id(x): "" if before[id(x)].always else group_of(x) for x in server.locations}
    areas: list[tuple[Location | None, RoutePaths]] = [
        (location, _route_paths(location, groups[id(location)])) for location in server.locations
    ]
    if any("app-root" in location.settings for location in server.locations):
        areas.insert(0, (None, RoutePaths("exact", ("/", "//"), "")))
    paths = _policy_paths(areas)
    empty = frozenset(
        id(x)
        for x in server.locations
        if not x.upstream and groups[id(x)] and (paths[id(x)].wider or paths[id(x)].cased)
    )
    if empty:
        groups |= dict.fromkeys(empty, "")
        areas = [(x, replace(a, group="") if id(x) in empty else a) for x, a in areas]
        paths = _policy_paths(areas)
    members: dict[str, list[Location]] = {}
    for x in server.locations:
        members.setdefault(groups[id(x)], []).append(x)
    return ProtectionPlan(
        server,
        groups,
        paths,
        before,
        tuple(location for location, _ in areas),
        _others(config, server),
        empty,
        members,
        "https" if config.controller.on("use-forwarded-headers") else "tls",
    )


def _policy_paths(
    areas: Sequence[tuple[Location | None, RoutePaths]],
) -> dict[int, PolicyPaths]:
    paths = cover([area for _, area in areas])
    return {id(x): own for (x, _), own in zip(areas, paths, strict=True) if x is not None}


def policy_name(name: str) -> str:
    """A host or alias as a policy says it; an alias that is a pattern by the domain it ends in."""
    if name == DEFAULT_SERVER:
        return "*"
    if name.startswith("~"):
        domain = re.search(r"((\\\.[A-Za-z0-9-]+)+)\$?$", name)
        return "*" + domain[1].replace("\\", "") if domain else "*"
    return name


def _names(server: Server) -> tuple[str, ...]:
    return (server.host, *server.aliases)


def _route_paths(location: Location, group: str) -> RoutePaths:
    # The one path whose slashes Envoy does not merge is two.
    texts = ("/", "//") if location.literal == "= /" else (location.path,)
    return RoutePaths(location.match, texts, group)


def _others(config: NginxConfig, server: Server) -> tuple[str, ...]:
    """The other hosts of the configuration that a policy for this one would also speak of."""
    own = [policy_name(name) for name in _names(server)]
    ends = tuple(name[1:] for name in own if name.startswith("*"))
    if not ends:
        return ()
    return tuple(n for n in _every_name(config) if n.endswith(ends) and n not in own)


@memo
def _every_name(config: NginxConfig) -> tuple[str, ...]:
    """The names of all hosts, as policies say them, once each."""
    names = dict.fromkeys(policy_name(n) for s in config.servers for n in _names(s))
    return tuple(n for n in names if n != "*")


def _refusal(match: Mapping[str, object], port: int = 0) -> Edit:
    return RouteBefore(Phase.ACCESS, dict(REFUSED), match, port)


def authorization(
    plan: ProtectionPlan,
    location: Location,
    options: Options,
    action: Literal["DENY", "CUSTOM"],
    sources: Sequence[Mapping[str, object]] = (),
    provider: str = "",
) -> Edit:
    """The AuthorizationPolicy that a location is under, the same for all locations of its group.

    It holds for requests from any of ``sources`` (Istio's Source), for all if there are none.
    ``provider`` names the extension provider of a CUSTOM policy.
    """
    group = plan.group(location)
    if (action, group) not in plan.policies:
        host = "catch-all" if plan.server.host == DEFAULT_SERVER else plan.server.host
        title = f"nginx2istio-{action.lower()}-{host}"
        parts = rules(sources, plan.parts(group), plan.others)
        body = policy(gateway_of(options), title, action, parts, provider, plan.sources(group))
        protection: Protection = "addresses" if action == "DENY" else "external-auth"
        plan.policies[action, group] = ExtraObject(body, protection)
    return plan.policies[action, group]


@memo
def address_plan(config: NginxConfig, options: Options, server: Server) -> ProtectionPlan:
    """The locations of a host by their address lists; those where credentials do, too, have none.

    Credentials that stand in for an address (``satisfy any``) are part of the auth plan.
    """

    def group(location: Location) -> str:
        lists = addresses(config, location)
        instead = lists.or_credentials or (lists.or_password and options.auth_service)
        if not lists or instead or lists.unreadable:
            return ""
        return f"{lists.allow} {lists.deny}"

    return protection_plan(config, server, group)


def unavailable(status: int = 503) -> Edit:
    """A location that is not served, because its protection can't be had."""
    return RouteBefore(Phase.ACCESS, {"directResponse": {"status": status}})


def unavailable_host(status: int = 503) -> Edit:
    """A host that is not served, because its protection can't be had."""
    return HostRoute(Phase.SERVER, {}, {"directResponse": {"status": status}})
