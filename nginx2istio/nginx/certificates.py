"""Which certificate a host really gets (``extractTLSSecretName``, ``createServers``)."""

from __future__ import annotations

from nginx2istio.nginx.ingresses import Ingress
from nginx2istio.nginx.model import Certificate


def covers(name: str, host: str) -> bool:
    """Whether a certificate for ``name`` is good for ``host``: equal, or one label for a star."""
    name, host = name.lower(), host.lower()
    if name == host:
        return True
    return name.startswith("*.") and host.partition(".")[2] == name[2:] and not host.startswith("*")


def certificate(host: str, ingress: Ingress) -> Certificate | None:
    """The certificate that an Ingress gives a host of its rules; None without any tls entry.

    An entry that lists the host decides, even without a secret. Else the controller looks into
    the certificates of the Ingress's other entries for one that covers the host; we see only
    names, so that an entry's hosts stand for its certificate's (``guessed``).
    """
    if not ingress.tls:
        return None
    namespace = ingress.origin.namespace
    for entry in ingress.tls:
        if host.lower() in (h.lower() for h in entry.hosts):
            return Certificate(namespace, entry.secret, entry.origin, False, entry.hosts)
    for entry in ingress.tls:
        if entry.secret and (not entry.hosts or any(covers(h, host) for h in entry.hosts)):
            return Certificate(namespace, entry.secret, entry.origin, True, entry.hosts)
    return Certificate(namespace, "", ingress.tls[0].origin, True)
