"""Error pages as ingress-nginx makes them: a Lua program asks the error service for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nginx2istio.istio.envoy.filters import http_filter, on_route, typed
from nginx2istio.istio.objects import Object

ERROR_PAGE_FILTER = "nginx2istio.error-pages"
_PROGRAM = Path(__file__).with_suffix(".lua")


def error_page_filter() -> Object:
    """The patch with the filter; it acts on routes that ``error_page_data`` has told of pages."""
    lua = {"inline_string": _PROGRAM.read_text(encoding="utf-8")}
    config = typed("envoy.extensions.filters.http.lua.v3.Lua", default_source_code=lua)
    return http_filter(ERROR_PAGE_FILTER, config, first=True)


def error_page_data(route: str, port: int, data: Mapping[str, object]) -> Object:
    """The patch with the metadata of the routes of a name, which the program reads."""
    value = {"metadata": {"filter_metadata": {ERROR_PAGE_FILTER: {"error-pages": dict(data)}}}}
    return on_route(route, value, port)
