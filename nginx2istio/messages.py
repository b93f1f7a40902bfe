"""All that the report can say besides what rules say."""

from __future__ import annotations

from nginx2istio import colliding, engine, surroundings, trial, validated
from nginx2istio.rule import Message
from nginx2istio.translate import BROKEN_RULE

OWN: tuple[Message, ...] = (
    *engine.MESSAGES,
    BROKEN_RULE,
    *trial.MESSAGES,
    *surroundings.MESSAGES,
    *colliding.MESSAGES,
    *validated.MESSAGES,
)
"""The messages that belong to no rule: of the engine, of trials, and of scans."""
