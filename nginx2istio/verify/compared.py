"""Requests on both sides: both outcomes, what differs, which findings announce it; and a count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields

from nginx2istio.base.outcome import (
    EVERYTHING_READY,
    WHO_ANSWERS,
    Aspect,
    Outcome,
    Request,
    World,
)
from nginx2istio.base.records import record
from nginx2istio.istio.serve import NOT_FOLLOWED, serve_as_istio
from nginx2istio.nginx.serve import serve_as_nginx
from nginx2istio.verify.judged.announce import announcers
from nginx2istio.verify.judged.compare import compare
from nginx2istio.verify.judged.difference import Difference, difference
from nginx2istio.verify.judged.exchange import FindingData
from nginx2istio.verify.record import exchange_record, request_record
from nginx2istio.verify.sides import Sides


@record(frozen=True, slots=True)
class Compared:
    """Both outcomes, and each difference with the findings that announce it, none if silent.

    What differs in an aspect of which one side can't be told is no difference. ``unforeseen`` is
    what objects that are not the conversion's own do otherwise than those and than nginx: no
    finding is about it.
    """

    request: Request
    nginx: Outcome
    istio: Outcome
    differences: tuple[tuple[Difference, tuple[FindingData, ...]], ...]
    unforeseen: tuple[Difference, ...] = ()

    @property
    def all_differences(self) -> tuple[tuple[Difference, tuple[FindingData, ...]], ...]:
        """What is unforeseen, which nothing announces, and then the differences."""
        return (*((each, ()) for each in self.unforeseen), *self.differences)

    @property
    def unannounced(self) -> tuple[Difference, ...]:
        """The differences that nothing announces."""
        return tuple(difference for difference, findings in self.all_differences if not findings)

    @property
    def unknown(self) -> frozenset[Aspect]:
        """The aspects of which one side can't be told."""
        return self.nginx.unknown | self.istio.unknown

    @property
    def counted(self) -> tuple[tuple[Difference, tuple[FindingData, ...]], ...]:
        """The differences; none if it can't be told who answers, and that is one of them."""
        untold = not WHO_ANSWERS.isdisjoint(self.unknown)
        if untold and any(difference.what == "answer" for difference, _ in self.differences):
            return ()
        return self.differences


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A request that is answered differently without a word in the report."""

    request: Request
    difference: Difference
    nginx: Outcome
    istio: Outcome


@dataclass(slots=True)
class Proof:
    """What was compared, counted in classes of requests.

    In ``proved_hosts`` nothing differs unannounced. ``alike`` in all aspects; ``silent`` differ
    unannounced (``unannounced`` has each difference); ``announced`` by code. ``partly`` have an
    unknown aspect and differ in no other; ``unknown`` counts by aspect, ``unfollowed`` by the
    EnvoyFilters of others that make all aspects unknown.
    ``by_pairs`` counts paths at which not all combinations of values were tried, ``skipped`` are
    patterns that are no regular expressions.
    """

    classes: int = 0
    silent: int = 0
    hosts: int = 0
    proved_hosts: int = 0
    alike: int = 0
    announced: Counter[str] = field(default_factory=Counter)
    unannounced: list[Counterexample] = field(default_factory=list)
    partly: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    unfollowed: Counter[str] = field(default_factory=Counter)
    by_pairs: int = 0
    skipped: list[str] = field(default_factory=list)

    def count_codes(self, findings: Iterable[FindingData]) -> None:
        """Counts the findings that announce a difference, once a code."""
        self.announced.update({str(finding["code"]) for finding in findings})

    def add(self, part: Proof, times: int = 1) -> None:
        """Adds the proof of others, of so many that are alike."""
        for each in fields(part):
            mine, more = getattr(self, each.name), getattr(part, each.name)
            if isinstance(mine, Counter):
                mine.update({key: count * times for key, count in more.items()})
            elif isinstance(mine, list):
                mine.extend(more * times)
            else:
                setattr(self, each.name, mine + more * times)


def count(proof: Proof, both: Compared) -> None:
    """One class: what differs, and who announces it."""
    proof.classes += 1
    request = both.request
    unfollowed = [step.by for step in both.istio.trace if step.phase == NOT_FOLLOWED]
    proof.unfollowed.update(unfollowed)
    proof.unknown.update(both.nginx.unknown if unfollowed else both.unknown)
    silent = len(proof.unannounced)
    for new in both.unforeseen:
        proof.unannounced.append(Counterexample(request, new, both.nginx, both.istio))
    differences = both.counted
    if not (differences or both.unforeseen):
        proof.alike += not both.unknown
        proof.partly += bool(both.unknown)
    for each, findings in differences:
        if findings:
            proof.count_codes(findings)
        else:
            counterexample = Counterexample(request, each, both.nginx, both.istio)
            proof.unannounced.append(counterexample)
    proof.silent += len(proof.unannounced) > silent


def compared(sides: Sides, request: Request, world: World = EVERYTHING_READY) -> Compared:
    """What both sides do with a request."""
    nginx = serve_as_nginx(sides.config, request, world)
    arriving = sides.at_gateway(request, nginx)
    istio = serve_as_istio(sides.gateway, arriving, world)
    differences = list(_differences(sides, request, nginx, istio))
    unforeseen: tuple[Difference, ...] = ()
    if sides.converted is not None:
        converted = serve_as_istio(sides.converted, arriving, world)
        new = _new(differences, list(_differences(sides, request, nginx, converted)))
        changed = list(_differences(sides, request, converted, istio))
        untold = istio.unknown | converted.unknown
        others = _unforeseen(new, changed, nginx, converted, istio)
        unforeseen = tuple(d for d in others if d.aspect not in untold)
    unknown = nginx.unknown | istio.unknown
    known = [d for d in differences if d.aspect not in unknown and d not in unforeseen]
    if not known:
        return Compared(request, nginx, istio, (), unforeseen)
    return Compared(request, nginx, istio, with_announcers(sides, request, known), unforeseen)


def with_announcers(
    sides: Sides, request: Request, differences: Sequence[Difference]
) -> tuple[tuple[Difference, tuple[FindingData, ...]], ...]:
    """Differences of a request, each with the findings that announce it."""
    accepted = frozenset[str]().union(*(d.accepts for d in differences))
    covered = sides.covering(request_record(request), accepted)
    return tuple((d, tuple(announcers(d, covered)[1])) for d in differences)


def _new(differences: list[Difference], earlier: list[Difference]) -> list[Difference]:
    """Those that are not among the earlier ones, or with another value."""
    keys = {(d.aspect, d.what, str(d.got)) for d in earlier}
    return [d for d in differences if (d.aspect, d.what, str(d.got)) not in keys]


def _unforeseen(
    new: list[Difference],
    changed: list[Difference],
    nginx: Outcome,
    converted: Outcome,
    istio: Outcome,
) -> Iterator[Difference]:
    """What judged objects do neither as nginx nor as the conversion's own, in any aspect.

    ``new`` is how they differ from nginx besides what those do, ``changed`` how from those. Where
    nginx can't be told, the conversion's own objects are what there is to go by.
    """
    if not changed:
        yield from _of_settings(converted, istio)
    elif new:
        yield from new
    else:
        yield from (d for d in changed if d.aspect in nginx.unknown)


SETTINGS = "settings that convert writes"


def _differences(
    sides: Sides, request: Request, left: Outcome, right: Outcome
) -> Iterator[Difference]:
    records = exchange_record(request, left), exchange_record(request, right)
    up, got = (record["upstream"] for record in records)
    if up and got and max(len(left.backends), len(right.backends)) > 1:
        # Chance decides between them: the shares are compared, not one outcome of it.
        got["service"] = up["service"]
        if left.backends != right.backends:
            a, b = _shares(left), _shares(right)
            yield difference("routing", "shares", a, b, "balancing")
    yield from compare(*records, sides.declared.keys_for(request.host, request.target))


def _shares(outcome: Outcome) -> dict[str, str]:
    return {name: str(share) for name, share in sorted(outcome.backends.items())}


def _of_settings(converted: Outcome, istio: Outcome) -> Iterator[Difference]:
    """Settings of which no answer tells, against those of the conversion's own objects."""
    for aspect in sorted({*converted.settings, *istio.settings}):
        a, b = converted.settings.get(aspect), istio.settings.get(aspect)
        if a != b:
            yield difference(aspect, SETTINGS, a, b)
