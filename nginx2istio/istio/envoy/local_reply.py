"""The answers that Envoy makes itself when a backend fails, with nginx's statuses."""

from __future__ import annotations

from nginx2istio.istio.envoy.filters import on_manager, typed
from nginx2istio.istio.objects import Object

FAILED = {"response_flag_filter": {"flags": ["UF", "UC", "UR"]}}
"""The connection to the backend failed, was closed, or was reset."""
LATE = "response.code_details.contains('connection_timeout')"


def bad_gateway() -> Object:
    """The patch that answers 502 for a failed connection and 504 for one not made in time."""
    cel = typed("envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter", expression=LATE)
    late = {"extension_filter": {"name": "cel", "typed_config": cel}}
    mappers = [
        {"filter": {"and_filter": {"filters": [FAILED, late]}}, "status_code": 504},
        {"filter": FAILED, "status_code": 502},
    ]
    return on_manager({"local_reply_config": {"mappers": mappers}})
