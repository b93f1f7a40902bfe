"""The lifetime of the gateway's own cookie as a date: Envoy writes Max-Age and no Expires."""

from __future__ import annotations

from nginx2istio.istio.envoy.filters import typed
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


def lua_filter() -> Object:
    """The filter's configuration; it does nothing but where a route has a script for it."""
    return typed(f"{LUA}.Lua")


def per_route(cookie: str, seconds: int, max_age: bool) -> Object:
    """What to add to a route whose cookie shall expire in ``seconds``.

    ``cookie`` is a cookie's name, of token characters only. ``max_age`` is whether it keeps the
    Max-Age that Envoy writes.
    """
    source = SCRIPT.format(
        name=cookie,
        length=len(cookie) + 1,
        seconds=seconds,
        change=BOTH if max_age else DATE_ONLY,
    )
    config = typed(f"{LUA}.LuaPerRoute", source_code={"inline_string": source})
    return {"typed_per_filter_config": {NAME: config}}
