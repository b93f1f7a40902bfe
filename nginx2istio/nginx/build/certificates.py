"""Which certificate a host really gets (``extractTLSSecretName``, ``createServers``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nginx2istio.nginx.build.ingresses import Ingress, KubernetesObject
from nginx2istio.nginx.model import Certificate


def covers(name: str, host: str) -> bool:
    """Whether a certificate for ``name`` is good for ``host``: equal, or one label for a star."""
    name, host = name.lower(), host.lower()
    if name == host:
        return True
    return name.startswith("*.") and host.partition(".")[2] == name[2:] and not host.startswith("*")


CertificateNames = Mapping[tuple[str, str], tuple[str, ...]]
"""What certificates are good for, by namespace and name of the Secret, as far as it is known."""


def names_by_secret(objects: Iterable[KubernetesObject]) -> CertificateNames:
    """The names in the certificates of the Secrets that were read."""
    return {
        (obj.namespace, obj.name): tuple(obj.body["certificateNames"])
        for obj in objects
        if obj.kind == "Secret" and "certificateNames" in obj.body
    }


def certificate(
    host: str, ingress: Ingress, certificate_names: CertificateNames
) -> Certificate | None:
    """The certificate that an Ingress gives a host of its rules; None without any tls entry.

    An entry that lists the host decides, even without a secret. Else the controller looks into
    the certificates of the Ingress's other entries for one that covers the host. Where
    ``certificate_names`` has no certificate, the entry's hosts count as its names (``guessed``).
    """
    if not ingress.tls:
        return None
    namespace = ingress.origin.namespace
    for entry in ingress.tls:
        if host.lower() in (h.lower() for h in entry.hosts):
            names = certificate_names.get((namespace, entry.secret)) or entry.hosts
            return Certificate(namespace, entry.secret, entry.origin, False, names)
    for entry in ingress.tls:
        good_for = certificate_names.get((namespace, entry.secret))
        if good_for is not None:
            if any(covers(name, host) for name in good_for):
                return Certificate(namespace, entry.secret, entry.origin, False, good_for)
        elif entry.secret and (not entry.hosts or any(covers(h, host) for h in entry.hosts)):
            return Certificate(namespace, entry.secret, entry.origin, True, entry.hosts)
    return Certificate(namespace, "", ingress.tls[0].origin, True)
