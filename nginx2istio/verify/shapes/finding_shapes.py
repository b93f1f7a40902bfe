"""What the report announces of a class of paths: which findings, of which of its requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property, lru_cache

from nginx2istio.verify.dimensions.samples import spellings
from nginx2istio.verify.judged.announce import names_path
from nginx2istio.verify.judged.declared import Declared, path_of
from nginx2istio.verify.judged.exchange import FindingData
from nginx2istio.verify.judged.predicates import predicates, searched
from nginx2istio.verify.sides import Sides


class FindingShapes:
    """The findings of a report, as far as the verdict about a class of requests depends on them."""

    def __init__(self, sides: Sides):
        self.sides = sides
        self._constants: dict[int, _Constant] = {}
        self._numbers: dict[tuple[object, ...], int] = {}
        self._host: _OfHost | None = None

    def about(self, host: str, targets: Sequence[str], aspects: Set[str]) -> tuple[object, ...]:
        """The findings about some of the aspects: where they are the same, the same is announced.

        ``targets`` are all that is asked of the class.
        """
        if self._host is None or self._host.name != host:
            self._host = self._of_host(host)
        return self._host.everywhere(frozenset(aspects)), self._host.at((*targets,), aspects)

    def _of_host(self, host: str) -> _OfHost:
        everywhere: list[tuple[str, _Constant]] = []
        elsewhere: list[tuple[FindingData, str, _Constant]] = []
        for finding, way in self.sides.findings_about(host):
            constant = self._of(finding)
            if constant.somewhere:
                elsewhere.append((finding, way, constant))
            else:
                everywhere.append((way, constant))
        return _OfHost(self.sides.declared, host, everywhere, elsewhere)

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
            for each in given
        ]
        aspects = frozenset(finding.get("aspects") or ())
        text = finding["code"], repr(sorted(aspects)), repr(requests)
        paths = finding.get("paths") or ("*",)
        return _Constant(
            self._numbers.setdefault(text, len(self._numbers)),
            aspects,
            "*" not in paths,
            (
                tuple(each.get("host") for each in given),
                tuple(each.get("target") for each in given),
            ),
        )


@dataclass(frozen=True)
class _Constant:
    """What is the same of a finding for all hosts and paths.

    ``number`` is that of its code, its aspects and its predicates but for their ``patterns``
    of the host and of the target, two of each; ``of_paths`` is whether it names any.
    """

    number: int
    aspects: frozenset[str]
    of_paths: bool
    patterns: tuple[tuple[str | None, ...], tuple[str | None, ...]]

    @cached_property
    def somewhere(self) -> bool:
        """Whether it is about some names of hosts or some paths only."""
        return self.of_paths or any(each is not None for both in self.patterns for each in both)

    @cached_property
    def of_names(self) -> bool:
        """Whether it looks at the host's name."""
        return any(each is not None for each in self.patterns[0])


_OF_PLACES = ("host", "target")


class _OfHost:
    """The findings about a host: those about all of it, and those that look at paths or names."""

    def __init__(
        self,
        declared: Declared,
        name: str,
        everywhere: Sequence[tuple[str, _Constant]],
        elsewhere: Sequence[tuple[FindingData, str, _Constant]],
    ):
        self.declared, self.name = declared, name
        self._everywhere, self._elsewhere = everywhere, elsewhere
        self._by_aspects: dict[frozenset[str], tuple[object, ...]] = {}
        self._by_targets: dict[tuple[str, ...], Sequence[tuple[_Constant, object]]] = {}

    def everywhere(self, aspects: frozenset[str]) -> tuple[object, ...]:
        """The findings about all paths with some of the aspects."""
        known = self._by_aspects.get(aspects)
        if known is None:
            known = self._by_aspects[aspects] = tuple(
                (way, constant.number)
                for way, constant in self._everywhere
                if not aspects.isdisjoint(constant.aspects)
            )
        return known

    def at(self, targets: tuple[str, ...], aspects: Set[str]) -> tuple[object, ...]:
        """The findings about some of the targets with some of the aspects."""
        known = self._by_targets.get(targets)
        if known is None:
            known = self._by_targets[targets] = [*self._about(targets)]
        return tuple(each for constant, each in known if not aspects.isdisjoint(constant.aspects))

    def _about(self, targets: tuple[str, ...]) -> Iterator[tuple[_Constant, object]]:
        paths = tuple(map(path_of, targets))
        for finding, way, constant in self._elsewhere:
            all_of_it: object = True
            if constant.of_paths:
                covered = [names_path(self.declared, finding, self.name, each) for each in targets]
                if not any(covered):
                    continue
                all_of_it = all(covered) or tuple(covered)
            name = self.name if constant.of_names else ""
            places = _places(constant.patterns, name, paths)
            if places is not None:
                yield constant, (way, constant.number, all_of_it, places)


@lru_cache(maxsize=1 << 14)
def _places(
    patterns: tuple[tuple[str | None, ...], tuple[str | None, ...]],
    host: str,
    paths: tuple[str, ...],
) -> Sequence[object] | None:
    """For each spelling of the host, and for each path, which predicates may hold there.

    None where none can hold: such a finding announces nothing.
    """
    of_host, of_path = patterns
    if not of_host:
        return ()
    hosts = [_found(of_host, each) for each in spellings(host)]
    places = [_found(of_path, each) for each in paths]
    either = zip(
        map(any, zip(*hosts, strict=True)), map(any, zip(*places, strict=True)), strict=True
    )
    if not any(all(each) for each in either):
        return None
    return (*hosts,), (*places,)


@lru_cache(maxsize=1 << 14)
def _found(patterns: tuple[str | None, ...], text: str) -> tuple[bool, ...]:
    """Which patterns are found in a text; True for none."""
    return tuple(pattern is None or searched(pattern, text) for pattern in patterns)
