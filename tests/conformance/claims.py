"""Whether findings claim the aspects that differ where they hold: no more, no fewer."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping
from typing import Any

from .announce import Finding, announcers
from .difference import UNSEEN, Difference
from .predicates import predicates

LEAST = 25  # exchanges a code must cover before an aspect that never differs is held against it

# By code: exchanges covered, those in which each claimed aspect is seen, and those in which an
# aspect is missing.
Counts = dict[str, dict[str, Any]]

# Aspects that differ in ways no recorded exchange shows: (code, aspect) -> the reason.
EXCEPTIONS: dict[tuple[str, str], str] = {}


class Claims:
    """What the exchanges of a case say of its findings' aspects, by code."""

    def __init__(self) -> None:
        self._covered: collections.Counter[str] = collections.Counter()
        self._seen: dict[str, collections.Counter[str]] = {}
        self._missing: dict[str, collections.Counter[str]] = {}

    def add(
        self, covered: Iterable[tuple[Finding, str]], differences: Iterable[Difference]
    ) -> None:
        """Counts an exchange for the findings that include it."""
        claiming = [(finding, how) for finding, how in covered if finding.get("aspects")]
        differences = list(differences)
        codes: dict[str, set[str]] = {}
        for finding, _ in claiming:
            codes.setdefault(str(finding.get("code")), set()).update(finding["aspects"])
        for code, aspects in codes.items():
            self._covered[code] += 1
            counts = self._seen.setdefault(code, collections.Counter())
            counts.update(dict.fromkeys(aspects, 0))
            counts.update({a for d in differences for a in borne_out(d, aspects)})
        alone = {str(finding.get("code")) for finding, how in claiming if how == "specific"}
        if len(alone) == 1:
            counts = self._missing.setdefault(alone.pop(), collections.Counter())
            counts.update({d.aspect for d in differences if _unclaimed(d, claiming)})

    def data(self) -> Counts:
        """The counts, as JSON has them."""
        return {
            code: {
                "covered": self._covered[code],
                "seen": dict(sorted(self._seen[code].items())),
                "missing": dict(sorted(self._missing.get(code, {}).items())),
            }
            for code in sorted(self._covered)
        }


def _unclaimed(difference: Difference, covered: list[tuple[Finding, str]]) -> bool:
    """Whether at most a sentence about everything announces a difference."""
    way, by = announcers(difference, covered)
    return not difference.always and way != "specific" and not any(map(predicates, by))


def borne_out(difference: Difference, aspects: set[str]) -> set[str]:
    """Of the `aspects` of a finding those that a difference shows to be claimed rightly.

    Its own one; where the finding does not name that, any by which it announces the difference.
    """
    if difference.aspect in aspects:
        return {difference.aspect}
    return set(difference.accepts & aspects)


def total(cases: Iterable[Mapping[str, Any]]) -> Counts:
    """The counts of all cases' results."""
    counts: Counts = {}
    for case in cases:
        for code, given in (case.get("claims") or {}).items():
            row = counts.setdefault(code, {"covered": 0, "seen": {}, "missing": {}})
            row["covered"] += given["covered"]
            for part in ("seen", "missing"):
                for aspect, count in given[part].items():
                    row[part][aspect] = row[part].get(aspect, 0) + count
    return dict(sorted(counts.items()))


def too_many(counts: Counts, least: int = LEAST) -> list[tuple[str, str, int]]:
    """Aspects that differ on no exchange that their code covers: code, aspect, exchanges."""
    return [
        (code, aspect, row["covered"])
        for code, row in counts.items()
        if row["covered"] >= least
        for aspect, count in row["seen"].items()
        if not count and aspect not in UNSEEN
    ]


def too_few(counts: Counts) -> list[tuple[str, str, int]]:
    """Aspects that differ where one code alone holds that does not claim them, with how often.

    At most a sentence for all hosts and all requests announces them.
    """
    return [
        (code, aspect, count)
        for code, row in counts.items()
        for aspect, count in row["missing"].items()
    ]


def unexplained(counts: Counts) -> list[str]:
    """Aspects too many that no exception explains, a line each."""
    return [
        f"{code} claims {aspect}, which differs on none of the {covered} exchanges that it covers"
        for code, aspect, covered in too_many(counts)
        if (code, aspect) not in EXCEPTIONS
    ]
