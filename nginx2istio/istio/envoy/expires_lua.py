"""The lifetime of the gateway's own cookie as a date: Envoy writes Max-Age and no Expires."""

from __future__ import annotations

import re

from nginx2istio.istio.envoy.filters import http_filter, per_filter, typed
from nginx2istio.istio.objects import Object

NAME = "nginx2istio.expires"
LUA = "envoy.extensions.filters.http.lua.v3"
SCRIPT = """\
function envoy_on_response(handle)
  local headers, cookies = handle:headers(), {{}}
  for i = 1, headers:getNumValues("set-cookie") do
    cookies[i] = headers:getAtIndex("set-cookie", i - 1)
  end
  headers:remove("set-cookie")
  for _, cookie in ipairs(cookies) do
    if cookie:sub(1, {length}) == "{name}=" and not cookie:lower():find("expires=", 1, true) then
      local date = os.date("!%a, %d-%b-%y %H:%M:%S GMT", os.time() + {seconds})
      {change}
    end
    headers:add("set-cookie", cookie)
  end
end
"""
BOTH = 'cookie = cookie .. "; Expires=" .. date'
DATE_ONLY = 'cookie = cookie:gsub("; Max%-Age=%-?%d+", "") .. "; Expires=" .. date'


TOKEN = re.compile(r"[\w!#$&'*.^`|~-]+")


def nameable(cookie: str) -> bool:
    """Whether the script can have the name of a cookie: it has token characters only."""
    return TOKEN.fullmatch(cookie) is not None


def expires_filter() -> Object:
    """The patch with the filter; it acts where a route has ``cookie_expires``."""
    return http_filter(NAME, typed(f"{LUA}.Lua"), disabled=True)


def cookie_expires(cookie: str, seconds: int, max_age: bool) -> Object:
    """Fields of a route whose cookie expires in ``seconds``.

    ``cookie`` is a ``nameable`` name. ``max_age`` is whether the cookie keeps the Max-Age that
    Envoy writes.
    """
    source = SCRIPT.format(
        name=cookie,
        length=len(cookie) + 1,
        seconds=seconds,
        change=BOTH if max_age else DATE_ONLY,
    )
    config = typed(f"{LUA}.LuaPerRoute", source_code={"inline_string": source})
    return per_filter(NAME, config)
