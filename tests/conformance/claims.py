"""Whether findings claim the aspects that differ where they hold: no more, no fewer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass, field

from nginx2istio.base.outcome import OF_LOCATION, WHO_ANSWERS
from nginx2istio.verify.judged.announce import announcers
from nginx2istio.verify.judged.difference import UNSEEN, Difference
from nginx2istio.verify.judged.exchange import FindingData

Claim = tuple[str, str]  # code, aspect
Data = dict[str, dict[str, dict[str, int]]]  # a part of PARTS -> code -> aspect -> exchanges

PARTS = ("covered", "differing", "missing")

LEAST = 25  # exchanges a claim must cover before it is held against a code that nothing differs

# Aspects whose differences no recorded exchange can show: (code, aspect) -> the reason.
EXCEPTIONS = {
    ("N2I049", "response-headers"): "where headers of refusals differ, it is by EnvoyFilters",
    ("N2I049", "routing"): "no recorded connection is opened for another name of the same host",
    ("N2I152", "rate-limit"): "limits count clients by address; no recorded one is behind a proxy",
    ("N2I209", "cors"): "no recorded client whom an address list denies sends an Origin",
    ("N2I231", "status"): "no recorded authentication service fails where a policy is wider",
    ("N2I247", "access"): "no recorded certificate has a quotation mark in its subject",
    ("N2I301", "cookies"): "no recording compares the date of Expires",
    ("N2I381", "protocol"): "of a 502 in the list; no recorded pod with such a list fails",
    ("N2I381", "rate-limit"): "of a 429 in the list; no recorded case with it reaches a limit",
    ("N2I390", "cors"): "no recorded client who is refused where no backend is sends an Origin",
    ("N2I411", "protocol"): "the recorded pods upgrade whatever Connection says",
    ("N2I531", "timeout"): "no recorded pod pauses within an answer",
    ("N2I532", "timeout"): "no recorded pod stops reading",
    ("N2I468", "cors"): "no recorded client who is denied behind such an answer sends an Origin",
    ("N2I468", "status"): "recorded answers of this kind are redirects and refusals",
    ("N2I558", "protocol"): "no recorded client asks an nginx without HTTP/2 by HTTP/2",
}

_DENIED = "no recorded client whom a list or a service denies asks for such a block"
EXCEPTIONS |= {("N2I496", aspect): _DENIED for aspect in (*WHO_ANSWERS, "cors")}


@dataclass(slots=True)
class Claims:
    """What exchanges say of the aspects of findings, by code and aspect.

    `covered` counts the exchanges that findings which claim the aspect include, `differing` those
    of them that bear it out, and `missing` those that differ silently where the code alone holds.
    """

    covered: Counter[Claim] = field(default_factory=Counter)
    differing: Counter[Claim] = field(default_factory=Counter)
    missing: Counter[Claim] = field(default_factory=Counter)

    def add(
        self, covered: Iterable[tuple[FindingData, str]], differences: Iterable[Difference]
    ) -> None:
        """Counts an exchange for the findings that include it."""
        claiming = [(finding, how) for finding, how in covered if finding.get("aspects")]
        differences = list(differences)
        codes: dict[str, set[str]] = {}
        for finding, _ in claiming:
            codes.setdefault(str(finding.get("code")), set()).update(finding["aspects"])
        for code, aspects in codes.items():
            self.covered.update((code, aspect) for aspect in aspects)
            shown = {aspect for d in differences for aspect in borne_out(d, aspects)}
            self.differing.update((code, aspect) for aspect in shown)
        specific = {str(finding.get("code")) for finding, how in claiming if how == "specific"}
        if len(specific) == 1:
            silent = (d for d in differences if not (d.always or announcers(d, claiming)[0]))
            self.missing.update({(code, d.aspect) for d in silent for code in specific})

    def data(self) -> Data:
        """The same as JSON."""
        return {part: _nested(getattr(self, part)) for part in PARTS}

    @classmethod
    def total(cls, parts: Iterable[Data]) -> Claims:
        """The sum of several, as `data` gave them."""
        self = cls()
        for data in parts:
            for part in PARTS:
                for code, counts in data[part].items():
                    getattr(self, part).update({(code, a): n for a, n in counts.items()})
        return self

    def too_many(self, least: int = LEAST) -> list[tuple[str, str, int]]:
        """Aspects that differ on no exchange that they are claimed for: code, aspect, exchanges.

        That another location takes a request, or that somebody else answers, is one claim about
        many aspects: one of them bears out all.
        """
        return [
            (*claim, count)
            for claim, count in sorted(self.covered.items())
            if count >= least
            and claim[1] not in UNSEEN
            and not any(self.differing[claim[0], aspect] for aspect in self._claimed_with(*claim))
        ]

    def _claimed_with(self, code: str, aspect: str) -> Set[str]:
        """The aspects that are one claim with an aspect of a code."""
        claimed = {other for of, other in self.covered if of == code}
        wholes = (each for each in (OF_LOCATION, WHO_ANSWERS) if aspect in each)
        return next((each for each in wholes if each <= claimed), {aspect})

    def too_few(self) -> list[tuple[str, str, int]]:
        """Aspects that differ silently where one code alone holds: code, aspect, exchanges."""
        return [(*claim, count) for claim, count in sorted(self.missing.items())]

    def unexplained(self) -> list[str]:
        """Aspects too many that no exception explains, a line each."""
        return [
            f"{code} claims {aspect}, which differs on none of {covered} exchanges"
            for code, aspect, covered in self.too_many()
            if (code, aspect) not in EXCEPTIONS
        ]


def borne_out(difference: Difference, aspects: set[str]) -> set[str]:
    """Of the `aspects` of a finding those that a difference shows to be claimed rightly.

    Its own one; where the finding does not name that, any by which it announces the difference.
    """
    if difference.aspect in aspects:
        return {difference.aspect}
    return set(difference.accepts & aspects)


def _nested(counts: Counter[Claim]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (code, aspect), count in sorted(counts.items()):
        nested.setdefault(code, {})[aspect] = count
    return nested
