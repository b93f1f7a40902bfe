"""Requests that were compared elsewhere: what announces their differences is asked anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nginx2istio.base.outcome import Request
from nginx2istio.verify.compared import Proof, with_announcers
from nginx2istio.verify.dimensions.samples import spellings
from nginx2istio.verify.judged.difference import Difference
from nginx2istio.verify.shapes.finding_shapes import AskedOfClass
from nginx2istio.verify.sides import Sides


@dataclass(frozen=True, slots=True)
class ComparedRequests:
    """Requests of a shape without their names, what each differs in, and the proof of all."""

    requests: Sequence[Request]
    differences: Sequence[Sequence[Difference]]
    proof: Proof

    @classmethod
    def of(
        cls,
        place: AskedOfClass,
        requests: Sequence[Request],
        differences: Sequence[Sequence[Difference]],
        proof: Proof,
    ) -> ComparedRequests:
        """Those of a place."""
        return cls([_nameless(each, place) for each in requests], differences, proof)

    def proof_of(
        self, sides: Sides, place: AskedOfClass, requests: Sequence[Request]
    ) -> Proof | None:
        """The proof of the same requests at another place, of which other things are announced.

        None if they are not the same, or differ unannounced.
        """
        if [_nameless(each, place) for each in requests] != self.requests:
            return None
        proof = Proof()
        proof.add(self.proof)
        proof.announced.clear()
        for request, differences in zip(requests, self.differences, strict=True):
            if not differences:
                continue
            for _, findings in with_announcers(sides, request, differences):
                if not findings:
                    return None
                proof.count_codes(findings)
        return proof


def _nameless(request: Request, place: AskedOfClass) -> Request:
    """A request with numbers in place of the names of its place, and of sizes."""
    hosts, sizes = spellings(place.host), (0, *place.sizes)
    fields: dict[str, object] = {}
    if request.host in hosts:
        fields["host"] = f"\0{hosts.index(request.host)}"
    if request.sni == place.host:
        fields["sni"] = "\0"
    if request.target in place.targets:
        fields["target"] = f"\0{place.targets.index(request.target)}"
    if request.body_bytes in sizes:
        fields["body_bytes"] = -1 - sizes.index(request.body_bytes)
    return replace(request, **fields)  # type: ignore[arg-type]
