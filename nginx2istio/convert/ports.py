"""The ports on which the new gateway serves a host."""

from __future__ import annotations

from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Server


def ports(server: Server, config: NginxConfig) -> tuple[int, ...]:
    """Port 80, and 443 where the host has a certificate; nginx serves every host on both.

    A host whose TLS passes through unopened speaks HTTP on port 80 only.
    """
    if server.passthrough:
        return (80,)
    default = config.controller.default_ssl_certificate
    if (server.certificate and server.certificate.secret) or default:
        return (80, 443)
    return (80,)
