"""Which hosts share a TLS server of the gateway.

nginx goes by the Host header, whatever name a connection was opened for, and a browser uses a
connection for every host that its certificate covers. Pilot makes a route table for each TLS server
of a Gateway (``gatewayRDSRouteName``), and one certificate answers for all names of a server, or
two, of which Envoy takes the one that covers the name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from nginx2istio.base.records import record
from nginx2istio.istio.assemble.virtual_host import VirtualHost
from nginx2istio.istio.edits import Alias, GatewayField, OtherHost, TlsRoute
from nginx2istio.istio.fields import frozen, merge_field
from nginx2istio.istio.objects import Object


@dataclass(slots=True, eq=False)
class TlsServer:
    """A server of a Gateway for TLS: its settings without the certificate, and its hosts.

    ``names`` are what its certificates are known to be good for; that is all when ``known``.
    """

    settings: Object
    virtual_hosts: list[VirtualHost]
    credentials: list[str]
    names: set[str] = field(default_factory=set)
    known: bool = True
    gateway: str = ""
    first_host: str = ""
    stars: list[tuple[str, VirtualHost]] = field(default_factory=list)
    """Its names with a star, each with its host."""

    @property
    def tls(self) -> Object:
        """The ``tls`` of the Gateway's server."""
        mode, others = {"mode": self.settings["mode"]}, dict(self.settings)
        del others["mode"]
        if len(self.credentials) > 1:
            return {**mode, "credentialNames": self.credentials, **others}
        named = {"credentialName": self.credentials[0]} if self.credentials else {}
        return {**named, **mode, **others} if self.mutual else {**mode, **named, **others}

    @property
    def mutual(self) -> bool:
        """Whether it asks clients for a certificate."""
        return "MUTUAL" in self.settings["mode"]


@record(frozen=True, slots=True)
class TlsNames:
    """The names that a host has at its TLS server, with the server (None: TLS passes through)."""

    virtual_host: VirtualHost
    names: tuple[str, ...]
    server: TlsServer | None


def names_of(virtual_host: VirtualHost) -> list[tuple[str, bool]]:
    """(name, whether it is served on https) of a host and its other names."""
    tls = 443 in virtual_host.ports
    others = [edit for edit in virtual_host.edits if isinstance(edit, Alias | OtherHost)]
    return [(virtual_host.host, tls), *((edit.name, tls and edit.tls) for edit in others)]


def passes(virtual_host: VirtualHost) -> bool:
    """Whether TLS of the host goes on unopened."""
    return any(isinstance(edit, TlsRoute) for edit in virtual_host.edits)


def parent(name: str) -> str:
    """The domain that a wildcard for the name would be of."""
    return name.partition(".")[2]


MOST_CERTIFICATES = 2
"""How many certificates a server may have: ``credentialNames`` takes two."""


def tls_servers(virtual_hosts: Iterable[VirtualHost]) -> list[TlsNames]:
    """The TLS server of each host. A name stands in one only: pilot skips a second one."""
    claimed: set[str] = set()
    nodes: dict[Any, TlsServer] = {}
    placed: list[tuple[VirtualHost, tuple[str, ...], Any]] = []
    for virtual_host in sorted(virtual_hosts, key=lambda host: (host.namespace, host.gateway)):
        if passes(virtual_host):
            claimed.add(virtual_host.host)
            placed.append((virtual_host, (virtual_host.host,), None))
            continue
        named = names_of(virtual_host)
        names = tuple(dict.fromkeys(name for name, tls in named if tls and name not in claimed))
        if not names:
            continue
        claimed.update(names)
        settings = tls_settings(virtual_host)
        # A wildcard that is not in the server would give its routes to the others in the Gateway.
        alone = any("*" in name and not tls for name, tls in named)
        key = frozen([settings, virtual_host.credential, virtual_host.host if alone else ""])
        credentials = [virtual_host.credential] if virtual_host.credential else []
        node = nodes.setdefault(key, TlsServer(settings, [], credentials))
        node.virtual_hosts.append(virtual_host)
        node.names.update(name.lower() for name in virtual_host.certificate_names)
        node.known &= virtual_host.certificate_known
        placed.append((virtual_host, names, key))
    _share_names(nodes.values())
    servers = _merged(nodes, placed)
    distinct = {id(s): s for s in servers.values()}.values()
    for server in distinct:  # a certificate that was not read is meant for its hosts
        unread = (h for h in server.virtual_hosts if h.secret and not h.certificate_names)
        server.names.update(host.host.lower() for host in unread)
    _share_names(distinct)
    for server in distinct:
        server.gateway = _gateway(server)
        server.first_host = min(host.host for host in server.virtual_hosts)
        server.stars = [(n, host) for host in server.virtual_hosts for n in host.names if "*" in n]
    return [TlsNames(host, names, servers.get(key)) for host, names, key in placed]


def _share_names(servers: Collection[TlsServer]) -> None:
    """What a certificate is good for at one server, it is good for at another."""
    names: dict[str, set[str]] = {}
    for server in servers:
        for credential in server.credentials:
            names.setdefault(credential, set()).update(server.names)
    for server in servers:
        for credential in server.credentials:
            server.names |= names[credential]


def tls_settings(virtual_host: VirtualHost) -> Object:
    """The settings of the TLS server of a host, without its certificate."""
    settings: Object = {"mode": "SIMPLE"}
    for edit in virtual_host.edits:
        if isinstance(edit, GatewayField):
            settings.pop(edit.field.split(".")[0], None)
            merge_field(settings, edit.field, edit.value)
    return settings


def _gateway(server: TlsServer) -> str:
    """The Gateway of a server. That of a wildcard holds nothing else: see VirtualHost.gateway."""
    stars = [h for h in server.virtual_hosts if any("*" in name for name in h.names)]
    order = sorted((h.host != "*", h.gateway) for h in stars or server.virtual_hosts)
    return order[0][1]


def _merged(
    nodes: Mapping[Any, TlsServer],
    placed: Iterable[tuple[VirtualHost, tuple[str, ...], Any]],
) -> dict[Any, TlsServer]:
    """The server of each node: those whose certificates cover each other's names are one."""
    above: dict[Any, Any] = {}

    def root(key: Any) -> Any:
        while key in above:
            key = above[key]
        return key

    for key, covered in _covered(nodes, placed):
        first, second = root(key), root(covered)
        if first != second:
            above[second] = first
    groups: dict[Any, list[Any]] = {}
    for key in nodes:
        groups.setdefault(root(key), []).append(key)
    servers: dict[Any, TlsServer] = {}
    for keys in groups.values():
        for part, credentials in _by_certificates(nodes, keys):
            server = TlsServer(nodes[part[0]].settings, [], credentials)
            for key in part:
                server.virtual_hosts += nodes[key].virtual_hosts
                server.names |= nodes[key].names
                server.known &= nodes[key].known
                servers[key] = server
    return servers


def _by_certificates(
    nodes: Mapping[Any, TlsServer], keys: Sequence[Any]
) -> Iterator[tuple[Sequence[Any], list[str]]]:
    """Nodes that can be one server, with its certificates.

    Where there are too many certificates, those for the same names count as copies of one.
    """
    credentials = sorted({name for key in keys for name in nodes[key].credentials})
    if len(credentials) <= MOST_CERTIFICATES:
        yield keys, credentials
        return
    copies: dict[Any, list[Any]] = {}
    for key in keys:
        node = nodes[key]
        same = frozenset(node.names) if node.known and node.names else key
        copies.setdefault(same, []).append(key)
    first = [min(nodes[key].credentials[0] for key in same) for same in copies.values()]
    if len(copies) <= MOST_CERTIFICATES:
        yield keys, sorted(first)
    else:
        yield from zip(copies.values(), ([name] for name in first), strict=True)


def _covered(
    nodes: Mapping[Any, TlsServer],
    placed: Iterable[tuple[VirtualHost, tuple[str, ...], Any]],
) -> Iterator[tuple[Any, Any]]:
    """Pairs of nodes that can be one server, of which one has a certificate for the other's name.

    Secrets of one name in two namespaces count as copies for hosts of one domain. A server that
    asks for client certificates has one certificate only: older pilots take no second one there.
    """
    by_name: dict[Any, list[Any]] = {}
    joined: set[Any] = set()
    for key, node in nodes.items():
        if node.credentials and not node.mutual and not key[2]:
            for name in sorted(node.names):
                by_name.setdefault((key[0], name), []).append(key)
    copies: dict[Any, Any] = {}
    for virtual_host, names, key in placed:
        if key is None or not nodes[key].credentials or nodes[key].mutual or key[2]:
            continue
        for name in names:
            for covering in (name, f"*.{parent(name)}"):
                good = (key[0], covering.lower())
                others = by_name.get(good, [])
                yield from ((key, other) for other in others[:1])
                if good not in joined:
                    joined.add(good)
                    yield from pairwise(others)
            if virtual_host.secret and not nodes[key].known:
                domain = name.removeprefix("*.") if name.startswith("*.") else parent(name)
                other = copies.setdefault((key[0], virtual_host.secret, domain), key)
                if other != key:
                    yield key, other
