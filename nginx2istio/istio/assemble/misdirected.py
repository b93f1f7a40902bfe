"""What answers a request for a host on a connection to another TLS server: 421 where possible.

A client that gets 421 asks again on a new connection (RFC 9110, 15.5.20).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from nginx2istio.base.records import record
from nginx2istio.istio.assemble.apart import Apart, apart
from nginx2istio.istio.assemble.tls_servers import TlsNames, TlsServer, parent
from nginx2istio.istio.assemble.virtual_host import GatewayRef
from nginx2istio.istio.edits import HostRoute, Phase
from nginx2istio.istio.envoy.filters import answer_for_others, new_envoy_filter
from nginx2istio.istio.objects import Object
from nginx2istio.istio.re2 import authority_regex

MISDIRECTED = 421
WHOLE_DOMAIN = 32
"""From so many names of a domain on, an EnvoyFilter names the domain."""
MOST_CHARACTERS = 900
"""Characters of a pattern with several hosts: Envoy warns of large ones."""


@record(frozen=True, slots=True)
class Reuse:
    """That a client may ask for a host on a connection to another one, and the gateway's answer.

    ``other`` is the host itself where the connection is for another name of it.
    ``status`` is 421 or 404, or 0 where the host answers. ``sure`` as in ``Apart``. ``mutual``:
    one of the two asks for client certificates. ``passed``: TLS of the host goes on unopened.
    """

    host: str
    other: str
    status: int
    sure: bool = True
    mutual: bool = False
    passed: bool = False


@dataclass(slots=True)
class Misdirected:
    """The routes of wildcard hosts by host, the names that each Gateway lacks, and the answers.

    ``reuses`` are examples: of each host, the first other host for each answer is among them.
    """

    routes: dict[str, list[HostRoute]] = field(default_factory=dict)
    lacking: dict[str, set[str]] = field(default_factory=dict)
    reuses: list[Reuse] = field(default_factory=list)

    def filters(self, target: GatewayRef) -> Iterator[Object]:
        """The EnvoyFilter for the names that Gateways lack."""
        patches = [
            answer_for_others(f"{target.namespace}/{gateway}", 443, patterns, MISDIRECTED)
            for gateway, names in sorted(self.lacking.items())
            if (patterns := list(_patterns(_by_domain(names))))
        ]
        if patches:
            yield new_envoy_filter("misdirected", "other-connections", patches, target)


def misdirected(secure: Sequence[TlsNames], by_filter: bool) -> Misdirected:
    """What answers requests for each host at the TLS servers of others.

    ``by_filter``: an EnvoyFilter may answer where no route can.
    """
    out = Misdirected()
    below: dict[str, set[str]] = {}
    for pair in apart(secure):
        known = True
        for name in pair.names.names:
            star = _wildcard(name, pair.server)
            if star:
                below.setdefault(star, set()).add(name)
            known &= bool(star) or by_filter
        out.reuses.append(_reuse(pair, MISDIRECTED if known else 404))
    for pair in apart(secure, all_pairs=True) if by_filter else ():
        names_there = {name for name in pair.names.names if not _wildcard(name, pair.server)}
        out.lacking.setdefault(pair.server.gateway, set()).update(names_there)
    for host, names in below.items():
        out.routes[host] = [
            HostRoute(
                Phase.SERVER,
                {"authority": {"regex": pattern}},
                {"directResponse": {"status": MISDIRECTED}},
                port=443,
            )
            for pattern in _patterns(names)
        ]
    out.reuses += _mutual(secure)
    return out


def _reuse(pair: Apart, status: int) -> Reuse:
    own, host = pair.names.server, pair.names.virtual_host.host
    mutual = pair.server.mutual or (own is not None and own.mutual)
    return Reuse(host, pair.server.first_host, status, pair.sure, mutual, own is None)


def _mutual(secure: Iterable[TlsNames]) -> Iterator[Reuse]:
    """Names that share a server that asks for client certificates: nginx answers 421 there."""
    for at in secure:
        if at.server and at.server.mutual:
            host = at.virtual_host.host
            others = [h.host for h in at.server.virtual_hosts if h is not at.virtual_host]
            if others:
                yield Reuse(host, min(others), 0, mutual=True)
            elif len(at.names) > 1 or any("*" in name for name in at.names):
                yield Reuse(host, host, 0, mutual=True)


def _wildcard(name: str, server: TlsServer) -> str:
    """The host among those of a server that would answer for the name, "" for none."""
    taking = [(star, host) for star, host in server.stars if name.endswith(star[1:])]
    return max(taking, key=lambda star: len(star[0]))[1].host if taking else ""


def _by_domain(names: Iterable[str]) -> set[str]:
    """Names, or their domain as a whole where there are many: the same for many Gateways."""
    counts = Counter(map(parent, names := list(names)))
    return {f"*.{parent(name)}" if counts[parent(name)] >= WHOLE_DOMAIN else name for name in names}


def _patterns(names: Iterable[str]) -> Iterator[str]:
    """Regular expressions for the Host headers of names, with any port."""
    part: list[str] = []
    for name in sorted(names):
        text = re.escape(name).replace(r"\*", "[^.]+")
        if part and sum(map(len, part)) + len(text) > MOST_CHARACTERS:
            yield authority_regex(part)
            part = []
        part.append(text)
    if part:
        yield authority_regex(part)
