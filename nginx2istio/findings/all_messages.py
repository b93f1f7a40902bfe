"""All that the report can say besides what rules say."""

from __future__ import annotations

from nginx2istio.convert.translate import BROKEN_RULE
from nginx2istio.findings import cluster as surroundings
from nginx2istio.findings import collisions as colliding
from nginx2istio.findings import configuration as engine
from nginx2istio.findings import trial
from nginx2istio.findings import validation as validated
from nginx2istio.rule import Message

OWN: tuple[Message, ...] = (
    *engine.MESSAGES,
    BROKEN_RULE,
    *trial.MESSAGES,
    *surroundings.MESSAGES,
    *colliding.MESSAGES,
    *validated.MESSAGES,
)
"""The messages that belong to no rule: of the engine, of trials, and of scans."""
