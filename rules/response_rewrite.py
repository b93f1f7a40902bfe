"""proxy-redirect-from/-to, proxy-cookie-path, proxy-cookie-domain: what answers lead clients to."""

import re
from collections.abc import Iterator

from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Place,
    Route,
    early,
    envoy_filter,
    extracted,
    http_filter,
    on_route,
    rule,
    typed,
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
REFRESH = Message(
    "N2I434",
    "approximated",
    "info",
    "Refresh headers of backends",
    "nginx replaces {old} in the address of a Refresh header, too. Envoy passes the header on.",
    "Check whether a backend sends Refresh headers with such an address.",
    frozenset({"response-headers", "redirect"}),
)
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

    Envoy rewrites the one Location that an answer has. It takes a script to rewrite each of
    several cookies. The cookie that the gateway itself sets for affinity is left alone, as nginx's
    is.
    """
    if place.upstream is None or place.location.denied or place.location.slash_redirect:
        return
    if early(place.config, place.server, place.location).always:  # no backend answers
        return
    yield from _location(place)
    body = ""
    for part in _cookies(place):
        if isinstance(part, Finding):
            yield part
        else:
            body = part
    if not body:
        return
    lua = typed(f"{LUA}.Lua")
    yield envoy_filter(
        place, "response-rewrite", "response-rewrite", http_filter(FILTER, lua, disabled=True)
    )
    source = f"function envoy_on_response(handle)\n  local headers = handle:headers()\n{body}end\n"
    config = typed(f"{LUA}.LuaPerRoute", source_code={"inline_string": source})
    value = {"typed_per_filter_config": {FILTER: config}}
    patches = [
        on_route(place.route_name, value, port) for port in sorted({80, 443} & {*place.ports})
    ]
    yield envoy_filter(
        place,
        "response-rewrite",
        f"response-rewrite {place.server.host} {place.route_name}",
        *patches,
    )


def _location(place: Place) -> Iterator[Edit | Finding]:
    old, new = place.text("proxy-redirect-from"), place.text("proxy-redirect-to")
    if old in ("", "off", "default") or new in ("", "off"):
        return
    yield REFRESH("proxy-redirect-from", old=old)
    if old.startswith("~"):
        by_pattern = REPLACED_BY_PATTERN("proxy-redirect-from", key="proxy-redirect-from", old=old)
        yield by_pattern.past_https_redirect(place)
    elif not new.startswith("/") or place["relative-redirects"]:
        yield _replaced_start(old, new)
    elif place.redirect_host == place.server.host:
        for port, scheme in ((80, "http"), (443, "https")):
            yield _replaced_start(old, f"{scheme}://{place.server.host}{new}", port)
    else:
        yield RELATIVE_LOCATION("proxy-redirect-to", new=new)
        yield _replaced_start(old, new)


def _replaced_start(old: str, new: str, port: int = 0) -> Route:
    """A Location with another start, as ``ngx_http_proxy_rewrite`` compares it: byte by byte."""
    source, pattern = "response.headers['location']", f"^{re.escape(old)}(.*)$"
    replacement = new.replace("\\", "\\\\") + "\\1"
    value = {"Location": extracted(source, pattern, replacement)}
    return Route("headers.response.set", value, port=port)


def _cookies(place: Place) -> Iterator[str | Finding]:
    """Findings, and Lua that rewrites the cookies."""
    changes = []
    for key, what in (("proxy-cookie-path", "path"), ("proxy-cookie-domain", "domain")):
        words = place.text(key).split()
        if len(words) != 2:
            continue
        if words[0].startswith("~"):
            by_pattern = REPLACED_BY_PATTERN(key, key=key, old=words[0])
            yield by_pattern.past_https_redirect(place)
        elif not place.options.filters("response-rewrite"):
            attributes = COOKIE_ATTRIBUTES(key, what=what, old=words[0], new=words[1])
            yield attributes.past_https_redirect(place)
        else:
            old = words[0] if what == "path" else words[0].lower().removeprefix(".")
            change = PATH if what == "path" else DOMAIN
            changes.append(change.format(old=quoted(old), new=quoted(words[1])))
    if not changes:
        return
    own = place.upstream.affinity if place.upstream else None
    named = own.settings.get("session-cookie-name") if own else None
    name = str(named.value) if named else "INGRESSCOOKIE" if own else ""
    yield EACH_COOKIE.format(own=quoted(name), changes="".join(changes))


def quoted(text: str) -> str:
    """A text as a string of Lua."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


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
