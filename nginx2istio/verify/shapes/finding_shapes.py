"""What the report announces of a class of paths: which findings, of which of its requests."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from nginx2istio.verify.dimensions.samples import spellings
from nginx2istio.verify.judged.announce import names_path
from nginx2istio.verify.judged.declared import path_of
from nginx2istio.verify.judged.exchange import FindingData
from nginx2istio.verify.judged.predicates import pattern_of, predicates
from nginx2istio.verify.sides import Sides


class FindingShapes:
    """The findings of a report, as far as the verdict about a class of requests depends on them."""

    def __init__(self, sides: Sides):
        self.sides = sides
        self._constants: dict[int, _Constant] = {}
        self._numbers: dict[tuple[object, ...], int] = {}

    def about(self, host: str, targets: Sequence[str], aspects: Set[str]) -> tuple[object, ...]:
        """The findings about some of the aspects: where they are the same, the same is announced.

        ``targets`` are all that is asked of the class.
        """
        declared = self.sides.declared
        findings = []
        for finding, way in self.sides.findings_about(host):
            constant = self._of(finding)
            if aspects.isdisjoint(constant.aspects):
                continue
            all_of_it: object = True
            if constant.of_paths:
                covered = [names_path(declared, finding, host, target) for target in targets]
                if not any(covered):
                    continue
                all_of_it = all(covered) or tuple(covered)
            places = tuple(_places(each, host, targets) for each in constant.expressions)
            # A finding of which no predicate can hold announces nothing.
            if not places or any(None not in each for each in places):
                findings.append((way, constant.number, all_of_it, places))
        return tuple(findings)

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


@dataclass(frozen=True, slots=True)
class _Constant:
    """What is the same of a finding for all hosts and paths.

    ``number`` is that of its code, its aspects and its predicates but for their ``expressions``,
    which are about the host and the target; ``of_paths`` is whether it names any.
    """

    number: int
    aspects: frozenset[str]
    of_paths: bool
    expressions: tuple[tuple[str | None, str | None], ...]


_OF_PLACES = ("host", "target")


def _places(
    expressions: tuple[str | None, str | None], host: str, targets: Sequence[str]
) -> Sequence[tuple[bool, ...] | None]:
    """On which spellings of the host and on which targets a predicate may hold.

    Empty for what it does not look at, None where it never holds.
    """
    of_host, of_target = expressions
    asked = spellings(host) if of_host is not None else ()
    paths = [path_of(target) for target in targets] if of_target is not None else []
    return _holding(of_host, asked), _holding(of_target, paths)


def _holding(pattern: str | None, texts: Sequence[str]) -> tuple[bool, ...] | None:
    if pattern is None:
        return ()
    holding = tuple(_searched(pattern, text) for text in texts)
    return holding if any(holding) else None


@lru_cache(maxsize=1 << 14)
def _searched(pattern: str, text: str) -> bool:
    return pattern_of(pattern).search(text) is not None
