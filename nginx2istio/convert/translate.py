"""Runs the rules over an nginx configuration: edits with their cause, findings with their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nginx2istio.base.options import Options
from nginx2istio.base.records import record
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Location, Origin, Server, Setting, Settings, Upstream
from nginx2istio.rule import Edit, Fate, Finding, Here, Message, Rule, Severity, route_name
from nginx2istio.rule.loader import Rules


@record(frozen=True, slots=True)
class Applied:
    """The edits of one place, and for each the rule that wishes it.

    ``location`` is an index of ``server.locations``, -1 for the host; ``origin`` the Ingress.
    """

    host: str
    location: int
    origin: Origin
    edits: Sequence[Edit]
    rules: Sequence[str]


@record(frozen=True, slots=True)
class PlacedFinding:
    """A finding with the place that it is about."""

    message: Message
    severity: Severity
    text: str
    instead: str
    key: str
    value: str
    origin: Origin
    hosts: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True)
class Translation:
    """What the rules made of a configuration; ``fates`` by the origin of each annotation."""

    applied: tuple[Applied, ...]
    said: tuple[PlacedFinding, ...]
    fates: Mapping[Origin, tuple[Fate, str, str]]


BROKEN_RULE = Message(
    "N2I010",
    "unsupported",
    "error",
    "the rule {rule} failed here: {error}; nothing of it was applied",
    "report this with the Ingress, and review these paths by hand",
    frozenset({"routing", "path", "status", "auth", "access", "response-headers"}),
)

RANK: Mapping[Fate, int] = {
    "translated": 0,
    "neutral": 0,
    "ineffective": 0,
    "approximated": 1,
    "unsupported": 2,
}


def ports(server: Server, config: NginxConfig) -> tuple[int, ...]:
    """The ports on which the new gateway serves a host; nginx serves every host on both.

    What passes TLS on unopened speaks HTTP on port 80 only.
    """
    if server.passthrough:
        return (80,)
    default = config.controller.default_ssl_certificate
    if (server.certificate and server.certificate.secret) or default:
        return (80, 443)
    return (80,)


NOTHING: frozenset[str] = frozenset()
Yielded = tuple[list[Edit], list[Finding]]


class _Run:
    """The state of one translation."""

    def __init__(self, config: NginxConfig, rules: Rules, options: Options):
        self.config, self.options = config, options
        self.owner = rules.owner
        known = sorted(rules.by_name.values(), key=lambda r: r.name)
        self.always = {
            scope: [r for r in known if r.scope == scope and r.when == "always"]
            for scope in ("location", "server", "upstream", "once")
        }
        self.given: dict[str, list[Rule]] = {}
        for rule in known:
            for key in (*rule.keys, *rule.reads) if rule.when == "given" else ():
                self.given.setdefault(key, []).append(rule)
        self.keys = {r.name: (frozenset(r.keys), frozenset(r.reads)) for r in known}
        own = config.configmaps.get(config.own)
        self.everywhere = own.data.keys() if own else frozenset()
        self.applied: list[Applied] = []
        self.said: list[PlacedFinding] = []
        self.fates: dict[Origin, tuple[Fate, str, str]] = {}
        self.steps: dict[tuple[object, ...], list[tuple[Rule, Yielded | None]]] = {}
        """What is done at alike locations of the server that is looked at."""

    def at(self, here: Here, scope: str) -> list[tuple[Rule, Yielded | None]]:
        """The rules that run at a place, with what they yield where it is alike to another."""
        # Locations of one Ingress share one mapping, so that its identity is a good key.
        which = scope, id(here.settings), here.location.slash_redirect, here.upstream is None
        found = self.steps.get(which)
        if found is None:
            found = self.steps[which] = [
                (rule, self.yielded(here, rule) if rule.alike else None)
                for rule in self.rules(here.server, here.settings, scope)
            ]
        return found

    def rules(self, server: Server, settings: Settings, scope: str) -> list[Rule]:
        """The rules that run where ``settings`` are in force."""
        named: dict[str, Rule] = {}
        for setting in settings.values():
            owner = self.owner.get(setting.key)
            if owner is not None:
                named[owner.name] = owner
                self.fates.setdefault(setting.origin, ("translated", owner.name, ""))
        for key in self.given.keys() & {*settings, *server.settings, *self.everywhere}:
            named |= {rule.name: rule for rule in self.given[key]}
        for rule in self.always[scope]:
            named[rule.name] = rule
        return [named[name] for name in sorted(named) if named[name].scope == scope]

    def run(self, here: Here, scope: str, index: int) -> None:
        """Runs the rules at a place and keeps what they yield."""
        edits: list[Edit] = []
        names: list[str] = []
        for rule, known in self.at(here, scope):
            wished, found = known or self.yielded(here, rule)
            for finding in found:
                self.say(here, rule, finding, index)
            if wished:
                edits += wished
                names += [rule.name] * len(wished)
        if edits:
            host, origin = here.server.host, here.location.ingress
            self.applied.append(Applied(host, index, origin, tuple(edits), tuple(names)))

    def yielded(self, here: Here, rule: Rule) -> Yielded:
        """What a rule yields of a place."""
        here.keys, here.reads = self.keys[rule.name]
        try:
            results = list(rule.translate(here))
        except Exception as error:  # a broken rule costs only its own edits
            text = f"{type(error).__name__}: {error}"
            key = next((k for k in rule.keys if k in here.settings), "")
            results = [BROKEN_RULE.about(key, rule=rule.name, error=text)]
        edits: list[Edit] = []
        findings: list[Finding] = []
        for result in results:
            if isinstance(result, Finding):
                findings.append(result)
            else:
                edits.append(result)
        return edits, findings

    def say(self, here: Here, rule: Rule, finding: Finding, index: int) -> None:
        setting = here.settings.get(finding.key) or self.config.given(finding.key)
        origin = finding.origin or (setting.origin if setting else here.location.ingress)
        everywhere = finding.everywhere or ("host" if index < 0 else "")
        if everywhere == "all":
            hosts: tuple[str, ...] = ("*",)
            path = finding.path or "*"
            if origin == here.location.ingress:
                origin = Origin("default", field=finding.key)
        else:
            hosts = finding.hosts or here.hosts
            path = finding.path or ("*" if everywhere == "host" else here.location.declared)
        hosts = tuple("*" if h == "_" else h for h in hosts if not h.startswith("~"))
        value = (setting.text if setting else "") if finding.value is None else finding.value
        self.said.append(
            PlacedFinding(
                finding.message,
                finding.severity or finding.message.severity,
                finding.text,
                finding.instead,
                finding.key,
                value,
                origin,
                hosts,
                path,
            )
        )
        if setting:
            self.fate(setting.origin, finding.message.fate, rule.name, finding.message.code)

    def fate(self, origin: Origin, fate: Fate, rule: str, code: str) -> None:
        """Keeps the worst that became of an annotation anywhere."""
        known = self.fates.get(origin)
        if known is None or RANK[fate] > RANK[known[0]]:
            self.fates[origin] = (fate, rule, code)

    def here(
        self, server: Server, location: Location, settings: Settings, served: tuple[int, ...]
    ) -> Here:
        """A place, for all rules that run there one after another."""
        upstream = self.config.upstreams.get(location.upstream)
        return Here(
            self.config,
            server,
            location,
            upstream,
            settings,
            NOTHING,
            NOTHING,
            self.options,
            served,
            route_name(location),
        )

    def all(self) -> Translation:
        """Runs every rule at every place."""
        shared: dict[str, Settings] = {}
        for server in self.config.servers:
            first = server.locations[-1] if server.locations else None
            if first is None:
                continue
            served = ports(server, self.config)
            self.steps.clear()
            self.run(self.here(server, first, server.settings, served), "server", -1)
            for index, location in enumerate(server.locations):
                here = self.here(server, location, location.settings, served)
                self.run(here, "location", index)
                if here.upstream is None or location.slash_redirect:
                    continue
                settings = shared.setdefault(here.upstream.name, upstream_settings(here.upstream))
                self.run(self.here(server, location, settings, served), "upstream", index)
        nowhere = Server("*", ())
        here = self.here(
            nowhere, Location("/", "prefix", "", Origin()), {}, ports(nowhere, self.config)
        )
        self.run(here, "once", -1)
        return Translation(tuple(self.applied), tuple(self.said), self.fates)


def upstream_settings(upstream: Upstream) -> Settings:
    """What is in force for an upstream: its own, its canaries', and its affinity's."""
    found: dict[str, Setting] = {}
    for alternative in reversed(upstream.alternatives):
        found.update(alternative.settings)
    found.update(upstream.settings)
    if upstream.affinity:
        found.update(upstream.affinity.settings)
    return found


def translate(config: NginxConfig, rules: Rules, options: Options) -> Translation:
    """Edits, findings and the fate of each annotation that is in force."""
    return _Run(config, rules, options).all()
