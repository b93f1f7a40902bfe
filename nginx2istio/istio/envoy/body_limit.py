"""Refusing a request body of unknown length: Envoy's buffer filter counts what it holds."""

from __future__ import annotations

from collections.abc import Iterable

from nginx2istio.istio.envoy.filters import http_filter, skipped_where, typed
from nginx2istio.istio.objects import Object

BODY_LIMIT_FILTER = "nginx2istio.body-limit"
BODY_LENGTH_FILTER = "nginx2istio.body-length"
BUFFER = "envoy.extensions.filters.http.buffer.v3"
LUA = "envoy.extensions.filters.http.lua.v3"
MOST_HELD = 64 << 20
"""The largest limit for which Envoy holds a body of unknown length, in bytes of its memory."""
UNUSED = 1 << 20
"""The filter wants a limit of its own, though each route has another."""
LENGTH_PROGRAM = """function envoy_on_request(handle)
  local length = tonumber(handle:headers():get("content-length"))
  if length and length > {size} then handle:clearRouteCache() end
end
"""
"""Looks for the route anew, which then is the one for bodies of this length."""


def body_filters(sizes: Iterable[int]) -> list[Object]:
    """The patches with the filters; they act where a route or host has one of these limits.

    One holds a body of unknown length, ends the request when it holds too much, and states the
    length at the end. It never counts the last frame of a body, so another does.

    Both come before ext_authz: while that waits for its service, Envoy stops to read a body that is
    over this limit, and the buffer filter, which then has no more to count, would wait for ever.
    """
    # A WebSocket never ends, and begins with a GET; of a POST nginx reads a body, too.
    websocket = {"and_matcher": {"predicate": [_header(":method", "GET"), _header("upgrade")]}}
    passed_by = {"or_matcher": {"predicate": [_header("content-length"), websocket]}}
    buffer = typed(f"{BUFFER}.Buffer", max_request_bytes=UNUSED)
    config = skipped_where(passed_by, "envoy.filters.http.buffer", buffer)
    programs = {
        str(size): {"inline_string": LENGTH_PROGRAM.replace("{size}", str(size))} for size in sizes
    }
    counting = typed(f"{LUA}.Lua", source_codes=programs)
    return [  # each goes before the others
        http_filter(BODY_LENGTH_FILTER, counting, first=True, disabled=True),
        http_filter(BODY_LIMIT_FILTER, config, first=True, disabled=True),
    ]


def max_request_bytes(size: int) -> Object:
    """Fields of a route or virtual host with this limit, in bytes."""
    held = typed(f"{BUFFER}.BufferPerRoute", buffer={"max_request_bytes": size})
    counted = typed(f"{LUA}.LuaPerRoute", name=str(size))
    return {"typed_per_filter_config": {BODY_LIMIT_FILTER: held, BODY_LENGTH_FILTER: counted}}


def _header(name: str, pattern: str = ".*") -> Object:
    """A predicate on a request header."""
    source = typed("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name=name)
    return {
        "single_predicate": {
            "input": {"name": name, "typed_config": source},
            "value_match": {"safe_regex": {"google_re2": {}, "regex": pattern}},
        }
    }
