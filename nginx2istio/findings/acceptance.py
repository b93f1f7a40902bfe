"""Findings about the entries of an accept file."""

from __future__ import annotations

from nginx2istio.rule import Message

EXPIRED = Message(
    "N2I020",
    "neutral",
    "info",
    "An acceptance has expired",
    "The acceptance of {code} for {place} expired on {date}. The finding counts again.",
    "Resolve the difference, or write a later day and a reason into the entry.",
)
UNMATCHED = Message(
    "N2I021",
    "neutral",
    "info",
    "An acceptance matches no finding",
    "The entry that accepts {code} for {place} matches no finding.",
    "Delete the entry. If the difference has changed, accept the new finding.",
)
UNJUDGED = Message(
    "N2I029",
    "neutral",
    "info",
    "An acceptance has no reason",
    "The entry that accepts {code} for {place} has no reason yet. The finding still counts.",
    "Write into the entry why the difference does no harm, or resolve the difference.",
)
MESSAGES = (EXPIRED, UNMATCHED, UNJUDGED)
