"""Proofs of classes of paths by their shape, and how often each was found again."""

from __future__ import annotations

from collections.abc import Sequence, Set

from nginx2istio.base.outcome import Request
from nginx2istio.verify.compared import Proof
from nginx2istio.verify.decisions import HostDecisions
from nginx2istio.verify.judged.difference import Difference
from nginx2istio.verify.shapes.compared_requests import ComparedRequests
from nginx2istio.verify.shapes.finding_shapes import AskedOfClass, FindingShapes
from nginx2istio.verify.shapes.shape import ClassShape, HostShapes, Shapes
from nginx2istio.verify.sides import Sides

ProofKey = tuple[ClassShape, tuple[object, ...]]
"""A shape, and the findings about what differs in it."""
MOST_PARTS = 100_000
"""With so many parts of shapes, what was proved is forgotten: memory is bounded."""


class KnownProofs:
    """What was proved, for all classes of paths of one shape about which the same is announced.

    ``written``: see `Shapes`. ``total`` gets the proofs that were found again.
    """

    def __init__(self, sides: Sides, written: bool, total: Proof):
        self.sides, self.written, self.total = sides, written, total
        self.findings = FindingShapes(sides)
        self.shapes = Shapes(sides, written)
        self._aspects: dict[ClassShape, frozenset[str]] = {}
        self._proofs: dict[ProofKey, tuple[Proof, int]] = {}
        self._requests: dict[ClassShape, ComparedRequests] = {}

    def host(self, decisions: HostDecisions) -> HostShapes | None:
        """The shapes of a host."""
        return self.shapes.host(decisions)

    def key(self, shape: ClassShape | None, place: AskedOfClass) -> ProofKey | None:
        """By what the proof of a class is known; None where it is not."""
        if shape is None or shape not in self._aspects:
            return None
        key = shape, self.findings.about(place, self._aspects[shape])
        return key if key in self._proofs else None

    def proof(self, key: ProofKey) -> tuple[Proof, frozenset[str]]:
        """A proof that is known, and the aspects that announce what differs."""
        return self._proofs[key][0], self._aspects[key[0]]

    def again(self, key: ProofKey) -> None:
        """Counts a class whose proof is known."""
        proof, times = self._proofs[key]
        self._proofs[key] = proof, times + 1

    def keep(self, shape: ClassShape, place: AskedOfClass, proof: Proof, aspects: Set[str]) -> None:
        """Keeps a proof. ``aspects`` are those of findings that may announce what differs."""
        self._aspects[shape] = frozenset(aspects)
        self._proofs.setdefault((shape, self.findings.about(place, aspects)), (proof, 0))

    def keep_requests(
        self,
        shape: ClassShape,
        place: AskedOfClass,
        requests: Sequence[Request],
        differences: Sequence[Sequence[Difference]],
        proof: Proof,
    ) -> None:
        """Keeps what each request of a group differs in."""
        compared = ComparedRequests.of(place, requests, differences, proof)
        self._requests.setdefault(shape, compared)

    def announced(
        self, shape: ClassShape | None, place: AskedOfClass, requests: Sequence[Request]
    ) -> tuple[Proof, frozenset[str]] | None:
        """What `proof` gives, of requests that were compared where other things are announced.

        It is kept. None if they have to be compared.
        """
        known = self._requests.get(shape) if shape is not None else None
        proof = known.proof_of(self.sides, place, requests) if known else None
        if shape is None or proof is None:
            return None
        self.keep(shape, place, proof, self._aspects[shape])
        return proof, self._aspects[shape]

    @property
    def full(self) -> bool:
        """Whether so much is known that it is better forgotten."""
        return len(self.shapes.parts) > MOST_PARTS

    def forget(self) -> None:
        """Adds what was found again to the total, and begins anew."""
        for proof, times in self._proofs.values():
            self.total.add(proof, times)
        self._aspects.clear()
        self._proofs.clear()
        self._requests.clear()
        self.shapes = Shapes(self.sides, self.written)
