"""What hosts need of a Gateway that is there already, and what its servers give them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from nginx2istio.base.records import record
from nginx2istio.istio.assemble.gateways import listed_as
from nginx2istio.istio.assemble.tls_servers import names_of, passes, tls_settings
from nginx2istio.istio.assemble.virtual_host import VirtualHost, within_star
from nginx2istio.istio.objects import NO_TLS_MODE, Object

TLS_PORT = 443


@record(frozen=True, slots=True)
class ServerNeed:
    """That a name of a host is served on a port, for VirtualServices of a namespace.

    ``tls`` are the settings of the TLS server that the conversion would write, none for plain HTTP.
    """

    host: str
    name: str
    namespace: str
    port: int
    tls: Object

    @property
    def certificates(self) -> bool:
        """Whether clients are asked for certificates."""
        return "MUTUAL" in str(self.tls.get("mode", ""))


def server_needs(virtual_hosts: Iterable[VirtualHost]) -> Iterator[ServerNeed]:
    """What hosts need of a Gateway, each name on each port."""
    for virtual_host in virtual_hosts:
        whole: Object = {"mode": "PASSTHROUGH"}
        tls = whole if passes(virtual_host) else tls_settings(virtual_host)
        if virtual_host.credential and tls is not whole:
            tls = {"credentialName": virtual_host.credential, **tls}
        for name, secure in names_of(virtual_host):
            at = virtual_host.host, name, virtual_host.namespace
            if not secure or tls is not whole:
                yield ServerNeed(*at, 80, {})
            if secure:
                yield ServerNeed(*at, TLS_PORT, tls)


def lack(need: ServerNeed, servers: Sequence[Mapping[str, Any]], namespace: str) -> str:
    """What the servers of a Gateway lack for a name, "" for nothing; ``namespace`` is its own."""
    serving = [
        server
        for server in servers
        if (server.get("port") or {}).get("number") == need.port
        and any(_lists(str(entry), need, namespace) for entry in server.get("hosts") or ())
    ]
    if not serving:
        return f"has no server for {need.name} on port {need.port}"
    server = _closest(serving, need)
    tls = server.get("tls") or {}
    if need.port != TLS_PORT:
        return "redirects all requests of port 80 to https" if tls.get("httpsRedirect") else ""
    mode, needed = str(tls.get("mode") or NO_TLS_MODE), str(need.tls["mode"])
    if need.certificates:
        if "MUTUAL" not in mode or mode.startswith("ISTIO"):
            return f"asks no client certificates of {need.name}"
        return "" if _authority(tls) == _authority(need.tls) else "trusts other authorities"
    if mode != needed:
        return f"serves {need.name} with TLS mode {mode}, not {needed},"
    return ""


def shadowed(
    names: Iterable[str], every_name: Iterable[str], servers: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Names that a server lists, and that are below a wildcard of ``every_name``.

    Pilot adds the routes of a VirtualService for ``*.x`` to every host under it that the server
    names (``pickMatchingGatewayHosts``).
    """
    stars = [name for name in every_name if name.startswith("*")]
    listed = {
        str(entry).rpartition("/")[2] for server in servers for entry in server.get("hosts") or ()
    }
    for name in names:
        if name in listed and any(within_star(star, name) for star in stars):
            yield name


def _lists(entry: str, need: ServerNeed, namespace: str) -> bool:
    """Whether an entry ``[namespace/]name`` of a server's hosts is for a VirtualService's host."""
    space, slash, name = entry.rpartition("/")
    spaces = {"*": need.namespace, ".": namespace}
    if slash and spaces.get(space, space) != need.namespace:
        return False
    return name.lower() in set(listed_as(need.name.lower()))


def _closest(servers: Sequence[Mapping[str, Any]], need: ServerNeed) -> Mapping[str, Any]:
    """The server that lists the longest name: Envoy takes the closest one of the SNI."""
    order = list(listed_as(need.name.lower()))

    def rank(server: Mapping[str, Any]) -> int:
        names = {str(entry).rpartition("/")[2].lower() for entry in server.get("hosts") or ()}
        return min((order.index(name) for name in names if name in order), default=len(order))

    return min(servers, key=rank)


def _authority(tls: Mapping[str, Any]) -> str:
    """Where the certificates of authorities are: Istio looks at ``NAME-cacert``, too."""
    return str(tls.get("caCertCredentialName") or tls.get("credentialName") or "")
