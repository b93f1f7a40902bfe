"""Values that only judged objects look at: nginx's own decisions have no such ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nginx2istio.verify.dimensions import OTHER_ORIGIN, Values, fitting


def values_of_other_cors(values: Values, route: Mapping[str, Any]) -> None:
    """What the CORS policy of a route looks at that may not be nginx's own."""
    policy = route.get("corsPolicy")
    if policy is None:
        return
    values.add("method", "OPTIONS", method="OPTIONS")
    values.header("origin", OTHER_ORIGIN)
    for condition in policy.get("allowOrigins", ()):
        if text := fitting(condition):
            values.header("origin", text)
    values.header("access-control-request-method", "PUT")


def values_of_handshake(values: Values, mode: str) -> None:
    """The certificates that a client may show where a server asks for one."""
    if mode in ("MUTUAL", "OPTIONAL_MUTUAL"):
        for kind in ("valid", "other"):
            values.add("certificate", kind, certificate=kind, subject="CN=client")
