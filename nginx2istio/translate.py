"""Runs the rules over an nginx configuration: edits with their cause, findings with their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nginx2istio.loader import Rules
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Location, Origin, Server, Setting, Settings, Upstream
from nginx2istio.options import Options
from nginx2istio.record import record
from nginx2istio.rule import Edit, Fate, Finding, Here, Message, Rule, Severity, route_name


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
class Said:
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
    said: tuple[Said, ...]
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


class _Run:
    """The state of one translation."""

    def __init__(self, config: NginxConfig, rules: Rules, options: Options):
        self.config, self.options = config, options
        self.owner = rules.owner
        self.known = sorted(rules.by_name.values(), key=lambda r: r.name)
        self.always = {
            scope: [r for r in self.known if r.scope == scope and r.when == "always"]
            for scope in ("location", "server", "upstream", "once")
        }
        self.given: dict[str, list[Rule]] = {}
        for rule in self.known:
            for key in (*rule.keys, *rule.reads) if rule.when == "given" else ():
                self.given.setdefault(key, []).append(rule)
        self.keys = {r.name: (frozenset(r.keys), frozenset(r.reads)) for r in self.known}
        own = config.configmaps.get(config.own)
        self.everywhere = own.data.keys() if own else frozenset()
        self.applied: list[Applied] = []
        self.said: list[Said] = []
        self.fates: dict[Origin, tuple[Fate, str, str]] = {}
        self.chosen: dict[tuple[int, int, str], list[Rule]] = {}
        self.alike: dict[tuple[object, ...], tuple[list[Edit], list[Finding]]] = {}
        """What rules yield of alike locations of the server that is looked at."""

    def rules(self, server: Server, settings: Settings, scope: str) -> list[Rule]:
        """The rules that run where ``settings`` are in force."""
        # Locations of one Ingress share one mapping, so that its identity is a good key.
        at = (id(server), id(settings), scope)
        found = self.chosen.get(at)
        if found is None:
            named = {self.owner[k].name: self.owner[k] for k in settings if k in self.owner}
            for key in self.given.keys() & {*settings, *server.settings, *self.everywhere}:
                named |= {rule.name: rule for rule in self.given[key]}
            for rule in self.always[scope]:
                named[rule.name] = rule
            found = [named[name] for name in sorted(named) if named[name].scope == scope]
            self.chosen[at] = found
            self.note(settings)
        return found

    def run_all(self, here: Here, rules: Iterable[Rule], index: int) -> None:
        """Runs rules at a place and keeps what they yield."""
        edits: list[Edit] = []
        names: list[str] = []
        for rule in rules:
            wished, found = self.results(here, rule)
            for finding in found:
                self.say(here, rule, finding, index)
            if wished:
                edits += wished
                names += [rule.name] * len(wished)
        if edits:
            host, origin = here.server.host, here.location.ingress
            self.applied.append(Applied(host, index, origin, tuple(edits), tuple(names)))

    def results(self, here: Here, rule: Rule) -> tuple[list[Edit], list[Finding]]:
        """What a rule yields of a place."""
        at: tuple[object, ...] = ()
        if rule.alike:
            location = here.location
            at = rule.name, id(here.settings), location.slash_redirect, here.upstream is None
            if at in self.alike:
                return self.alike[at]
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
        if at:
            self.alike[at] = edits, findings
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
            Said(
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

    def note(self, settings: Settings) -> None:
        for setting in settings.values():
            owner = self.owner.get(setting.key)
            if owner is not None:
                self.fates.setdefault(setting.origin, ("translated", owner.name, ""))

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
            self.alike.clear()
            here = self.here(server, first, server.settings, served)
            self.run_all(here, self.rules(server, server.settings, "server"), -1)
            for index, location in enumerate(server.locations):
                here = self.here(server, location, location.settings, served)
                self.run_all(here, self.rules(server, location.settings, "location"), index)
                upstream = self.config.upstreams.get(location.upstream)
                if upstream is None or location.slash_redirect:
                    continue
                settings = shared.setdefault(upstream.name, upstream_settings(upstream))
                rules = self.rules(server, settings, "upstream")
                if rules:
                    here = self.here(server, location, settings, served)
                    self.run_all(here, rules, index)
        nowhere = Server("*", ())
        here = self.here(
            nowhere, Location("/", "prefix", "", Origin()), {}, ports(nowhere, self.config)
        )
        self.run_all(here, self.always["once"], -1)
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
