"""Proofs of classes of paths by their shape, and how often each was found again."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING

from nginx2istio.verify.decisions import HostDecisions
from nginx2istio.verify.shapes.finding_shapes import FindingShapes
from nginx2istio.verify.shapes.shape import HostShapes, Shape, Shapes
from nginx2istio.verify.sides import Sides

if TYPE_CHECKING:
    from nginx2istio.verify.proof import Proof

Key = tuple[Shape, tuple[object, ...]]
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
        self._aspects: dict[Shape, frozenset[str]] = {}
        self._proofs: dict[Key, tuple[Proof, int]] = {}

    def host(self, decisions: HostDecisions) -> HostShapes | None:
        """The shapes of a host."""
        return self.shapes.host(decisions)

    def key(self, shape: Shape | None, host: str, targets: Sequence[str]) -> Key | None:
        """By what the proof of a class is known; None where it is not.

        ``targets`` are all that is asked of the class.
        """
        if shape is None or shape not in self._aspects:
            return None
        key = shape, self.findings.about(host, targets, self._aspects[shape])
        return key if key in self._proofs else None

    def again(self, key: Key) -> None:
        """Counts a class whose proof is known."""
        proof, times = self._proofs[key]
        self._proofs[key] = proof, times + 1

    def keep(
        self, shape: Shape, host: str, targets: Sequence[str], proof: Proof, aspects: Set[str]
    ) -> None:
        """Keeps a proof. ``aspects`` are those of findings that may announce what differs."""
        self._aspects[shape] = frozenset(aspects)
        self._proofs.setdefault((shape, self.findings.about(host, targets, aspects)), (proof, 0))

    @property
    def full(self) -> bool:
        """Whether so much is known that it is better forgotten."""
        return len(self.shapes.texts) > MOST_PARTS

    def forget(self) -> None:
        """Adds what was found again to the total, and begins anew."""
        for proof, times in self._proofs.values():
            self.total.add(proof, times)
        self._aspects.clear()
        self._proofs.clear()
        self.shapes = Shapes(self.sides, self.written)
