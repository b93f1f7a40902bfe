"""Runs the rules over an nginx configuration: edits with their cause, findings with their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nginx2istio.base.options import Options
from nginx2istio.base.records import record
from nginx2istio.bridge.protection import unavailable, unavailable_host
from nginx2istio.convert.certificates import ports
from nginx2istio.convert.equal_edits import EqualEdits
from nginx2istio.convert.fates import AnnotationFate, FatesByRules
from nginx2istio.convert.protected.bare_refusals import bare_refusals
from nginx2istio.convert.protected.fail_closed import (
    PROTECTION_NAMES,
    guards,
    protecting_key,
    unenforced,
)
from nginx2istio.findings.placed import (
    BROKEN_PROTECTION,
    BROKEN_RULE,
    CLOSED,
    SERVED,
    UNENFORCED,
    PlacedFinding,
    requests_at_catch_all,
)
from nginx2istio.istio.edits import ExtraObject
from nginx2istio.istio.objects import identity
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.protections import KEYS
from nginx2istio.nginx.model import Location, Origin, Server, Setting, Settings, Upstream
from nginx2istio.rule import Edit, Finding, Place, Rule
from nginx2istio.rule.in_force import RulesInForce
from nginx2istio.rule.loader import Rules
from nginx2istio.rule.results import failure, results


@record(frozen=True, slots=True)
class Applied:
    """The edits of one place, and for each the name of the rule that yields it.

    ``location`` is an index of ``server.locations``, -1 for the host; ``origin`` the Ingress.
    """

    host: str
    location: int
    origin: Origin
    edits: Sequence[Edit]
    rules: Sequence[str]


@dataclass(frozen=True, slots=True)
class Translation:
    """What the rules make of a configuration; ``fates`` by the origin of each annotation."""

    applied: tuple[Applied, ...]
    findings: tuple[PlacedFinding, ...]
    fates: Mapping[Origin, AnnotationFate]


Yielded = tuple[list[Edit], list[Finding]]


@record(frozen=True, slots=True)
class Ran:
    """What the rules yield at a place, whether one of them failed, and the keys of their errors."""

    edits: Sequence[Edit]
    failed: bool
    errors: frozenset[str]


class Translator:
    """The state of one translation."""

    def __init__(self, config: NginxConfig, rules: Rules, options: Options):
        self.config, self.options = config, options
        self.owner = rules.owner
        configmap = config.configmaps.get(config.controller_configmap)
        self.in_force = RulesInForce(rules, configmap.data if configmap else ())
        self.applied: list[Applied] = []
        self.findings: list[PlacedFinding] = []
        self.fates = FatesByRules()
        self.protecting: dict[tuple[str, str, str], Mapping[str, Any]] = {}
        """The objects that enforce a protection."""
        self.rules_at: dict[tuple[int, str], list[Rule]] = {}
        self.alike: dict[tuple[int, bool, bool], dict[str, Yielded]] = {}
        """What rules yield at the present server that did not look at the location."""
        self.equal_edits = EqualEdits()
        self.lists: dict[tuple[object, ...], tuple[Any, ...]] = {}
        """Rules and edits (by the identity of each) of places: equal lists are one value."""
        self.equal: dict[Any, Any] = {}
        """Parts of findings: equal ones are one value."""

    def rules(self, place: Place, scope: str) -> list[Rule]:
        """The rules that run where the settings of a place are in force."""
        # Locations of one Ingress share one mapping, so its identity is a good key.
        which = id(place.settings), scope
        if which not in self.rules_at:
            self.rules_at[which] = self._rules(place.server, place.settings, scope)
        return self.rules_at[which]

    def _rules(self, server: Server, settings: Settings, scope: str) -> list[Rule]:
        for setting in settings.values():
            owner = self.owner.get(setting.key)
            if owner is not None:
                self.fates.in_force(setting.origin, owner.name)
        return self.in_force.at(scope, (s.key for s in settings.values()), server.settings)

    def run(self, place: Place, scope: str, index: int) -> Ran:
        """Runs the rules at a place and keeps what they yield."""
        edits: list[Edit] = []
        failed = False
        errors: set[str] = set()
        names: list[str] = []
        origin, path = place.location.ingress, place.location.path
        proxied = place.proxied
        alike = self.alike.setdefault((id(place.settings), proxied, place.slash_redirect), {})
        for rule in self.rules(place, scope):
            if not proxied and rule.at == "proxied":
                continue
            if rule.unless and self.config.exempts(rule.unless, path):
                continue
            rule_edits, findings = alike.get(rule.name) or self.yielded(place, rule, alike)
            for finding in findings:
                failed = failed or finding.message is BROKEN_RULE
                if (finding.severity or finding.message.severity) == "error":
                    errors.add(finding.key)
                self.place_finding(place, rule.name, finding, index)
            if rule_edits:
                edits += rule_edits
                names += [rule.name] * len(rule_edits)
                self.fates.edited(place.settings, rule)
        if edits:
            own = self.lists.setdefault(tuple(map(id, edits)), tuple(edits))
            rules = self.lists.setdefault(tuple(names), tuple(names))
            self.applied.append(Applied(place.server.host, index, origin, own, rules))
        return Ran(edits, failed, frozenset(errors))

    def enforce(self, place: Place, index: int, *ran: Ran) -> None:
        """Closes a location where a protection is not enforced; ``ran`` is all that holds there."""
        protections = guards(place, failed=any(each.failed for each in ran))
        if not protections:
            return
        edits = [edit for each in ran for edit in each.edits if not self.clashes(edit)]
        missing = unenforced(protections, place, edits)
        announced = {key for each in ran for key in each.errors}
        says: list[Finding] = []
        for protection in missing:
            if self.options.allow_unprotected and not announced.isdisjoint(KEYS[protection]):
                continue  # the rule says that it is open
            key, name = protecting_key(protection, place), PROTECTION_NAMES[protection]
            result = SERVED if self.options.allow_unprotected else CLOSED
            says.append(UNENFORCED(key, protection=name, result=result))
        if missing and not self.options.allow_unprotected:
            edits.append(unavailable())
            at = place.server.host, index, place.location.ingress
            self.applied.append(Applied(*at, (unavailable(),), ("",)))
        for finding in (*says, *bare_refusals(place, edits)):
            owner = self.owner.get(finding.key)
            self.place_finding(place, owner.name if owner else "", finding, index)

    def clashes(self, edit: Edit) -> bool:
        """Whether a protecting object is lost, as another of its name says something else."""
        if not isinstance(edit, ExtraObject) or not edit.protects:
            return False
        return self.protecting.setdefault(identity(edit.body), edit.body) != edit.body

    def yielded(self, place: Place, rule: Rule, alike: dict[str, Yielded]) -> Yielded:
        """What a rule yields at a place; it is kept in ``alike`` if it did not look at it."""
        place.keys, place.reads, place.looked = rule.keys, rule.reads, False
        edits: list[Edit] = []
        findings: list[Finding] = []
        try:
            for result in results(rule, place):
                if isinstance(result, Finding):
                    findings.append(result)
                else:
                    edits.append(self.equal_edits.first(result))
        except Exception as error:  # costs what the rule yields here; a protection fails closed
            edits, findings = self.broken(place, rule, failure(rule, error))
        if not place.looked:
            alike[rule.name] = edits, findings
        return edits, findings

    def broken(self, place: Place, rule: Rule, error: str) -> Yielded:
        """What stands in for a rule that fails: an error, and 503 where the rule protects."""
        key = next((key for key in rule.keys if key in place.settings), "")
        if not rule.protects or self.options.allow_unprotected:
            return [], [BROKEN_RULE(key, rule=rule.name, error=error)]
        edit = unavailable_host() if rule.at == "server" else unavailable()
        return [edit], [BROKEN_PROTECTION(key, rule=rule.name, error=error)]

    def place_finding(self, place: Place, rule: str, finding: Finding, index: int) -> None:
        """Keeps a finding of a rule with its place, and the fate of the annotation it is about."""
        if finding.hosts == ():
            return
        setting = place.settings.get(finding.key) or self.config.configured(finding.key)
        origin = finding.origin or (setting.origin if setting else place.location.ingress)
        everywhere = finding.everywhere or ("host" if index < 0 else "")
        if everywhere == "all":
            hosts = finding.hosts or ("*",)
            path = finding.path or "*"
            if origin == place.location.ingress:
                origin = Origin("default", field=finding.key)
        else:
            hosts = finding.hosts or place.hosts
            path = finding.path or ("*" if everywhere == "host" else place.path)
        hosts = tuple(["*" if host == "_" else host for host in hosts if not host.startswith("~")])
        value = (setting.text if setting else "") if finding.value is None else finding.value
        key = setting.origin.written if setting else finding.key
        requests = finding.requests or requests_at_catch_all(place, finding, everywhere)
        share = self.equal.setdefault
        self.findings.append(
            PlacedFinding(
                finding.message,
                finding.severity or finding.message.severity,
                share(finding.text, finding.text),
                share(finding.to_do, finding.to_do),
                key,
                share(value, value),
                origin,
                share(hosts, hosts),
                share(path, path),
                share(requests, requests),
                tuple([name for name in finding.assumed if name in self.config.assumed]),
            )
        )
        if setting:
            self.fates.add(setting.origin, (finding.message.fate, rule, finding.message.code))

    def place(
        self, server: Server, location: Location, settings: Settings, served: tuple[int, ...]
    ) -> Place:
        """A place, for all rules that run there one after another."""
        return Place(self.config, server, location, settings, self.options, served)

    def hosts(self, servers: Iterable[Server]) -> None:
        """Runs the rules at every place of some hosts."""
        shared: dict[str, Settings] = {}
        for server in servers:
            if not server.locations:
                continue
            served = ports(server, self.config)
            self.rules_at.clear()
            self.alike.clear()
            last = server.locations[-1]
            host = self.run(self.place(server, last, server.settings, served), "server", -1)
            for index, location in enumerate(server.locations):
                place = self.place(server, location, location.settings, served)
                ran = [host, self.run(place, "location", index)]
                upstream = self.config.upstreams.get(location.upstream)
                if upstream and not location.slash_redirect:
                    settings = shared.setdefault(upstream.name, upstream_settings(upstream))
                    balanced = self.place(server, location, settings, served)
                    ran.append(self.run(balanced, "upstream", index))
                self.enforce(place, index, *ran)

    def once(self) -> None:
        """Runs the rules that belong to no host."""
        nowhere = Server("*", ())
        location = Location("/", "prefix", "", Origin())
        self.rules_at.clear()
        self.alike.clear()
        self.run(self.place(nowhere, location, {}, ports(nowhere, self.config)), "conversion", -1)

    def all(self) -> Translation:
        """Runs the rules everywhere."""
        self.hosts(self.config.servers)
        return self.result()

    def result(self) -> Translation:
        """What the rules make of the whole, when they have run at all hosts."""
        self.once()
        return Translation(tuple(self.applied), tuple(self.findings), self.fates.result())


def upstream_settings(upstream: Upstream) -> Settings:
    """What is in force for an upstream: its own, its first canary's, and its affinity's."""
    settings: dict[str, Setting] = {}
    for alternative in upstream.alternatives[:1]:
        settings.update(alternative.settings)
    settings.update(upstream.settings)
    if upstream.affinity:
        settings.update(upstream.affinity.settings)
    return settings


def translate(config: NginxConfig, rules: Rules, options: Options) -> Translation:
    """Edits, findings and the fate of each annotation that is in force."""
    return Translator(config, rules, options).all()
