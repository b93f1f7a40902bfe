"""To which host of an estate a logged request went, and what decides about it there."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from nginx2istio.base.addresses import IpNetwork
from nginx2istio.istio.serve.gateway_config import most_specific
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import DEFAULT_SERVER, Server
from nginx2istio.nginx.serve.choose import BadHost, choose_location, choose_server, host_name
from nginx2istio.nginx.uri import BadTarget, normalized_text
from nginx2istio.verify.decisions import HostDecisions, host_decisions
from nginx2istio.verify.path_classes import PathClass
from nginx2istio.verify.proof import host_names
from nginx2istio.verify.sides import Sides
from nginx2istio.verify.traffic.finding_predicates import FindingPredicates
from nginx2istio.verify.traffic.path_reader import PathMatches, PathReader

_MOST_HOSTS = 1 << 16
"""Different Host headers that are remembered at a time: scanners make up any number."""
_NOBODY = Server(DEFAULT_SERVER, ())


@dataclass(slots=True)
class PathDecisions:
    """What is looked at besides the path, for a class of paths of a host.

    ``headers`` and ``cookies`` are names in lower case; ``upstream`` is the controller's name of
    the backend, "" without one.
    """

    networks: tuple[IpNetwork, ...]
    headers: frozenset[str]
    cookies: frozenset[str]
    upstream: str

    def inside(self, address: str) -> tuple[bool, ...]:
        """For each network that some list names, whether an address is of it."""
        return _inside(self.networks, address)


@lru_cache(maxsize=1 << 16)
def _inside(networks: tuple[IpNetwork, ...], address: str) -> tuple[bool, ...]:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return ()
    return tuple(known in network for network in networks)


@dataclass(slots=True)
class HostReader:
    """One host, or all names that both sides treat alike: what decides there.

    ``key`` is the same in each part of a run; ``name`` is the first such name that came.
    """

    key: str
    server: Server
    name: str
    decisions: HostDecisions
    paths: PathReader
    secure: bool
    _known: dict[PathMatches, PathDecisions] = field(default_factory=dict)

    def at(self, matches: PathMatches, path: str) -> PathDecisions:
        """What is looked at for a class of paths, of which ``path`` is one."""
        known = self._known.get(matches)
        if known is None:
            known = self._known[matches] = self._decisions(path)
        return known

    def _decisions(self, path: str) -> PathDecisions:
        values = self.decisions.values(PathClass(frozenset(), path))
        names = [name[7:] for name in values.of if name.startswith("header ")]
        cookies = (text.partition("=")[0] for text in values.of.get("header cookie", ()))
        return PathDecisions(
            tuple(_networks(values.of.get("source", {}))),
            frozenset(names) - {"cookie", "authorization"},
            frozenset(cookies),
            self._upstream(path),
        )

    def _upstream(self, path: str) -> str:
        try:
            location = choose_location(self.server, normalized_text(path))
        except (BadTarget, re.error):
            return ""
        return location.upstream if location else ""


def _networks(names: Iterable[str]) -> Iterable[IpNetwork]:
    for name in names:
        try:
            yield ipaddress.ip_network(name, strict=False)
        except ValueError:
            continue


class EstateReader:
    """All hosts of an estate; a reader is made when a request first goes to its host.

    ``predicates`` are what the report's findings ask of requests.
    """

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self.predicates = FindingPredicates(sides.findings)
        self._domains = sides.gateway.all_hosts
        self._readers: dict[tuple[str, str], HostReader] = {}
        self._by_text: dict[str, HostReader | None] = {}
        self._with_upstream: dict[str, list[HostReader]] = {}
        self._by_upstream = _by_upstream(sides.config)
        self._certified = sides.config.certified_hosts

    def host(self, text: str) -> HostReader | None:
        """The reader of a Host header; None for what nginx refuses."""
        if text in self._by_text:
            return self._by_text[text]
        if len(self._by_text) >= _MOST_HOSTS:
            self._by_text.clear()
        reader = self._by_text[text] = self._host(text)
        return reader

    def _host(self, text: str) -> HostReader | None:
        try:
            name = host_name(text)
        except BadHost:
            return None
        server = choose_server(self._sides.config, name)[0] or _NOBODY
        domain = most_specific(self._domains, name) or ""
        known = self._readers.get((server.host, domain))
        if known is None:
            known = self._readers[server.host, domain] = self._reader(server, name, domain)
        return known

    def hosts_of(self, upstream: str) -> list[HostReader]:
        """The readers of all hosts that pass some path on to a backend, in the order of names."""
        known = self._with_upstream.get(upstream)
        if known is None:
            readers = map(self.host, self._by_upstream.get(upstream, ()))
            known = self._with_upstream[upstream] = [r for r in readers if r is not None]
        return known

    def _reader(self, server: Server, name: str, domain: str) -> HostReader:
        decisions = host_decisions(self._sides, server, name)
        mesh = self._sides.gateway.mesh.get("pathNormalization", {})
        paths = PathReader(decisions.patterns, str(mesh.get("normalization", "BASE")))
        return HostReader(
            f"{server.host} {domain}",
            server,
            name,
            decisions,
            paths,
            server.host in self._certified,
        )


def _by_upstream(config: NginxConfig) -> Mapping[str, tuple[str, ...]]:
    """By the controller's name of a backend, one name of each host that has a path to it."""
    names: dict[str, set[str]] = {}
    for server in config.servers:
        for upstream in {location.upstream for location in server.locations}:
            names.setdefault(upstream, set()).add(next(host_names(server)))
    return {upstream: tuple(sorted(hosts)) for upstream, hosts in names.items() if upstream}
