"""proxy-redirect-from/-to, proxy-cookie-path, proxy-cookie-domain: what answers lead clients to."""

from collections.abc import Iterator

from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Place,
    envoy_filter,
    http_filter,
    on_route,
    rule,
    typed,
)

LOCATION = Message(
    "N2I430",
    "unsupported",
    "error",
    "Location that nginx replaces",
    "nginx replaces {old} by {new} at the start of the backend's Location. Istio can't, so "
    "clients are redirected to {old}.",
    "Let the backend redirect to the address that clients know, or convert with --envoy-filters.",
    frozenset({"redirect", "response-headers"}),
)
COOKIE_ATTRIBUTES = Message(
    "N2I431",
    "unsupported",
    "error",
    "Cookie attributes that nginx replaces",
    "nginx replaces the {what} {old} of the backend's cookies by {new}. Istio can't, so "
    "browsers keep the cookies for the wrong {what}.",
    "Let the backend set the right {what}, or convert with --envoy-filters.",
    frozenset({"cookies", "response-headers"}),
)
REPLACED_BY_PATTERN = Message(
    "N2I432",
    "unsupported",
    "error",
    "Replacement by a regular expression",
    "{key} replaces what a regular expression matches ({old}). The conversion leaves it out.",
    "Let the backend set the right address.",
    frozenset({"redirect", "cookies", "response-headers"}),
)
RELATIVE_LOCATION = Message(
    "N2I433",
    "approximated",
    "info",
    "New Location without a host",
    "nginx puts the host in front of the new Location {new}. The gateway leaves it relative, "
    "which clients accept.",
    aspects=frozenset({"redirect"}),
)
FILTER = "nginx2istio.response-rewrite"
LUA = "envoy.extensions.filters.http.lua.v3"


@rule(
    "proxy-redirect-from",
    "proxy-redirect-to",
    "proxy-cookie-path",
    "proxy-cookie-domain",
    when="configured",
    reads="relative-redirects",
)
def response_rewrite(place: Place) -> Iterator[Edit | Finding]:
    """nginx replaces the start of a Location, and the paths and domains of cookies.

    No Istio object changes a part of a header; a script on the route does. The cookie that the
    gateway itself sets for affinity is left alone, as nginx's is.
    """
    if place.upstream is None or place.location.denied or place.location.slash_redirect:
        return
    parts = [*_location(place), *_cookies(place)]
    yield from (part for part in parts if isinstance(part, Finding))
    bodies: dict[int, list[str]] = {}
    for part in parts:
        if not isinstance(part, Finding):
            for port in (80, 443) if part[0] == 0 else (part[0],):
                bodies.setdefault(port, []).append(part[1])
    if not bodies:
        return
    lua = typed(f"{LUA}.Lua")
    yield envoy_filter(
        place, "response-rewrite", "response-rewrite", http_filter(FILTER, lua, disabled=True)
    )
    patches = []
    for port in sorted(set(bodies) & set(place.ports)):
        source = "function envoy_on_response(handle)\n  local headers = handle:headers()\n"
        source += "".join(bodies[port]) + "end\n"
        config = typed(f"{LUA}.LuaPerRoute", source_code={"inline_string": source})
        value = {"typed_per_filter_config": {FILTER: config}}
        patches.append(on_route(place.route_name, value, port))
    yield envoy_filter(
        place,
        "response-rewrite",
        f"response-rewrite {place.server.host} {place.route_name}",
        *patches,
    )


Part = tuple[int, str]
"""Lua for the answers at a port, 0 for both."""


def _location(place: Place) -> Iterator[Part | Finding]:
    old, new = place.text("proxy-redirect-from"), place.text("proxy-redirect-to")
    if old in ("", "off", "default") or new in ("", "off"):
        return
    if old.startswith("~"):
        yield REPLACED_BY_PATTERN("proxy-redirect-from", key="proxy-redirect-from", old=old)
    elif not place.options.filters("response-rewrite"):
        yield LOCATION("proxy-redirect-from", old=old, new=new)
    elif not new.startswith("/") or place["relative-redirects"]:
        yield 0, _replace_start(old, new)
    elif place.redirect_host == place.server.host:
        for port, scheme in ((80, "http"), (443, "https")):
            yield port, _replace_start(old, f"{scheme}://{place.server.host}{new}")
    else:
        yield RELATIVE_LOCATION("proxy-redirect-to", new=new)
        yield 0, _replace_start(old, new)


def _cookies(place: Place) -> Iterator[Part | Finding]:
    changes = []
    for key, what in (("proxy-cookie-path", "path"), ("proxy-cookie-domain", "domain")):
        words = place.text(key).split()
        if len(words) != 2:
            continue
        if words[0].startswith("~"):
            yield REPLACED_BY_PATTERN(key, key=key, old=words[0])
        elif not place.options.filters("response-rewrite"):
            yield COOKIE_ATTRIBUTES(key, what=what, old=words[0], new=words[1])
        else:
            old = words[0] if what == "path" else words[0].lower().removeprefix(".")
            change = PATH if what == "path" else DOMAIN
            changes.append(change.format(old=quoted(old), new=quoted(words[1])))
    if not changes:
        return
    own = place.upstream.affinity if place.upstream else None
    named = own.settings.get("session-cookie-name") if own else None
    name = str(named.value) if named else "INGRESSCOOKIE" if own else ""
    yield 0, EACH_COOKIE.format(own=quoted(name), changes="".join(changes))


def _replace_start(old: str, new: str) -> str:
    return REPLACE.format(old=quoted(old), new=quoted(new), length=len(old.encode()))


def quoted(text: str) -> str:
    """A text as a string of Lua."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


REPLACE = """\
  local location = headers:get("location")
  if location and location:sub(1, {length}) == {old} then
    headers:replace("location", {new} .. location:sub({length} + 1))
  end
"""
EACH_COOKIE = """\
  local cookies = {{}}
  for i = 0, headers:getNumValues("set-cookie") - 1 do
    cookies[i + 1] = headers:getAtIndex("set-cookie", i)
  end
  headers:remove("set-cookie")
  for _, cookie in ipairs(cookies) do
    if cookie:match("^[^=]*") ~= {own} then
{changes}    end
    headers:add("set-cookie", cookie)
  end
"""
PATH = """\
      cookie = cookie:gsub("(;%s*[Pp][Aa][Tt][Hh]%s*=%s*)([^;]*)", function(name, path)
        local old, new = {old}, {new}
        if path:sub(1, #old) == old then return name .. new .. path:sub(#old + 1) end
      end)
"""
DOMAIN = """\
      cookie = cookie:gsub("(;%s*[Dd][Oo][Mm][Aa][Ii][Nn]%s*=%s*%.?)([^;]*)", function(name, domain)
        if domain:lower() == {old} then return name .. {new} end
      end)
"""
