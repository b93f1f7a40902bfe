"""Which certificate the controller's Lua has for a name (``certificate.lua``)."""

from __future__ import annotations

from collections.abc import Mapping

from nginx2istio.base.memo import memo
from nginx2istio.nginx.build.certificates import covers
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Certificate, Server, www_twin
from nginx2istio.nginx.serve.variables import Variables


def has_certificate(variables: Variables, name: str) -> bool:
    """Whether there is one for a name, be it the controller's own in place of a Secret's."""
    return _certificate(variables, name) is not None


def self_signed(variables: Variables, name: str) -> bool:
    """Whether a handshake for a name shows the controller's own certificate, as far as is known."""
    if variables.config.controller.flags["default-ssl-certificate"]:
        return False
    shown = _certificate(variables, name)
    if shown is None:
        return True
    known = variables.world.certificates
    if known is None:
        return False
    asked, certificate = shown
    names = known.get(f"{certificate.namespace}/{certificate.secret}", ())
    return not any(covers(own, asked) for own in names)


def _certificate(variables: Variables, name: str) -> tuple[str, Certificate] | None:
    """The certificate of the name itself, else that of its parent's star, with that name."""
    for asked in (name, "*." + name.partition(".")[2]):
        server = _servers(variables.config).get(asked)
        certificate = server.certificate if server else None
        if server and certificate and _pushed(variables, server, asked, certificate):
            return asked, certificate
    return None


def _pushed(variables: Variables, server: Server, name: str, certificate: Certificate) -> bool:
    """Whether the controller uses a host's certificate for one of its names.

    For the host in any case, for aliases and the twin only if it has the name
    (``configureCertificates``, ``BuildRedirects``).
    """
    if name == server.host:
        return True
    known = variables.world.certificates
    secret = f"{certificate.namespace}/{certificate.secret}"
    names = certificate.names if known is None else known.get(secret, ())
    return any(covers(own, name) for own in names)


@memo
def _servers(config: NginxConfig) -> Mapping[str, Server]:
    """The server of each name for which certificates are looked up."""
    servers: dict[str, Server] = {}
    for server in config.servers:
        if server.www:
            servers[www_twin(server.host)] = server
    for server in config.servers:
        for name in (*server.aliases, server.host):
            servers[name.lower()] = server
    return servers
