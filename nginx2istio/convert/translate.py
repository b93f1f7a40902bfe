"""Runs the rules over an nginx configuration: edits with their cause, findings with their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nginx2istio.base.options import Options
from nginx2istio.base.records import record
from nginx2istio.bridge.place import OF_LOCATION
from nginx2istio.bridge.protection import unavailable, unavailable_host
from nginx2istio.convert.certificates import ports
from nginx2istio.convert.equal_edits import EqualEdits
from nginx2istio.convert.fail_closed import PROTECTION_NAMES, guards, protecting_key, unenforced
from nginx2istio.convert.fates import AnnotationFate, FatesByRules
from nginx2istio.findings.placed import (
    BROKEN_PROTECTION,
    BROKEN_RULE,
    CLOSED,
    SERVED,
    UNENFORCED,
    PlacedFinding,
    placed_again,
    placed_at,
)
from nginx2istio.istio.edits import ExtraObject
from nginx2istio.istio.objects import identity
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.protections import KEYS
from nginx2istio.nginx.model import Location, Origin, Server, Setting, Settings, Upstream
from nginx2istio.rule import Edit, Finding, Place, Rule
from nginx2istio.rule.in_force import RulesInForce
from nginx2istio.rule.loader import Rules
from nginx2istio.rule.places_alike import PlacesAlike, Shared, Yielded
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


@record(frozen=True, slots=True)
class Ran:
    """What the rules yield at a place of an Ingress, and what is said of it.

    ``rules`` are the names of the rules of the edits, one for each; ``failed`` is whether a rule
    failed, ``errors`` are the keys of errors.
    """

    ingress: Origin
    edits: Sequence[Edit]
    rules: Sequence[str]
    findings: Sequence[tuple[Finding, PlacedFinding]]
    failed: bool
    errors: frozenset[str]


NOTHING = Ran(Origin(), (), (), (), False, frozenset())


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
        self.shared: dict[tuple[object, ...], Shared] = {}
        """What rules yield that did not look at the host, by what they can read without."""
        self.places: dict[tuple[object, ...], PlacesAlike] = {}
        """The places of the present server, by their settings and kind."""
        self.ran: dict[tuple[PlacesAlike, int], Ran] = {}
        """What ran at the present server without a look at the location, by upstream."""
        self.exempting = {each.unless for each in rules.by_name.values() if each.unless}
        self.exempting -= {key for key in self.exempting if not config.controller.text(key)}
        self.equal_edits = EqualEdits()

    def alike(self, place: Place, scope: str) -> PlacesAlike:
        """The places of the host to which a place belongs."""
        # Locations of one Ingress share one mapping, so its identity is a good key.
        which = id(place.settings), scope, place.kind
        known = self.places.get(which)
        if known is None:
            settings = place.settings.values()
            for setting in settings:
                owner = self.owner.get(setting.key)
                if owner is not None:
                    self.fates.in_force(setting.origin, owner.name)
            rules = self.in_force.at(scope, (s.key for s in settings), place.server.settings)
            if not place.proxied:
                rules = [rule for rule in rules if rule.at != "proxied"]
            values = tuple([(s.key, s.text, s.value) for s in settings])
            shared = self.shared.setdefault((values, place.kind), {})
            known = self.places[which] = PlacesAlike(rules, shared)
        return known

    def run(self, place: Place, scope: str, index: int) -> Ran:
        """Runs the rules at a place and keeps what they yield."""
        alike = self.alike(place, scope)
        if not alike.rules:
            return NOTHING
        which = alike, id(place.upstream)
        if which in self.ran:
            ran = again(self.ran[which], place)
        else:
            ran, located = self.run_rules(place, alike, index)
            if not located:
                self.ran[which] = ran
        self.findings += [placed for _, placed in ran.findings]
        if ran.edits:
            at = place.server.host, index, place.location.ingress
            self.applied.append(Applied(*at, ran.edits, ran.rules))
        return ran

    def run_rules(self, place: Place, alike: PlacesAlike, index: int) -> tuple[Ran, bool]:
        """What the rules yield at a place, and whether that depends on its location."""
        edits: list[Edit] = []
        names: list[str] = []
        findings: list[tuple[Finding, PlacedFinding]] = []
        errors: set[str] = set()
        failed = located = False
        for rule in alike.rules:
            if rule.unless in self.exempting:
                located = True
                if self.config.exempts(rule.unless, place.location.path):
                    continue
            known = alike.known(rule, place)
            rule_edits, rule_findings = known or self.yielded(place, rule, alike)
            located = located or (known is None and bool(place.looked & OF_LOCATION))
            for finding in rule_findings:
                failed = failed or finding.message is BROKEN_RULE
                if (finding.severity or finding.message.severity) == "error":
                    errors.add(finding.key)
                if finding.hosts != ():
                    findings.append((finding, self.placed(place, rule.name, finding, index)))
            if rule_edits:
                edits += rule_edits
                names += [rule.name] * len(rule_edits)
                self.fates.edited(place.settings, rule)
        alike.leave_out_silent()
        at = place.location.ingress
        return Ran(at, tuple(edits), tuple(names), findings, failed, frozenset(errors)), located

    def enforce(self, place: Place, index: int, *ran: Ran) -> None:
        """Closes a location where a protection is not enforced; ``ran`` is all that holds there."""
        protections = guards(place, failed=any(each.failed for each in ran))
        if not protections:
            return
        edits = [edit for each in ran for edit in each.edits if not self.clashes(edit)]
        missing = unenforced(protections, place, edits)
        announced = {key for each in ran for key in each.errors}
        for protection in missing:
            if self.options.allow_unprotected and not announced.isdisjoint(KEYS[protection]):
                continue  # the rule says that it is open
            key = protecting_key(protection, place)
            owner = self.owner.get(key)
            result = SERVED if self.options.allow_unprotected else CLOSED
            finding = UNENFORCED(key, protection=PROTECTION_NAMES[protection], result=result)
            self.findings.append(self.placed(place, owner.name if owner else "", finding, index))
        if missing and not self.options.allow_unprotected:
            at = place.server.host, index, place.location.ingress
            self.applied.append(Applied(*at, (unavailable(),), ("",)))

    def clashes(self, edit: Edit) -> bool:
        """Whether a protecting object is lost, as another of its name says something else."""
        if not isinstance(edit, ExtraObject) or not edit.protects:
            return False
        return self.protecting.setdefault(identity(edit.body), edit.body) != edit.body

    def yielded(self, place: Place, rule: Rule, alike: PlacesAlike) -> Yielded:
        """What a rule yields at a place; it is kept for the places that agree on what it read."""
        place.keys, place.reads, place.looked = rule.keys, rule.reads, 0
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
        alike.keep(rule, place, (edits, findings))
        return edits, findings

    def broken(self, place: Place, rule: Rule, error: str) -> Yielded:
        """What stands in for a rule that fails: an error, and 503 where the rule protects."""
        key = next((key for key in rule.keys if key in place.settings), "")
        if not rule.protects or self.options.allow_unprotected:
            return [], [BROKEN_RULE(key, rule=rule.name, error=error)]
        edit = unavailable_host() if rule.at == "server" else unavailable()
        return [edit], [BROKEN_PROTECTION(key, rule=rule.name, error=error)]

    def placed(self, place: Place, rule: str, finding: Finding, index: int) -> PlacedFinding:
        """A finding of a rule with its place. Keeps the fate of the annotation that it is about."""
        setting = place.settings.get(finding.key) or self.config.configured(finding.key)
        if setting:
            self.fates.add(setting.origin, (finding.message.fate, rule, finding.message.code))
        return placed_at(finding, place, setting, of_host=index < 0)

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
            self.places.clear()
            self.ran.clear()
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
        self.places.clear()
        self.ran.clear()
        self.run(self.place(nowhere, location, {}, ports(nowhere, self.config)), "conversion", -1)

    def all(self) -> Translation:
        """Runs the rules everywhere."""
        self.hosts(self.config.servers)
        return self.result()

    def result(self) -> Translation:
        """What the rules make of the whole, when they have run at all hosts."""
        self.once()
        return Translation(tuple(self.applied), tuple(self.findings), self.fates.result())


def again(ran: Ran, place: Place) -> Ran:
    """What ran at a place, said of another one of its host that differs by its location only."""
    here, path = place.location.ingress, place.path
    findings = [
        (finding, placed_again(finding, placed, ran.ingress, here, path))
        for finding, placed in ran.findings
    ]
    return Ran(here, ran.edits, ran.rules, findings, ran.failed, ran.errors)


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
