"""Which server and which location answer a request (``ngx_http_find_virtual_server`` and on)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from nginx2istio.base.memo import memo
from nginx2istio.base.outcome import Request
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Server, www_twin

_ABSOLUTE = re.compile(r"(?i)https?://([^/?#]*)")
_HOST = re.compile(r"[^\x00-\x20\x7f/]+")


class BadHost(ValueError):
    """A Host header that nginx answers with 400."""


def host_header(request: Request) -> str:
    """The host that is asked for, as sent: that of an absolute target comes before the header."""
    absolute = _ABSOLUTE.match(request.target)
    return absolute[1].rpartition("@")[2] if absolute else request.host


@lru_cache(maxsize=1024)
def host_name(host: str) -> str:
    """The name in a Host header: lower case, no port, no dot at the end. Raises BadHost.

    ``ngx_http_validate_host``.
    """
    if not _HOST.fullmatch(host) or ".." in host:
        raise BadHost(host)
    bare = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
    name = bare.lower().removesuffix(".")
    if not name:
        raise BadHost(host)
    return name


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of all servers: whole ones, stars at the front and the end, regular expressions.

    Aliases with a star are for any depth; a host with a star is a regular expression for one label
    (``buildServerName``). The first pattern in the order of nginx.conf decides.
    """

    whole: Mapping[str, tuple[Server, Literal["own", "twin"]]] = field(default_factory=dict)
    deep: Mapping[str, Server] = field(default_factory=dict)
    tails: Mapping[str, Server] = field(default_factory=dict)
    patterns: tuple[tuple[re.Pattern[str] | None, Server], ...] = ()
    """A pattern that only PCRE reads is None."""


@memo
def _names(config: NginxConfig) -> _Names:
    whole: dict[str, tuple[Server, Literal["own", "twin"]]] = {}
    deep: dict[str, Server] = {}
    tails: dict[str, Server] = {}
    patterns = []
    for server in config.servers:
        if server.www and www_twin(server.host):
            whole.setdefault(www_twin(server.host), (server, "twin"))
    for server in config.servers:
        if server.wildcard:
            patterns.append((_name_pattern(r"^[\w-]+" + re.escape(server.host[1:]) + "$"), server))
        elif server.host != DEFAULT_SERVER:
            whole[server.host.lower()] = (server, "own")
        for alias in server.aliases:
            if alias.startswith("~"):
                patterns.append((_name_pattern(alias[1:]), server))
            elif alias.startswith("*."):
                deep.setdefault(alias[1:].lower(), server)
            elif alias.endswith(".*"):
                tails.setdefault(alias[:-1].lower(), server)
            elif alias.startswith("."):
                deep.setdefault(alias.lower(), server)
                whole.setdefault(alias[1:].lower(), (server, "own"))
            else:
                whole.setdefault(alias.lower(), (server, "own"))
    return _Names(whole, deep, tails, tuple(patterns))


def _name_pattern(text: str) -> re.Pattern[str] | None:
    """A regular expression of a server_name, which matches in any case and anywhere."""
    if "[[:" in text:
        return None
    try:
        return re.compile(text, re.IGNORECASE | re.ASCII)
    except re.error:
        return None


def choose_server(
    config: NginxConfig, name: str
) -> tuple[Server | None, Literal["own", "twin", "unread"]]:
    """The server of a host name, and whether it is only its twin, which redirects to it.

    None where no Ingress is about unknown hosts. "unread": it may be the server, or one after it,
    as only PCRE reads its pattern.
    """
    names = _names(config)
    if name in names.whole:
        return names.whole[name]
    labels = name.split(".")
    for i in range(1, len(labels)):
        server = names.deep.get("." + ".".join(labels[i:]))
        if server is not None:
            return server, "own"
    for i in range(len(labels) - 1, 0, -1):
        server = names.tails.get(".".join(labels[:i]) + ".")
        if server is not None:
            return server, "own"
    for pattern, server in names.patterns:
        if pattern is None:
            return server, "unread"
        if pattern.search(name):
            return server, "own"
    return _default_server(config), "own"


@memo
def _default_server(config: NginxConfig) -> Server | None:
    return next((s for s in config.servers if s.host == DEFAULT_SERVER), None)


def choose_location(server: Server, path: str) -> Location | None:
    """The location of a normalized path: exact, then the longest prefix, or the first regex.

    Raises re.error for a pattern that only PCRE reads.
    """
    prefix: Location | None = None
    for location in server.locations:
        written = as_bytes(location.path)
        if location.match == "exact" and written == path:
            return location
        if (
            location.match == "prefix"
            and path.startswith(written)
            and (prefix is None or len(written) > len(as_bytes(prefix.path)))
        ):
            prefix = location
    if prefix is not None and not server.regex:
        return prefix
    for location in server.locations:
        # Only the first alternative has nginx's ^: it finds the others anywhere in the path.
        if location.match == "regex" and _pattern(location.path).search(path):
            return location
    return prefix


@lru_cache(maxsize=4096)
def as_bytes(text: str) -> str:
    """A text whose characters are the bytes of another in UTF-8: nginx compares bytes."""
    return text.encode().decode("latin-1")


@lru_cache(maxsize=4096)
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("^" + as_bytes(path), re.IGNORECASE | re.ASCII)
