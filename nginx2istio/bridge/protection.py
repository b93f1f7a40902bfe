"""Which requests a protection of some locations concerns, said in AuthorizationPolicies.

Policies act before routes do. What nginx answers before it looks at who asks (redirects, CORS
preflights) is left out of them; a route behind that refuses what comes through after all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from nginx2istio.base.memo import memo
from nginx2istio.base.options import Options
from nginx2istio.bridge.paths import uris
from nginx2istio.istio import re2
from nginx2istio.istio.assemble.virtual_host import GatewayRef
from nginx2istio.istio.edits import Edit, ExtraObject, HostRoute, Phase, RouteBefore
from nginx2istio.istio.policy.authorization import ODD_PORT, Part, origin_regex, policy, rules
from nginx2istio.istio.policy.path_patterns import PolicyPaths, RoutePaths, cover
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.answered_early import Early, early
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Server

Over = Literal["", "tls", "https"]
MOVING = frozenset({"permanent-redirect", "temporal-redirect"})
REFUSED = {"directResponse": {"status": 403}}


@dataclass(frozen=True, slots=True)
class Remark:
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


@dataclass(frozen=True, slots=True)
class ProtectionPlan:
    """The locations of a host by the policy they are under: how to say them, what goes before."""

    server: Server
    groups: Mapping[int, str]
    fits: Mapping[int, PolicyPaths]
    before: Mapping[int, Early]
    areas: tuple[Location | None, ...]
    """Whom the numbers in a Fit mean; None is app-root's ``/``."""
    others: tuple[str, ...]
    """Hosts that the names of this one would cover, and that are not meant."""
    empty: frozenset[int]
    """Locations that answer 404 to all, left out so that the policy need not hold for others."""
    over: Over
    """How requests that nginx redirects to https are told: by their port or by a proxy in front."""
    made: dict[tuple[str, str], Edit] = field(default_factory=dict, compare=False)
    """The policies that were made already, for whose other locations they are the same."""

    def parts(self, group: str) -> list[Part]:
        """The locations of a group, apart where other requests of theirs are concerned."""
        found: dict[tuple[tuple[str, ...], tuple[str, ...], Over], list[PolicyPaths]] = {}
        for location in self.server.locations:
            if self.groups[id(location)] != group or self.fits[id(location)].impossible:
                continue
            ahead = self.before[id(location)]
            redirected = ahead.to_https if self.server.host != DEFAULT_SERVER else ()
            for over in ("", self.over):
                names = [n for n in _names(self.server) if (n in redirected) == bool(over)]
                if names:
                    key = (tuple(map(policy_name, names)), ahead.origins, over)
                    found.setdefault(key, []).append(self.fits[id(location)])
        return [Part(names, tuple(fits), o, over) for (names, o, over), fits in found.items()]

    def sources(self, group: str) -> list[str]:
        """The Ingresses that a group's locations come from."""
        mine = [x for x in self.server.locations if self.groups[id(x)] == group]
        return sorted({x.ingress.object for x in mine})

    def refusal_routes(self, location: Location) -> Iterator[Edit]:
        """Routes that refuse what the policy of this location lets through for another's sake."""
        ahead, fit = self.before[id(location)], self.fits[id(location)]
        if fit.refuse:
            yield _refusal({"uri": {"regex": fit.refuse}})
        if ahead.origins == ("*",):
            yield _refusal({"method": {"exact": "OPTIONS"}})
        elif ahead.origins:
            origin = {"origin": {"regex": origin_regex(ahead.origins)}}
            yield _refusal({"method": {"exact": "OPTIONS"}, "headers": origin})
        match: dict[str, object] = {}
        if self.over == "https":
            match["headers"] = {"x-forwarded-proto": {"exact": "http"}}
        if ahead.to_https and set(ahead.to_https) != set(_names(self.server)):
            some = "|".join(re.escape(name) for name in ahead.to_https)
            match["authority"] = {"regex": f"(?i)({some})(:[0-9]+)?"}
        if ahead.to_https and self.server.host != DEFAULT_SERVER:
            yield _refusal(match, 0 if self.over == "https" else 80)

        if self.odd_ports:
            yield HostRoute(Phase.ACCESS, {"authority": {"regex": ODD_PORT}}, REFUSED)

    @property
    def odd_ports(self) -> bool:
        """Whether a Host header may have a port that no policy can say (a host with a star)."""
        return any(policy_name(n).startswith("*.") for n in _names(self.server))

    def remarks(self, location: Location) -> Iterator[Remark]:
        """Where the policy of a location refuses or asks more than nginx does."""
        fit = self.fits[id(location)]
        if fit.refuse:
            yield Remark("spelling", location.declared)
        for index in fit.wider:
            other = self.areas[index]
            early = other is None or self.before[id(other)].always
            moved = early and other is not None and other.settings.keys() & MOVING
            path = other.declared if other else "/"
            yield Remark("early" if early else "wider", path, moved=bool(moved))
        if fit.loose:
            yield Remark("loose", "*", fit.paths[-1].rstrip("*"))
        for index in fit.cased:
            other = self.areas[index]
            yield Remark("spelling", other.declared if other else "/")
        if self.odd_ports:
            yield Remark("port", "*")
        if any("*" in origin[1:] for origin in self.before[id(location)].origins):
            yield Remark("origin", location.declared)


def zones(
    server: Server, config: NginxConfig, group_of: Callable[[Location], str]
) -> ProtectionPlan:
    """Sorts the locations of a host by the policy that they are under, "" for none."""
    groups: dict[int, str] = {}
    before: dict[int, Early] = {}
    for location in server.locations:
        ahead = early(config, server, location)
        before[id(location)] = ahead
        groups[id(location)] = "" if ahead.always else group_of(location)
    whole: list[tuple[Location | None, RoutePaths]] = [
        (loc, _area(loc, groups[id(loc)])) for loc in server.locations
    ]
    if any("app-root" in loc.settings for loc in server.locations):
        whole.insert(0, (None, RoutePaths("exact", ("/", "//"), "")))
    fits = _fits(whole)
    empty = frozenset(
        id(loc)
        for loc in server.locations
        if not loc.upstream and groups[id(loc)] and (fits[id(loc)].wider or fits[id(loc)].cased)
    )
    if empty:
        groups |= dict.fromkeys(empty, "")
        whole = [(x, replace(a, group="") if id(x) in empty else a) for x, a in whole]
        fits = _fits(whole)
    return ProtectionPlan(
        server,
        groups,
        fits,
        before,
        tuple(loc for loc, _ in whole),
        _others(server, config),
        empty,
        "https" if config.controller.on("use-forwarded-headers") else "tls",
    )


def _fits(whole: Sequence[tuple[Location | None, RoutePaths]]) -> dict[int, PolicyPaths]:
    made = cover([area for _, area in whole])
    return {id(x): fit for (x, _), fit in zip(whole, made, strict=True) if x is not None}


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


def _area(location: Location, group: str) -> RoutePaths:
    if location.match == "regex":
        return RoutePaths("regex", (location.path,), group)
    try:
        found = uris(location)
    except re2.Untranslatable:
        found = ()
    return RoutePaths(location.match, tuple(text for uri in found for text in uri.values()), group)


def _others(server: Server, config: NginxConfig) -> tuple[str, ...]:
    """The other hosts of the configuration that a policy for this one would also speak of."""
    mine = [policy_name(name) for name in _names(server)]
    ends = tuple(name[1:] for name in mine if name.startswith("*"))
    if not ends:
        return ()
    return tuple(n for n in _every_name(config) if n.endswith(ends) and n not in mine)


@memo
def _every_name(config: NginxConfig) -> tuple[str, ...]:
    """The names of all hosts, as policies say them, once each."""
    names = dict.fromkeys(policy_name(n) for s in config.servers for n in _names(s))
    return tuple(n for n in names if n != "*")


def _refusal(match: Mapping[str, object], port: int = 0) -> Edit:
    return RouteBefore(Phase.ACCESS, dict(REFUSED), match, port)


def authorization(
    plan: ProtectionPlan,
    group: str,
    options: Options,
    action: Literal["DENY", "CUSTOM"],
    sources: Sequence[Mapping[str, object]] = (),
    provider: str = "",
) -> Edit:
    """An AuthorizationPolicy for the locations of a group of a host.

    It holds for requests from any of ``sources`` (Istio's Source), for all if there are none. Each
    location of the group asks for the same object.
    """
    known = plan.made.get((action, group))
    if known is not None:
        return known
    target = GatewayRef(options.gateway_namespace, options.gateway_selector)
    host = "catch-all" if plan.server.host == DEFAULT_SERVER else plan.server.host
    title = f"nginx2istio-{action.lower()}-{host}"
    made = rules(sources, plan.parts(group), plan.others)
    named = policy(target, title, action, made, provider, plan.sources(group))
    return plan.made.setdefault((action, group), ExtraObject(named))


def unavailable(status: int = 503) -> Edit:
    """A location that is not served, because its protection can't be had."""
    return RouteBefore(Phase.ACCESS, {"directResponse": {"status": status}})


def unavailable_host(status: int = 503) -> Edit:
    """A host that is not served, because its protection can't be had."""
    return HostRoute(Phase.SERVER, {}, {"directResponse": {"status": status}})
