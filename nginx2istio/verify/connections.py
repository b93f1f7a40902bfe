"""Requests whose connection decides: opened for another host, or with more headers than usual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from nginx2istio.base.memo import memo
from nginx2istio.base.outcome import Request
from nginx2istio.istio.serve.connection import chosen_server
from nginx2istio.istio.serve.gateway_config import GatewayConfig
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.header_buffers import header_buffers_of
from nginx2istio.nginx.model import DEFAULT_SERVER, Server
from nginx2istio.verify.sides import Sides

MANY_HEADERS = 101
"""One more than Envoy takes by default."""
LARGE_HEADER = 61 << 10
"""Bytes of a header that is larger than all headers together that Envoy takes by default."""
_LINE = 100
"""Bytes of a buffer that a header's name and what is around it need less than."""


def member(host: str) -> str:
    """A host name under a star of one label; the host itself where it has none."""
    return host.replace("*", "any", 1) if host.startswith("*.") else host


def on_other_connections(sides: Sides, server: Server, request: Request) -> Iterator[Request]:
    """The request on TLS connections for other hosts whose certificate is good for its host, too.

    One for each of the gateway's servers that such a connection comes to.
    """
    if request.scheme != "https" or server.certificate is None:
        return
    name = request.host.lower()
    own = _place_of(sides.gateway, server, name)
    by_name = _by_certificate(sides.config, sides.gateway)
    for good_for in (name, "*." + name.partition(".")[2]):
        for place, sni in by_name.get(good_for, {}).items():
            if place != own:
                yield replace(request, sni=sni)


def with_many_headers(sides: Sides, server: Server, request: Request) -> Iterator[Request]:
    """The request with a header that nginx just takes, with one over Envoy's limit, with many."""
    _, size = header_buffers_of(sides.config, server)
    for length in (size - _LINE, LARGE_HEADER):
        yield replace(request, headers=(*request.headers, ("x-large", "x" * length)))
    many = tuple((f"x-{n}", "x") for n in range(MANY_HEADERS))
    yield replace(request, headers=(*request.headers, *many))


_TlsPlace = tuple[int, bool]
"""A server of the gateway, by identity, and whether nginx asks for a client certificate there."""


def _place_of(gateway: GatewayConfig, server: Server, name: str) -> _TlsPlace:
    chosen = chosen_server(gateway, Request(scheme="https", sni=name))
    return id(chosen), "auth-tls-secret" in server.settings


@memo
def _by_certificate(
    config: NginxConfig, gateway: GatewayConfig
) -> Mapping[str, Mapping[_TlsPlace, str]]:
    """By the names in certificates: where connections come to that show them, and a host there."""
    servers = [
        (server, server.certificate)
        for server in config.servers
        if server.certificate and not server.passthrough and server.host != DEFAULT_SERVER
    ]
    names: dict[tuple[str, str], set[str]] = {}
    for server, certificate in servers:
        # What is not read is good for the hosts that name it.
        secret = certificate.namespace, certificate.secret
        names.setdefault(secret, set()).update(certificate.names or (server.host,))
    by_name: dict[str, dict[_TlsPlace, str]] = {}
    for server, certificate in servers:
        name = member(server.host)
        place = _place_of(gateway, server, name)
        for good_for in sorted(names[certificate.namespace, certificate.secret]):
            by_name.setdefault(good_for.lower(), {}).setdefault(place, name)
    return by_name
