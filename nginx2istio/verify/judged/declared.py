"""What a case's Ingresses declare: hosts, paths, other names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, TypeVar
from urllib.parse import unquote

from nginx2istio.verify.judged.exchange import IngressObject

ANY_HOST = "_"  # the server of requests that no declared host takes
GO_TRUE = {"1", "t", "T", "true", "TRUE", "True"}  # as Go's strconv.ParseBool takes them


@lru_cache(maxsize=4096)
def bare_host(host: str | None) -> str:
    """A host without port and trailing dot, in lower case."""
    return re.sub(r":\d*$", "", host or "").rstrip(".").lower()


def host_covers(pattern: str, host: str) -> bool:
    """Whether a host or wildcard covers the (bare) host of a request."""
    pattern = bare_host(pattern)
    if pattern in ("*", host):
        return True
    return pattern.startswith("*.") and host.endswith(pattern[1:])


def path_of(target: str) -> str:
    """The path as it was sent, without scheme, host and query."""
    return re.sub(r"^https?://[^/?#]*", "", target).split("?")[0]


@lru_cache(maxsize=4096)
def readings(target: str) -> frozenset[str]:
    """The ways in which a proxy may read a request target's path: as sent, decoded, tidied."""
    path = path_of(target).split("#")[0] or "/"
    decoded = unquote(path)
    parts = re.sub("/+", "/", "/" + decoded).split("/")[1:]
    tidy: list[str] = []
    for part in parts:
        if part == "..":
            del tidy[-1:]
        elif part != ".":
            tidy.append(part)
    if parts[-1] in (".", ".."):  # a folder, whose slash stays
        tidy.append("")
    return frozenset({path, decoded, "/" + "/".join(tidy)})


def path_covers(pattern: str, types: set[str], regex_host: bool, path: str) -> bool:
    """Whether a path that a finding names covers a request's.

    `types` are the pathTypes with which the request's host declares it. As nginx matches: exactly,
    by segments, or by text; on a host of regexes as a regex, in any case and with any text behind
    it. Of a path that the host does not declare nothing is known: by text or as a regex.
    """
    if pattern == "*":
        return True
    if types and not regex_host:
        return any(_located(pattern, kind, path) for kind in types)
    if not types and path.lower().startswith(pattern.lower()):
        return True
    if not types and pattern.rstrip("/").lower() == path.rstrip("/").lower():
        return True
    try:
        return bool(re.match(pattern, path, re.IGNORECASE))
    except re.error:
        return path.lower().startswith(pattern.lower())


def _located(pattern: str, kind: str, path: str) -> bool:
    """Whether the location of a declared path takes a request's.

    A prefix without its last slash gets nginx's own redirect to it (``proxy_pass``).
    """
    if kind == "Exact":
        return path == pattern
    if kind == "Prefix":
        bare = pattern.rstrip("/")
        return path == bare or path.startswith(bare + "/")
    return path.startswith(pattern) or path + "/" == pattern


Item = TypeVar("Item")


class CoveringHosts(Generic[Item]):
    """What belongs to hosts and wildcards, found by the (bare) hosts that they cover."""

    def __init__(self, items: Iterable[tuple[str, Item]]):
        self._items: dict[str, set[Item]] = {}
        for pattern, item in items:
            self._items.setdefault(bare_host(pattern), set()).add(item)

    def covering(self, host: str) -> set[Item]:
        """What belongs to all that cover a host (`host_covers`)."""
        stars = (f"*{host[i:]}" for i, char in enumerate(host) if char == ".")
        return self.named("*", host, *stars)

    def named(self, *hosts: str) -> set[Item]:
        """What belongs to exactly these hosts and wildcards."""
        return set[Item]().union(*(self._items.get(host, ()) for host in hosts))


PATHS_REMEMBERED = 4096
"""Of so many paths it is kept how specific a declared path they have."""


def _specific(pattern: str, types: set[str], regex_host: bool, path: str) -> tuple[bool, bool, int]:
    """How early the controller puts the location of a path: exact ones first, then by length.

    On a host of regexes an Exact path is one of them (``updateServerLocations``). nginx's own
    redirect to a folder goes behind each path that is declared without the slash.
    """
    to_folder = pattern == path + "/"
    return not regex_host and "Exact" in types and pattern == path, not to_folder, len(pattern)


@dataclass(slots=True)
class Declared:
    """The hosts of a case with their paths, their other names, and which of them match by regex."""

    paths: dict[str, dict[str, set[str]]] = field(default_factory=dict)  # host -> path -> pathTypes
    names: dict[str, set[str]] = field(default_factory=dict)  # alias or www twin -> hosts
    regex: set[str] = field(default_factory=set)
    ingresses: dict[tuple[str, str], set[str]] = field(default_factory=dict)  # -> hosts
    keys: set[str] = field(default_factory=set)  # annotations in use, by short name
    keys_at: dict[str, dict[str, set[str]]] = field(default_factory=dict)  # host -> path -> keys
    weighted: bool = False  # some canary gets a share of the requests
    memory: dict[str | None, set[str]] = field(default_factory=dict, compare=False, repr=False)
    index: tuple[CoveringHosts[str], CoveringHosts[str], set[str]] | None = field(
        default=None, compare=False, repr=False
    )
    """The hosts by other names and by wildcards, and ``_`` if some Ingress has no host, once one is
    asked for."""
    closest: dict[tuple[str, str], tuple[bool, bool, int]] = field(
        default_factory=dict, compare=False, repr=False
    )
    keys_known: dict[tuple[str, str], set[str]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @classmethod
    def of(cls, objects: Iterable[IngressObject]) -> Declared:
        """What the Ingresses among `objects` declare."""
        self = cls()
        for obj in objects:
            if obj.get("kind") == "Ingress":
                self._add(obj)
        return self

    def _add(self, ingress: IngressObject) -> None:
        self.memory.clear()
        self.index = None
        self.closest.clear()
        self.keys_known.clear()
        notes, spec = _annotations(ingress), ingress.get("spec") or {}
        self.keys |= set(notes)
        unsplit = ("0", notes.get("canary-weight-total", "100"))
        self.weighted |= notes.get("canary-weight", "0") not in unsplit
        hosts = set() if spec.get("rules") else {ANY_HOST}
        for rule in spec.get("rules") or []:
            host = bare_host(rule.get("host")) or ANY_HOST
            hosts.add(host)
            paths = self.paths.setdefault(host, {})
            for path in (rule.get("http") or {}).get("paths") or []:
                text = path.get("path") or "/"
                paths.setdefault(text, set()).add(path.get("pathType") or "Prefix")
                self.add_keys(host, text, notes)
            if notes.get("use-regex") in GO_TRUE or "rewrite-target" in notes:
                self.regex.add(host)
            aliases = [a.strip() for a in notes.get("server-alias", "").split(",") if a.strip()]
            if notes.get("from-to-www-redirect") in GO_TRUE:
                bare = host.removeprefix("www.")
                aliases.append(bare if bare != host else "www." + host)
            for alias in aliases:
                self.names.setdefault(bare_host(alias), set()).add(host)
        self.ingresses[_name(ingress)] = hosts

    def located(self, host: str, pattern: str, path: str) -> bool:
        """Whether a path that a finding names covers a request's path on a declared host.

        A declared path covers only what no more specific path of the host takes from it.
        """
        paths, regex = self.paths.get(host, {}), host in self.regex
        if not path_covers(pattern, paths.get(pattern, set()), regex, path):
            return False
        if pattern not in paths:
            return True
        if len(self.closest) >= PATHS_REMEMBERED:
            self.closest.clear()
        if (host, path) not in self.closest:  # which is asked for each finding about the host
            self.closest[host, path] = max(
                _specific(other, types, regex, path)
                for other, types in paths.items()
                if path_covers(other, types, regex, path)
            )
        return _specific(pattern, paths[pattern], regex, path) >= self.closest[host, path]

    def add_keys(self, host: str, path: str, keys: Iterable[str]) -> None:
        """Notes annotations that are in use at a path of a declared host."""
        self.keys_at.setdefault(host, {}).setdefault(path, set()).update(keys)

    def keys_for(self, host: str, target: str) -> set[str]:
        """The annotations in use, by short name, where a request goes.

        Those that ask for client certificates are in use on the whole host.
        """
        known = self.keys_known.get((host, target))
        if known is None:
            if len(self.keys_known) >= PATHS_REMEMBERED:
                self.keys_known.clear()
            known = self.keys_known[host, target] = self._keys_for(host, target)
        return known

    def _keys_for(self, host: str, target: str) -> set[str]:
        at_path, of_host = set[str](), set[str]()
        undeclared = True
        for known in self.hosts_of(host):
            for pattern, keys in self.keys_at.get(known, {}).items():
                of_host |= keys
                if any(self.located(known, pattern, path) for path in readings(target)):
                    at_path |= keys
                    undeclared = False
        if undeclared:  # the controller's own / has the annotations of some Ingress of the host
            return of_host
        return at_path | {key for key in of_host if key.startswith("auth-tls")}

    def hosts_of(self, host: str | None) -> set[str]:
        """The declared hosts under which a request's host is known; ``_`` when there is none.

        Istio's star takes names of any depth. nginx's takes one label (``buildServerName``): deeper
        names belong to whoever takes all others, so what is declared there counts, too.
        """
        if host not in self.memory:
            self.memory[host] = self._hosts_of(host)
        return self.memory[host]

    def _hosts_of(self, host: str | None) -> set[str]:
        if self.index is None:
            others = ((name, host) for name, hosts in self.names.items() for host in hosts)
            declared = ((name, name) for name in self.paths if name.startswith("*."))
            everywhere = {ANY_HOST} & set[str]().union(*self.ingresses.values())
            self.index = CoveringHosts(others), CoveringHosts(declared), everywhere
        names, stars, everywhere = self.index
        host = bare_host(host)
        matching = names.covering(host) | ({host} & self.paths.keys())
        if matching or (matching := stars.named("*" + host[len(host.partition(".")[0]) :])):
            return matching
        return stars.covering(host) | everywhere or {ANY_HOST}


def _name(ingress: IngressObject) -> tuple[str, str]:
    """Its namespace, ``default`` when it names none, and its name."""
    metadata = ingress.get("metadata") or {}
    return metadata.get("namespace") or "default", metadata.get("name") or ""


def _annotations(ingress: IngressObject) -> dict[str, str]:
    """Its annotations of ingress-nginx by short name."""
    given = (ingress.get("metadata") or {}).get("annotations") or {}
    return {name.removeprefix(_PREFIX): str(value) for name, value in given.items()}


_PREFIX = "nginx.ingress.kubernetes.io/"
