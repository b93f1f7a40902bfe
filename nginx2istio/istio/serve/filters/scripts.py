"""Scripts that a route has of its own: dates of cookies, and cookies that are rewritten.

A script is read as the text that it is; one that differs in a character is not followed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal


@dataclass(frozen=True, slots=True)
class DatedCookie:
    """A cookie of this name gets a date besides its Max-Age, or in place of it."""

    name: str
    keeps_age: bool


@dataclass(frozen=True, slots=True)
class MovedCookies:
    """Cookies but ``own`` get other paths and domains: (attribute, old, new)."""

    own: str
    changes: tuple[tuple[Literal["path", "domain"], str, str], ...]


ScriptStep = DatedCookie | MovedCookies


@lru_cache(maxsize=1024)  # a route's is read when its patch is, and for each of its answers
def script_steps(script: str) -> Sequence[ScriptStep] | None:
    """What a script does to an answer, in order; None for one that is not known."""
    dated = _DATED.fullmatch(script)
    if dated is not None:
        length, name, seconds = int(dated["length"]), dated["name"], dated["seconds"]
        whole = length == len(name.encode()) + 1 and seconds.lstrip("-").isdigit()
        return (DatedCookie(name, dated["change"] == _BOTH),) if whole else None
    if not script.startswith(_HEAD) or not script.endswith("end\n"):
        return None
    rest = script[len(_HEAD) : -len("end\n")]
    steps: list[ScriptStep] = []
    while rest:
        match = _COOKIES.match(rest)
        changes = _changes(match["changes"]) if match else None
        if match is None or changes is None:
            return None
        steps.append(MovedCookies(_text(match["own"]), changes))
        rest = rest[match.end() :]
    return tuple(steps)


def _changes(text: str) -> tuple[tuple[Literal["path", "domain"], str, str], ...] | None:
    changes: list[tuple[Literal["path", "domain"], str, str]] = []
    while text:
        match = _PATH.match(text) or _DOMAIN.match(text)
        if match is None:
            return None
        attribute: Literal["path", "domain"] = "path" if match.re is _PATH else "domain"
        changes.append((attribute, _text(match["old"]), _text(match["new"])))
        text = text[match.end() :]
    return tuple(changes)


def _text(quoted: str) -> str:
    """What a string of Lua holds."""
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], quoted[1:-1])


_BOTH = 'cookie = cookie .. "; Expires=" .. date'
_DATE_ONLY = 'cookie = cookie:gsub("; Max%-Age=%-?%d+", "") .. "; Expires=" .. date'
_STRING = r'"(?:[^"\\\n]|\\.)*"'
_PLACES = {
    "LENGTH": r"(?P<length>\d+)",
    "NAME": r"(?P<name>[\w!#$&'*.^`|~-]+)",
    "SECONDS": r"(?P<seconds>-?\d+)",
    "CHANGE": f"(?P<change>{re.escape(_BOTH)}|{re.escape(_DATE_ONLY)})",
    "OLD": f"(?P<old>{_STRING})",
    "NEW": f"(?P<new>{_STRING})",
    "OWN": f"(?P<own>{_STRING})",
    "CHANGES": "(?P<changes>.*?)",
}


def _pattern(template: str) -> re.Pattern[str]:
    """A text with places for values: ``<OLD>`` and others."""
    parts = re.split(r"<([A-Z]+)>", template)
    return re.compile(
        "".join(_PLACES[p] if i % 2 else re.escape(p) for i, p in enumerate(parts)), re.DOTALL
    )


_DATED = _pattern("""\
function envoy_on_response(handle)
  local headers, cookies = handle:headers(), {}
  for i = 1, headers:getNumValues("set-cookie") do
    cookies[i] = headers:getAtIndex("set-cookie", i - 1)
  end
  headers:remove("set-cookie")
  for _, cookie in ipairs(cookies) do
    if cookie:sub(1, <LENGTH>) == "<NAME>=" and not cookie:lower():find("expires=", 1, true) then
      local date = os.date("!%a, %d-%b-%y %H:%M:%S GMT", os.time() + <SECONDS>)
      <CHANGE>
    end
    headers:add("set-cookie", cookie)
  end
end
""")
_HEAD = "function envoy_on_response(handle)\n  local headers = handle:headers()\n"
_COOKIES = _pattern("""\
  local cookies = {}
  for i = 0, headers:getNumValues("set-cookie") - 1 do
    cookies[i + 1] = headers:getAtIndex("set-cookie", i)
  end
  headers:remove("set-cookie")
  for _, cookie in ipairs(cookies) do
    if cookie:match("^[^=]*") ~= <OWN> then
<CHANGES>    end
    headers:add("set-cookie", cookie)
  end
""")
_PATH = _pattern("""\
      cookie = cookie:gsub("(;%s*[Pp][Aa][Tt][Hh]%s*=%s*)([^;]*)", function(name, path)
        local old, new = <OLD>, <NEW>
        if path:sub(1, #old) == old then return name .. new .. path:sub(#old + 1) end
      end)
""")
_DOMAIN = _pattern("""\
      cookie = cookie:gsub("(;%s*[Dd][Oo][Mm][Aa][Ii][Nn]%s*=%s*%.?)([^;]*)", function(name, domain)
        if domain:lower() == <OLD> then return name .. <NEW> end
      end)
""")
