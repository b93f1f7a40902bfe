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
            tuple((each.get("host"), each.get("target")) for each in given),
        )


@dataclass(frozen=True)
class _Constant:
    """What is the same of a finding for all hosts and paths.

    ``number`` is that of its code, its aspects and its predicates but for their ``expressions``,
    which are about the host and the target; ``of_paths`` is whether it names any.
    """

    number: int
    aspects: frozenset[str]
    of_paths: bool
    expressions: tuple[tuple[str | None, str | None], ...]

    @cached_property
    def somewhere(self) -> bool:
        """Whether it is about some names of hosts or some paths only."""
        return self.of_paths or any(each != (None, None) for each in self.expressions)

    @cached_property
    def of_names(self) -> bool:
        """Whether it looks at the host's name."""
        return any(host is not None for host, _ in self.expressions)


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
            places = _places(constant.expressions, name, paths)
            if places is not None:
                yield constant, (way, constant.number, all_of_it, places)


@lru_cache(maxsize=1 << 14)
def _places(
    expressions: tuple[tuple[str | None, str | None], ...], host: str, paths: tuple[str, ...]
) -> Sequence[object] | None:
    """On which spellings of the host and on which paths each predicate of a finding may hold.

    None where none can hold: such a finding announces nothing.
    """
    asked = spellings(host)
    places = [
        (_holding(of_host, asked), _holding(of_path, paths)) for of_host, of_path in expressions
    ]
    return (*places,) if not places or any(None not in each for each in places) else None


def _holding(pattern: str | None, texts: tuple[str, ...]) -> tuple[bool, ...] | None:
    """Empty for no pattern, None where it never holds."""
    if pattern is None:
        return ()
    holding = tuple(searched(pattern, text) for text in texts)
    return holding if any(holding) else None
