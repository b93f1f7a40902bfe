"""What the report announces of a class of paths: which findings, of which of its requests."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from functools import lru_cache

from nginx2istio.verify.dimensions.samples import spellings
from nginx2istio.verify.judged.announce import names_path
from nginx2istio.verify.judged.declared import path_of
from nginx2istio.verify.judged.exchange import FindingData
from nginx2istio.verify.judged.predicates import predicates
from nginx2istio.verify.sides import Sides


class FindingShapes:
    """The findings of a report, as far as the verdict about a class of requests depends on them."""

    def __init__(self, sides: Sides):
        self.sides = sides
        self._constant: dict[int, object] = {}

    def about(self, host: str, targets: Sequence[str], aspects: Set[str]) -> tuple[object, ...]:
        """The findings about some of the aspects: where they are the same, the same is announced.

        ``targets`` are all that is asked of the class.
        """
        declared = self.sides.declared
        findings = []
        for finding, way in self.sides.findings_about(host):
            if aspects.isdisjoint(finding.get("aspects") or ()):
                continue
            covered = [names_path(declared, finding, host, target) for target in targets]
            if any(covered):
                all_of_it = all(covered) or tuple(covered)
                places = tuple(_places(finding, host, targets))
                findings.append((way, self._of(finding), all_of_it, places))
        return tuple(findings)

    def _of(self, finding: FindingData) -> object:
        """What is the same of a finding for all hosts and paths."""
        known = self._constant.get(id(finding))
        if known is None:
            requests = [
                sorted((key, repr(value)) for key, value in each.items() if key not in _OF_PLACES)
                for each in predicates(finding)
            ]
            known = finding["code"], repr(sorted(finding.get("aspects") or ())), repr(requests)
            self._constant[id(finding)] = known
        return known


_OF_PLACES = ("host", "target")


def _places(finding: FindingData, host: str, targets: Sequence[str]) -> Sequence[object]:
    """Which of the hosts and paths the expressions of a finding's predicates are about."""
    if not finding.get("requests"):
        return ()
    return [
        (
            "host" in each and tuple(_searched(each["host"], name) for name in spellings(host)),
            "target" in each
            and tuple(_searched(each["target"], path_of(target)) for target in targets),
        )
        for each in predicates(finding)
    ]


@lru_cache(maxsize=1 << 14)
def _searched(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None
