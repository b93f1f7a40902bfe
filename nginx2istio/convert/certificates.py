"""The certificate that a host presents at the gateway, and the ports on which it is served."""

from __future__ import annotations

from nginx2istio.base.memo import memo
from nginx2istio.base.options import Options
from nginx2istio.bridge.secrets import secret_name
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.keys.other_programs import other_program
from nginx2istio.nginx.model import Certificate, Server


def credential(server: Server, config: NginxConfig, options: Options) -> str:
    """The name, at the gateway, of the Secret with a host's certificate."""
    if server.certificate and server.certificate.secret:
        return secret_name(server.certificate.namespace, server.certificate.secret, options)
    return default_credential(config, options)


def default_credential(config: NginxConfig, options: Options) -> str:
    """The name, at the gateway, of the Secret with the certificate for all other hosts, or ""."""
    namespace, _, name = config.controller.default_ssl_certificate.partition("/")
    return secret_name(namespace, name, options) if name else ""


def all_names_known(certificate: Certificate, config: NginxConfig) -> bool:
    """Whether it is good for no other names: it was read, or made for its tls entry."""
    return certificate.read or certificate.origin.object in _issued(config)


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


@memo
def _issued(config: NginxConfig) -> frozenset[str]:
    """The Ingresses for whose tls entries cert-manager makes certificates."""
    prefix = config.controller.annotations_prefix
    return frozenset(
        setting.origin.object
        for ingress in config.other_annotations
        for setting in ingress.settings
        if other_program(setting.key, prefix) == ("cert-manager", "cert-manager")
    )
