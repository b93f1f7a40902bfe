"""One request on both sides: both outcomes, what differs, and which findings announce it."""

from __future__ import annotations

from dataclasses import dataclass

from nginx2istio.base.outcome import EVERYTHING_READY, Aspect, Outcome, Request, World
from nginx2istio.istio.serve import serve_as_istio
from nginx2istio.nginx.serve import serve_as_nginx
from nginx2istio.verify.judged.announce import announcers, covering
from nginx2istio.verify.judged.compare import compare
from nginx2istio.verify.judged.difference import Difference
from nginx2istio.verify.judged.exchange import FindingData
from nginx2istio.verify.record import exchange_record
from nginx2istio.verify.sides import Sides


@dataclass(frozen=True, slots=True)
class Compared:
    """Both outcomes, and each difference with the findings that announce it, none if silent.

    What differs in an aspect of which one side can't be told is no difference.
    """

    request: Request
    nginx: Outcome
    istio: Outcome
    differences: tuple[tuple[Difference, tuple[FindingData, ...]], ...]

    @property
    def unknown(self) -> frozenset[Aspect]:
        """The aspects of which one side can't be told."""
        return self.nginx.unknown | self.istio.unknown


def compared(sides: Sides, request: Request, world: World = EVERYTHING_READY) -> Compared:
    """What both sides do with a request."""
    nginx = serve_as_nginx(sides.config, request, world)
    istio = serve_as_istio(sides.gateway, sides.at_gateway(request, nginx), world)
    expected, got = exchange_record(request, nginx), exchange_record(request, istio)
    unknown = nginx.unknown | istio.unknown
    differences = [
        d for d in compare(expected, got, sides.declared.keys) if d.aspect not in unknown
    ]
    if not differences:
        return Compared(request, nginx, istio, ())
    accepted = frozenset[str]().union(*(d.accepts for d in differences))
    possible = [
        finding
        for finding in sides.findings_about(request.host)
        if not accepted.isdisjoint(finding.get("aspects") or ())
    ]
    covered = covering(possible, expected, sides.declared)
    pairs = tuple((d, tuple(announcers(d, covered)[1])) for d in differences)
    return Compared(request, nginx, istio, pairs)
