"""All that the report can say besides what rules say."""

from __future__ import annotations

from nginx2istio.findings import (
    acceptance,
    beyond_stars,
    cluster,
    collisions,
    configuration,
    connections,
    existing_gateway,
    refused,
    trial,
    validation,
)
from nginx2istio.findings.controllers import several, unclaimed
from nginx2istio.findings.placed import (
    BARE_REFUSAL,
    BROKEN_PROTECTION,
    BROKEN_RULE,
    UNENFORCED,
)
from nginx2istio.rule import Message

OWN: tuple[Message, ...] = (
    *acceptance.MESSAGES,
    *configuration.MESSAGES,
    *unclaimed.MESSAGES,
    *several.MESSAGES,
    *beyond_stars.MESSAGES,
    BROKEN_PROTECTION,
    BROKEN_RULE,
    UNENFORCED,
    BARE_REFUSAL,
    *trial.MESSAGES,
    *cluster.MESSAGES,
    *collisions.MESSAGES,
    *connections.MESSAGES,
    *existing_gateway.MESSAGES,
    *validation.MESSAGES,
    *refused.MESSAGES,
)
"""The messages that belong to no rule: of the engine, of trials, and of scans."""
