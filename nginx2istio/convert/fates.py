"""What became of each annotation: the engine's own check that none is forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nginx2istio.findings.configuration import NO_FATE
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.nginx.build.ingresses import Ingress
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.keys.other_programs import other_program
from nginx2istio.nginx.model import Origin, Settings
from nginx2istio.rule import Fate, Rule

AnnotationFate = tuple[Fate, str, str]
"""What became of an annotation, the rule that answers for it, the code of the message that says so.

The rule and the code are "" where there is none.
"""
AnnotationPlace = tuple[str, str]
"""An Ingress, and the full name of an annotation; "" for the Ingress as a whole."""
RANK: Mapping[Fate, int] = {
    "translated": 0,
    "neutral": 0,
    "ineffective": 0,
    "approximated": 1,
    "unsupported": 2,
}


FateParts = tuple[dict[Origin, AnnotationFate], dict[Origin, AnnotationFate], set[Origin]]
"""The fates, what is idle, and what rules yield edits of."""


class FatesByRules:
    """The fates of annotations in force, while the rules run: the worst that is said anywhere.

    It is "translated" where nothing is said. Where all that is said is that nothing happens, and no
    rule that reads the annotation yields an edit, it is that.
    """

    def __init__(self) -> None:
        self._fates: dict[Origin, AnnotationFate] = {}
        self._idle: dict[Origin, AnnotationFate] = {}
        self._edited: set[Origin] = set()
        self._seen: set[tuple[int, str]] = set()

    def in_force(self, origin: Origin, rule: str) -> None:
        """Notes that a rule answers for an annotation."""
        self._fates.setdefault(origin, ("translated", rule, ""))

    def edited(self, settings: Settings, rule: Rule) -> None:
        """Notes that a rule yields edits where these settings are in force."""
        place = id(settings), rule.name
        if settings and place not in self._seen:
            self._seen.add(place)
            for setting in settings.values():
                if setting.key in rule.keys or setting.key in rule.reads:
                    self._edited.add(setting.origin)

    def add(self, origin: Origin, fate: AnnotationFate) -> None:
        """Notes what a finding says of an annotation."""
        known = self._fates.get(origin)
        if known is None or RANK[fate[0]] > RANK[known[0]]:
            self._fates[origin] = fate
        elif fate[0] in ("neutral", "ineffective"):
            self._idle.setdefault(origin, fate)

    def parts(self) -> FateParts:
        """What another process needs of them: see ``take``."""
        return self._fates, self._idle, self._edited

    def take(self, parts: FateParts) -> None:
        """Adds those of the next hosts, whose rules ran elsewhere."""
        fates, idle, edited = parts
        for origin, fate in fates.items():
            self.add(origin, fate)
        for origin, fate in idle.items():
            self._idle.setdefault(origin, fate)
        self._edited |= edited

    def result(self) -> dict[Origin, AnnotationFate]:
        """All of them."""
        for origin, fate in self._idle.items():
            if not self._fates[origin][2] and origin not in self._edited:
                self._fates[origin] = fate
        return self._fates


def annotation_fates(
    ingresses: Iterable[Ingress],
    config: NginxConfig,
    by_rules: Mapping[Origin, AnnotationFate],
    findings: Iterable[PlacedFinding],
) -> dict[Origin, AnnotationFate]:
    """The fate of each annotation of each Ingress that was read, by its origin.

    ``by_rules`` are those that the rules answer for. No fate is better than what any finding says
    of the annotation. An annotation of which nothing is said has none; see ``without_fate``.
    """
    fates = {(origin.object, origin.field): fate for origin, fate in by_rules.items()}
    for finding in findings:
        if finding.origin.kind == "Ingress":
            place = finding.origin.object, finding.origin.field
            fates[place] = _worse(fates.get(place), finding)
    prefix = config.controller.annotations_prefix
    passed_over = {x.origin.object for x in config.unclaimed}
    passed_over |= {x.origin.object for x in config.not_loaded}
    return {
        ingress.at(name): fate
        for ingress in ingresses
        for name, fate in _of_ingress(ingress, fates, prefix, ingress.key in passed_over)
    }


def _worse(known: AnnotationFate | None, finding: PlacedFinding) -> AnnotationFate:
    fate, code = finding.message.fate, finding.message.code
    if known is None:
        return fate, "", code
    if RANK[fate] > RANK[known[0]]:
        return fate, known[1], code
    return known


def _of_ingress(
    ingress: Ingress,
    fates: Mapping[AnnotationPlace, AnnotationFate],
    prefix: str,
    passed_over: bool,
) -> Iterator[tuple[str, AnnotationFate]]:
    """The annotations of an Ingress that have a fate.

    Those of an Ingress that is not converted share its fate. A finding about an annotation of
    another program holds for all of this program.
    """
    whole = fates.get((ingress.key, "")) if passed_over else None
    programs = {}
    for name in sorted(ingress.annotations):
        if not name.startswith(f"{prefix}/") and (ingress.key, name) in fates:
            programs[other_program(name, prefix)] = fates[ingress.key, name]
    for name in ingress.annotations:
        fate = fates.get((ingress.key, name), whole)
        if fate is None and not name.startswith(f"{prefix}/"):
            program = other_program(name, prefix)
            fate = programs.get(program) if program else None
            fate = fate or ("neutral", "", "")
        if fate:
            yield name, fate


def without_fate(
    ingresses: Iterable[Ingress], fates: Mapping[Origin, AnnotationFate]
) -> Iterator[PlacedFinding]:
    """An error for each annotation of which nothing is said.

    It can't happen with the built-in rules; it is how a mistake in a rule or a table shows.
    """
    for ingress in ingresses:
        for name, value in sorted(ingress.annotations.items()):
            origin = ingress.at(name)
            if origin not in fates:
                yield placed(NO_FATE, origin, ingress.hosts, "*", origin.written, value)
