"""One request on both sides: both outcomes, what differs, and which findings announce it."""

from __future__ import annotations

from collections.abc import Iterator

from nginx2istio.base.outcome import EVERYTHING_READY, Aspect, Outcome, Request, World
from nginx2istio.base.records import record
from nginx2istio.istio.serve import serve_as_istio
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
    accepted = frozenset[str]().union(*(d.accepts for d in known))
    covered = sides.covering(request_record(request), accepted)
    pairs = tuple((d, tuple(announcers(d, covered)[1])) for d in known)
    return Compared(request, nginx, istio, pairs, unforeseen)


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
