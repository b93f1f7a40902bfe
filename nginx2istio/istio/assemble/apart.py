"""Which hosts a client may ask for on a connection to the TLS server of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nginx2istio.base.records import record
from nginx2istio.istio.assemble.tls_servers import TlsNames, TlsServer, parent


@record(frozen=True, slots=True)
class Apart:
    """Names of a host that a client may ask for on connections to another server.

    ``sure``: a certificate of that server is known to cover one of them.
    """

    names: TlsNames
    server: TlsServer
    sure: bool


def apart(every: Sequence[TlsNames], all_pairs: bool = False) -> Iterator[Apart]:
    """Pairs of a host and a server of others on whose connections it may be asked for.

    Nothing is known of a certificate that was not read but the hosts that it is meant for; it may
    be one for their whole domain. The server for all other names takes clients that name none.

    A large estate has a server for each namespace and certificate of a domain. Unless
    ``all_pairs``, a host gets of those without a star, whose answer is one, only a few; among them
    is that with the first host.
    """
    covering, possible = _Index(all_pairs), _Index(all_pairs)
    for at in every:
        if at.server is None:
            continue
        for name in at.server.names:
            covering.add(name, at.server)
        for name in at.names:
            for domain in () if at.server.known else _domains(name):
                possible.add(domain, at.server)
            if name == "*":
                possible.add("*", at.server)
    for at in every:
        sure: dict[int, TlsServer] = {}
        maybe = possible.others("*", at)
        for name in at.names:
            for good in (name.lower(), f"*.{parent(name.lower())}"):
                sure |= covering.others(good, at)
            for domain in _domains(name):
                maybe |= possible.others(domain, at)
        for key, server in {**sure, **maybe}.items():
            yield Apart(at, server, key in sure)


_Kind = tuple[str, bool]
"""A Gateway, and whether a server asks for client certificates."""
_Alike = Mapping[_Kind, list[TlsServer]]


class _Index:
    """By name: of each Gateway and kind two servers, as every host is apart from one of them."""

    def __init__(self, all_pairs: bool):
        self._all_pairs = all_pairs
        self._servers: dict[str, dict[_Kind, list[TlsServer]]] = {}
        self._examples: dict[str, _Alike] = {}

    def add(self, name: str, server: TlsServer) -> None:
        alike = self._servers.setdefault(name, {}).setdefault((server.gateway, server.mutual), [])
        if len(alike) < 2 and server not in alike:
            alike.append(server)

    def others(self, name: str, at: TlsNames) -> dict[int, TlsServer]:
        """Of the servers of each Gateway and kind the first that is not the host's own."""
        by_kind: _Alike | None = self._servers.get(name)
        if by_kind is None:
            return {}
        if not self._all_pairs:
            if name not in self._examples:
                self._examples[name] = _examples(by_kind)
            every, by_kind = by_kind, self._examples[name]
            own = (at.server.gateway, at.server.mutual) if at.server else ("", False)
            if own in every and own not in by_kind:
                by_kind = {**by_kind, own: every[own]}
        out = {}
        for alike in by_kind.values():
            for server in alike:
                if server is not at.server:
                    out[id(server)] = server
                    break
        return out


def _examples(by_kind: _Alike) -> _Alike:
    """The servers with a star, and of the others, of either kind, those with the first hosts.

    Two, as the first may be a host's own.
    """
    plain = [kind for kind, alike in by_kind.items() if not any(s.stars for s in alike)]
    plain.sort(key=lambda kind: by_kind[kind][0].first_host)
    left_out = {*[k for k in plain if k[1]][2:], *[k for k in plain if not k[1]][2:]}
    return {kind: alike for kind, alike in by_kind.items() if kind not in left_out}


def _domains(name: str) -> Iterator[str]:
    """The domains that a name belongs to: its own, and the one that it is a child of."""
    if name.startswith("*."):
        yield name[2:].lower()
    elif name != "*":
        yield name.lower()
        if "." in parent(name):
            yield parent(name).lower()
