"""Requests that show, before DNS moves, how the new gateway answers: one curl line each.

Everything here is read from the objects, as the gateway will.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import re2  # type: ignore[import-untyped]

Object = Mapping[str, Any]
PATHS = 3
"""How many paths of a host are tried."""


@dataclass(frozen=True, slots=True)
class Check:
    """A request and what must come back: ``status`` 0 and ``location`` "" where it isn't certain."""  # noqa: E501

    host: str
    url: str
    command: str
    status: int = 0
    location: str = ""


def checks(objects: Sequence[Object], trial: bool) -> Iterator[Check]:
    """The requests for every host, over http and https as served.

    In a ``trial`` no certificate covers the names, so that curl does not look at it.
    """
    secure = _secure(objects)
    guarded = {h for o in objects if o["kind"] == "AuthorizationPolicy" for h in _policy_hosts(o)}
    ends = tuple(h[1:] for h in guarded if h.startswith("*"))
    patched = any(o["kind"] == "EnvoyFilter" for o in objects)
    for obj in objects:
        if obj["kind"] != "VirtualService":
            continue
        for name in obj["spec"]["hosts"]:
            certain = not patched and name not in guarded and not name.endswith(ends)
            mode = secure.get(name, "")
            for port, scheme in ((80, "http"), (443, "https")):
                if scheme == "https" and not mode:
                    continue
                for path in _paths(obj):
                    known = certain and (port == 80 or mode == "SIMPLE")
                    yield _check(name, scheme, port, path, obj if known else None, trial)


def _check(
    name: str, scheme: str, port: int, path: str, service: Object | None, trial: bool
) -> Check:
    host = _sample(name)
    status, location = answer(service, host, port, path) if service else (0, "")
    url = f"{scheme}://{host}{quote(path, safe='/%:@!$&()*+,;=~-._')}"
    words = ["curl", "-sS", *(["-k"] if trial else []), "-o", "/dev/null"]
    command = (
        f"{shlex.join(words)} -w '%{{http_code}} %{{redirect_url}}\\n'"
        f' --resolve {shlex.quote(f"{host}:{port}:")}"$GATEWAY" {shlex.quote(url)}'
    )
    return Check(name, url, command, status, location)


def _secure(objects: Iterable[Object]) -> dict[str, str]:
    """Host -> TLS mode of the Gateway server that it is in."""
    found: dict[str, str] = {}
    for obj in objects:
        for server in obj["spec"]["servers"] if obj["kind"] == "Gateway" else ():
            if "tls" in server:
                mode = str(server["tls"].get("mode", ""))
                found |= {h.partition("/")[2]: mode for h in server["hosts"]}
    return found


def _policy_hosts(policy: Object) -> Iterator[str]:
    for rule in policy["spec"].get("rules") or ():
        operations = [to.get("operation", {}) for to in rule.get("to") or ()]
        for operation in operations or [{}]:
            yield from (h.partition(":")[0] for h in operation.get("hosts") or ("*",))


def _sample(name: str) -> str:
    if name == "*":
        return "no-such-host.example"
    return f"n2i-test{name[1:]}" if name.startswith("*.") else name


def _paths(service: Object) -> list[str]:
    """``/`` and the longest paths that the routes name as they are."""
    named = {
        value
        for route in service["spec"].get("http") or ()
        for match in route.get("match") or ()
        for kind, value in (match.get("uri") or {}).items()
        if kind in ("exact", "prefix") and value.startswith("/")
    }
    return ["/", *sorted(named - {"/"}, key=lambda p: (-len(p), p))[: PATHS - 1]]


def answer(service: Mapping[str, Any], host: str, port: int, path: str) -> tuple[int, str]:
    """The (status, Location) of a bare GET, where the routes say it for certain; else (0, "")."""
    for route in service["spec"].get("http") or ():
        found = [_matches(m, host, port, path) for m in route.get("match") or [{}]]
        if True in found:
            return _answered(route, host, port, path)
        if None in found:
            break
    return 0, ""


def _matches(match: Mapping[str, Any], host: str, port: int, path: str) -> bool | None:
    """Whether a bare GET matches; None when that can't be said."""
    unknown = False
    for field, value in match.items():
        said: bool | None = None
        if field == "uri":
            said = _equals(value, path)
        elif field == "authority":
            said = _equals(value, host)
        elif field == "method":
            said = _equals(value, "GET")
        elif field == "port":
            said = value == port
        elif field == "headers":
            said = False if all(_asks_more(name, v) for name, v in value.items()) else None
        elif field == "queryParams":
            said = False
        if said is False:
            return False
        unknown = unknown or said is None
    return None if unknown else True


def _asks_more(name: str, value: Mapping[str, str]) -> bool:
    """Whether a match wants a header that a bare request does not have."""
    return name.lower() not in ("host", "user-agent", "accept") and not name.startswith((":", "x-"))


def _equals(value: Mapping[str, str], text: str) -> bool | None:
    for kind, wanted in value.items():
        if kind == "exact":
            return wanted == text
        if kind == "prefix":
            return text.startswith(wanted)
        if kind == "regex":
            return bool(re2.fullmatch(wanted, text))
    return None


def _answered(route: Mapping[str, Any], host: str, port: int, path: str) -> tuple[int, str]:
    if "directResponse" in route:
        status = int(route["directResponse"]["status"])
        sent = route.get("headers", {}).get("response", {}).get("set", {})
        location = str(sent.get("Location", "")).replace("%%", "\0")
        plain = "%" not in location and location.startswith(("http://", "https://"))
        return status, location.replace("\0", "%") if plain else ""
    if "redirect" not in route:
        return 0, ""
    to = route["redirect"]
    status = int(to.get("redirectCode", 301))
    if to.keys() - {"uri", "authority", "scheme", "redirectCode"}:
        return status, ""
    scheme = to.get("scheme") or ("https" if port == 443 else "http")
    return status, f"{scheme}://{to.get('authority') or host}{to.get('uri') or path}"
