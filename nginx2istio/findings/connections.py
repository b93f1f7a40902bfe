"""Findings about requests for a host on a TLS connection that was opened for another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.istio.assemble.misdirected import MISDIRECTED, Reuse
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Origin
from nginx2istio.rule import Message, Requests

OVER_TLS = (Requests(scheme="https"),)
COMES_AGAIN = Message(
    "N2I046",
    "approximated",
    "info",
    "Reused connection is answered 421",
    "nginx answers for this host on TLS connections that were opened for {other}. The gateway "
    "answers 421, and browsers then open a new connection.",
    "Check clients other than browsers that reuse connections.",
    frozenset({"routing", "status"}),
    OVER_TLS,
)
NOT_FOUND = Message(
    "N2I047",
    "unsupported",
    "error",
    "Reused connection is answered 404",
    "The certificate of {other} covers this host, too, so browsers use one connection for both. "
    "nginx answers for both, but the gateway answers 404 for this host.",
    "Give both hosts the same TLS Secret and TLS settings. Or convert with --envoy-filters: "
    "browsers then get 421, and open a new connection.",
    frozenset({"routing", "status"}),
    OVER_TLS,
)
NOT_READ = Message(
    "N2I048",
    "approximated",
    "info",
    "Certificate that may cover other hosts",
    "The input lacks the certificate of {other}. If it covers this host, too, browsers use one "
    "connection for both, and the gateway answers 404 for this host.",
    "Add the TLS Secrets to the input: only the names in their certificates are read. "
    "Or give both hosts the same Secret.",
    frozenset({"routing", "status"}),
    OVER_TLS,
)
OTHER_STATUS = Message(
    "N2I049",
    "approximated",
    "info",
    "Other status on a reused connection",
    "On a TLS connection that was opened for {other}, nginx refuses requests for this host. "
    "The gateway {does}.",
    aspects=frozenset({"routing", "status", "response-headers"}),
    requests=OVER_TLS,
)
MESSAGES = (COMES_AGAIN, NOT_FOUND, NOT_READ, OTHER_STATUS)


def findings(reuses: Iterable[Reuse], config: NginxConfig) -> Iterator[PlacedFinding]:
    """The worst that is to be said about each host, with one other host as an example."""
    worst: dict[str, tuple[int, Reuse]] = {}
    for reuse in reuses:
        rank = _rank(reuse)
        at = worst.get(reuse.host)
        if at is None or (rank, reuse.other) < (at[0], at[1].other):
            worst[reuse.host] = rank, reuse
    servers = {"*" if s.host == "_" else s.host: s for s in config.servers}
    for host, (rank, reuse) in worst.items():
        server = servers.get(host)
        if server is None:  # the default certificate's
            continue
        origin = server.ingresses[0] if server.ingresses else Origin()
        message = (NOT_FOUND, NOT_READ, COMES_AGAIN, OTHER_STATUS)[rank]
        does = f"refuses them with {reuse.status}" if reuse.status else "answers them"
        other = {"*": "an unknown host", host: "another name of it"}.get(reuse.other, reuse.other)
        facts = {"other": other, "does": does}
        yield placed(message, origin, (server.host, *server.aliases), **facts)


def _rank(reuse: Reuse) -> int:
    if reuse.mutual or reuse.passed:
        return 3
    if reuse.status == MISDIRECTED:
        return 2
    return 0 if reuse.sure else 1
