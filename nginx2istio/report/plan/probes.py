"""Requests that show how the new gateway answers before DNS moves: one curl line each.

They are worked out from the objects alone, as the gateway reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import re2  # type: ignore[import-untyped]

from nginx2istio.base.shell import shell_word, shell_words
from nginx2istio.istio.assemble.gateways import listed_as
from nginx2istio.istio.objects import Object

_QUIET = re2.Options()
_QUIET.log_errors = False
_PATHS_TRIED = 3
"""The number of paths of a host that are tried."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A request and its response: ``status`` 0 and ``location`` "" are not certain."""

    host: str
    url: str
    command: str
    status: int = 0
    location: str = ""


def probes(objects: Sequence[Object], trial: bool, gateway: str = "GATEWAY") -> Iterator[Probe]:
    """The requests for every host of a gateway, over http and https as served.

    In a ``trial`` no certificate covers the names: curl does not verify it. ``gateway`` is the
    shell variable with the gateway's address.
    """
    secure = _secure(objects)
    guarded = {h for o in objects if o["kind"] == "AuthorizationPolicy" for h in _policy_hosts(o)}
    ends = tuple(h[1:] for h in guarded if h.startswith("*"))
    patched = any(o["kind"] == "EnvoyFilter" for o in objects)
    words = ["curl", "-sS", *(["-k"] if trial else []), "-o", "/dev/null"]
    asking = f"{shell_words(words)} -w '%{{http_code}} %{{redirect_url}}\\n'"
    for obj in objects:
        if obj["kind"] != "VirtualService":
            continue
        paths = _paths(obj)
        for name in obj["spec"]["hosts"]:
            certain = not patched and name not in guarded and not name.endswith(ends)
            mode = next((secure[n] for n in listed_as(name) if n in secure), "")
            for port, scheme in ((80, "http"), (443, "https")):
                if scheme == "https" and not mode:
                    continue
                known = certain and (port == 80 or mode == "SIMPLE")
                host = _sample(name)
                curl = f'{asking} --resolve {shell_word(f"{host}:{port}:")}"${gateway}" '
                for path in paths:
                    url = f"{scheme}://{host}{_quoted(path)}"
                    answer = expected_answer(obj, host, port, path) if known else (0, "")
                    yield Probe(name, url, curl + shell_word(url), *answer)


def probed(objects: Iterable[Object]) -> Iterator[str]:
    """The hosts that the requests are for."""
    for obj in objects:
        if obj["kind"] == "VirtualService":
            yield from obj["spec"]["hosts"]


@lru_cache(maxsize=4096)
def _quoted(path: str) -> str:
    return quote(path, safe="/%:@!$&()*+,;=~-._", errors="surrogatepass")


def _secure(objects: Iterable[Object]) -> dict[str, str]:
    """The TLS mode of each host's Gateway server, by host."""
    modes: dict[str, str] = {}
    for obj in objects:
        for server in obj["spec"]["servers"] if obj["kind"] == "Gateway" else ():
            if "tls" in server:
                mode = str(server["tls"].get("mode", ""))
                modes |= {h.partition("/")[2]: mode for h in server["hosts"]}
    return modes


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
    return ["/", *sorted(named - {"/"}, key=lambda p: (-len(p), p))[: _PATHS_TRIED - 1]]


def expected_answer(service: Object, host: str, port: int, path: str) -> tuple[int, str]:
    """The (status, Location) of a bare GET, where the routes say it for certain; else (0, "")."""
    for route in service["spec"].get("http") or ():
        unknown = False
        matches: list[Object] = route.get("match") or [{}]
        for match in matches:
            matched = _matches(match, host, port, path)
            if matched:
                return _answer_of(route, host, port, path)
            unknown = unknown or matched is None
        if unknown:
            break
    return 0, ""


def _matches(match: Object, host: str, port: int, path: str) -> bool | None:
    """Whether a bare GET matches; None when that can't be said."""
    if match.get("port", port) != port:
        return False
    unknown = False
    for field, value in match.items():
        matched: bool | None = field == "port" or None
        if field == "uri":
            matched = _equals(value, path)
        elif field == "authority":
            matched = _equals(value, host)
        elif field == "method":
            matched = _equals(value, "GET")
        elif field == "headers":
            matched = False if all(_asks_more(name, v) for name, v in value.items()) else None
        elif field == "queryParams":
            matched = False
        if matched is False:
            return False
        unknown = unknown or matched is None
    return None if unknown else True


def _asks_more(name: str, value: Mapping[str, str]) -> bool:
    """Whether a match needs a header that a bare request does not have."""
    return name.lower() not in ("host", "user-agent", "accept") and not name.startswith((":", "x-"))


def _equals(value: Mapping[str, str], text: str) -> bool | None:
    for kind, pattern in value.items():
        if kind == "exact":
            return pattern == text
        if kind == "prefix":
            return text.startswith(pattern)
        if kind == "regex":
            return _full_match(pattern, text)
    return None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern, options=_QUIET)


def _full_match(pattern: str, text: str) -> bool | None:
    try:
        return bool(_compiled(pattern).fullmatch(text))
    except (re2.error, UnicodeEncodeError):
        return None


def _answer_of(route: Object, host: str, port: int, path: str) -> tuple[int, str]:
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
