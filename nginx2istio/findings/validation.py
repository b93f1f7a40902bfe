"""Findings out of the API server's own verdict on the new objects (``scan --live-validate``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nginx2istio.cluster.live import Verdict
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.istio.objects import identity
from nginx2istio.nginx.model import Origin
from nginx2istio.rule import Message

NOT_TAKEN = Message(
    "N2I044",
    "unsupported",
    "error",
    "Object that the cluster refuses",
    "The cluster refuses this object: {why}.",
    "Compare --istio-version with the Istio of the cluster. If they agree, report this with "
    "the Ingress.",
    frozenset({"routing"}),
)
NOT_ASKED = Message(
    "N2I045",
    "neutral",
    "info",
    "Object that was not checked",
    "The cluster did not check this object: {why}.",
    "Let the user create it (nginx2istio scan --print-rbac --live-validate), and create its "
    "namespace. The check stores nothing.",
)
MESSAGES = (NOT_TAKEN, NOT_ASKED)


def findings(verdicts: Iterable[Verdict]) -> Iterator[PlacedFinding]:
    """What the verdicts say, object by object."""
    for verdict in verdicts:
        origin = Origin(*identity(verdict.object))
        message = NOT_TAKEN if verdict.says == "refused" else NOT_ASKED
        if verdict.says != "accepted":
            yield placed(
                message, origin, (), key=verdict.object["kind"], why="; ".join(verdict.reasons)
            )
