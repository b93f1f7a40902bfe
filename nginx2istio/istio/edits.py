"""What rules wish of the Istio objects, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import IntEnum
from typing import Any

from nginx2istio.base.records import record


class Phase(IntEnum):
    """When nginx decides: a route of an earlier phase stands before one of a later phase.

    SERVER: before a location is chosen (server snippet, app-root, client certificates).
    FIND: while it is chosen (the redirect to ``/x/``).
    PREFLIGHT: the answer to OPTIONS under enable-cors.
    RETURN: the location's ``return`` (permanent and temporal redirect, a denied location).
    HTTPS: the redirect to https.
    LIMIT, ACCESS: limits; lists and credentials, that is, answers for who may not enter.
    SPLIT: which of several upstreams is asked.
    """

    SERVER = 0
    FIND = 1
    PREFLIGHT = 2
    RETURN = 3
    HTTPS = 4
    LIMIT = 5
    ACCESS = 6
    SPLIT = 7


@record(frozen=True, slots=True)
class Edit:
    """One wish about the Istio objects; ``rule`` says what ``path`` and ``value`` are.

    ``port`` (80 or 443) restricts a route, variant or destination to requests on that port,
    ``upstream`` a destination to one upstream of the location (a canary, say).
    """

    target: str
    path: str
    value: Any
    port: int = 0
    phase: Phase = Phase.SPLIT
    match: Mapping[str, Any] = field(default_factory=dict)
    upstream: str = ""
