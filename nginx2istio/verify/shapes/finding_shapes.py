"""What the report announces of a class of paths: which findings, of which of its requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeVar

from nginx2istio.verify.dimensions.samples import spellings
from nginx2istio.verify.judged.announce import names_path
from nginx2istio.verify.judged.declared import path_of
from nginx2istio.verify.judged.exchange import FindingData
from nginx2istio.verify.judged.predicates import predicates, searched
from nginx2istio.verify.sides import Sides

T = TypeVar("T")
_Patterns = tuple[str | None, ...]
_PATHS_KEPT = 4096
"""Of so many targets it is kept which findings for all paths are about them."""


class AskedOfClass(NamedTuple):
    """All that is asked of a class, or of a group of its requests: targets, and sizes of bodies."""

    host: str
    targets: tuple[str, ...]
    sizes: tuple[int, ...]


class FindingShapes:
    """The findings of a report, as far as the verdict about a class of requests depends on them."""

    def __init__(self, sides: Sides):
        self.sides = sides
        self._constants: dict[int, _Constant] = {}
        self._numbers: dict[tuple[object, ...], int] = {}
        self._of_targets: dict[tuple[tuple[str, int], ...], _OfTargets] = {}
        self._host: _OfHost | None = None

    def about(self, place: AskedOfClass, aspects: Set[str]) -> tuple[object, ...]:
        """The findings about some aspects: where they are the same, the same is announced."""
        if self._host is None or self._host.name != place.host:
            self._host = self._of_host(place.host)
        return self._host.about(place, frozenset(aspects))

    def of_targets(self, findings: Sequence[tuple[str, _Constant]]) -> _OfTargets:
        """What is shared by all hosts about which there are the same findings of targets."""
        key = tuple((way, constant.number) for way, constant in findings)
        return self._of_targets.setdefault(key, _OfTargets(findings))

    def _of_host(self, host: str) -> _OfHost:
        result = _OfHost(self, host)
        for finding, way in self.sides.findings_about(host):
            result.add(finding, way, self._of(finding))
        return result

    def _of(self, finding: FindingData) -> _Constant:
        """What is the same of a finding for all hosts and paths."""
        known = self._constants.get(id(finding))
        if known is None:
            known = self._constants[id(finding)] = self._constant(finding)
        return known

    def _constant(self, finding: FindingData) -> _Constant:
        given = predicates(finding)
        requests = [
            sorted((key, repr(value)) for key, value in each.items() if key not in _OF_PLACES)
            + ["body_over"] * ("body_over" in each)
            for each in given
        ]
        hosts, targets, limits = (tuple(each.get(key) for each in given) for key in _OF_PLACES)
        aspects = frozenset(finding.get("aspects") or ())
        text = finding["code"], repr(sorted(aspects)), repr(requests)
        paths = finding.get("paths") or ("*",)
        number = self._numbers.setdefault(text, len(self._numbers))
        return _Constant(number, aspects, "*" not in paths, hosts, targets, limits)


_OF_PLACES = ("host", "target", "body_over")


class _Constant:
    """What is the same of a finding for all hosts and paths.

    ``number`` is that of its code, its aspects and its predicates but for what these say of
    ``hosts``, ``targets`` and sizes of bodies (``limits``); each has one for each predicate, and
    none if no predicate says anything of it. ``of_paths`` is whether the finding names any.
    """

    __slots__ = ("aspects", "hosts", "limits", "number", "of_paths", "targets")

    def __init__(
        self,
        number: int,
        aspects: frozenset[str],
        of_paths: bool,
        hosts: _Patterns,
        targets: _Patterns,
        limits: tuple[int | None, ...],
    ):
        self.number, self.aspects, self.of_paths = number, aspects, of_paths
        self.hosts, self.targets = _unless_empty(hosts), _unless_empty(targets)
        self.limits = _unless_empty(limits)


def _unless_empty(values: tuple[T | None, ...]) -> tuple[T | None, ...]:
    return values if any(each is not None for each in values) else ()


class _OfTargets:
    """Findings that look at nothing but targets, and what they are about by targets."""

    def __init__(self, findings: Sequence[tuple[str, _Constant]]):
        self._findings = findings
        self._known: dict[tuple[str, ...], Sequence[object]] = {}

    def about(self, targets: tuple[str, ...]) -> Sequence[object]:
        """Those about some of the targets, each with what it is about."""
        known = self._known.get(targets)
        if known is None:
            if len(self._known) >= _PATHS_KEPT:
                self._known.clear()
            paths = tuple(map(path_of, targets))
            known = self._known[targets] = [
                (way, constant.number, places)
                for way, constant in self._findings
                if (places := _places(constant.targets, paths)) is not None
            ]
        return known


class _OfHost:
    """The findings about a host: those about all of it, those of targets, and all others."""

    def __init__(self, findings: FindingShapes, name: str):
        self.findings, self.name = findings, name
        self._everywhere: list[tuple[_Constant, object]] = []
        self._of_targets: list[tuple[str, _Constant]] = []
        self._others: list[_Other] = []
        self._by_aspects: dict[frozenset[str], _OfAspects] = {}

    def add(self, finding: FindingData, way: str, constant: _Constant) -> None:
        """Adds a finding, unless it is about another name."""
        names = _places(constant.hosts, spellings(self.name)) if constant.hosts else ()
        if names is None:
            return
        if constant.of_paths or constant.limits or (names and constant.targets):
            self._others.append((finding, way, constant, names))
        elif constant.targets:
            self._of_targets.append((way, constant))
        else:
            self._everywhere.append((constant, (way, constant.number, names)))

    def about(self, place: AskedOfClass, aspects: frozenset[str]) -> tuple[object, ...]:
        """The findings about some of what is asked, with some of the aspects."""
        some = self._by_aspects.get(aspects)
        if some is None:
            some = self._by_aspects[aspects] = self._with(aspects)
        known = some.known.get(place)
        if known is None:
            of_targets = some.of_targets.about(place.targets)
            others = self._of_others(some.others, place)
            known = some.known[place] = some.everywhere, (*of_targets, *others)
        return known

    def _with(self, aspects: frozenset[str]) -> _OfAspects:
        def some(constant: _Constant) -> bool:
            return not aspects.isdisjoint(constant.aspects)

        return _OfAspects(
            tuple(each for constant, each in self._everywhere if some(constant)),
            self.findings.of_targets([each for each in self._of_targets if some(each[1])]),
            [each for each in self._others if some(each[2])],
            {},
        )

    def _of_others(self, findings: Sequence[_Other], place: AskedOfClass) -> Iterator[object]:
        declared, asked = self.findings.sides.declared, place.targets
        for finding, way, constant, names in findings:
            all_of_it: object = True
            if constant.of_paths:
                covered = [names_path(declared, finding, self.name, each) for each in asked]
                if not any(covered):
                    continue
                all_of_it = all(covered) or tuple(covered)
            places = _places(constant.targets, [*map(path_of, asked)]) if constant.targets else ()
            if places is None or not _same_predicate(names, places):
                continue
            above = tuple(_above(limit, place.sizes) for limit in constant.limits)
            yield way, constant.number, all_of_it, names, places, above


_Fitting = tuple[tuple[bool, ...], ...]
"""Of each text, for each predicate, whether it may hold there; none if no predicate asks."""
_Other = tuple[FindingData, str, _Constant, _Fitting]
"""A finding with how it includes the host, and of which of its names it may be."""


@dataclass(frozen=True, slots=True)
class _OfAspects:
    """The findings about a host with some aspects: about all of it, of targets, and others."""

    everywhere: Sequence[object]
    of_targets: _OfTargets
    others: Sequence[_Other]
    known: dict[AskedOfClass, tuple[object, ...]]


def _places(patterns: _Patterns, texts: Sequence[str]) -> _Fitting | None:
    """For each text which predicates may hold there; None where none can.

    Such a finding announces nothing.
    """
    fitting = [_fitting(patterns, text) for text in texts]
    return tuple(fitting) if any(map(any, fitting)) else None


def _same_predicate(names: _Fitting, places: _Fitting) -> bool:
    """Whether some predicate may hold both at a name and at a place."""
    if not (names and places):
        return True
    at_name, at_place = (map(any, zip(*each, strict=True)) for each in (names, places))
    return any(map(all, zip(at_name, at_place, strict=True)))


@lru_cache(maxsize=1 << 14)
def _fitting(patterns: _Patterns, text: str) -> tuple[bool, ...]:
    """Which patterns are found in a text; True for none."""
    return tuple(pattern is None or searched(pattern, text) for pattern in patterns)


def _above(limit: int | None, sizes: Sequence[int]) -> tuple[bool, ...]:
    """Which sizes are above a limit of a predicate; none where it names no limit."""
    return () if limit is None else tuple(size > limit for size in sizes)
