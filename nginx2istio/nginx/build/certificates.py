"""Which certificate a host really gets (``extractTLSSecretName``, ``createServers``)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from nginx2istio.nginx.build.ingresses import Ingress, KubernetesObject
from nginx2istio.nginx.model import Certificate


def covers(name: str, host: str) -> bool:
    """Whether a certificate for ``name`` is good for ``host``: equal, or one label for a star."""
    name, host = name.lower(), host.lower()
    if name == host:
        return True
    return name.startswith("*.") and host.partition(".")[2] == name[2:] and not host.startswith("*")


@dataclass(frozen=True, slots=True)
class CertificateNames:
    """What certificates are good for, by namespace and name of the Secret, as far as it is known.

    In the ``namespaces`` all were read: others do not exist.
    """

    by_secret: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    namespaces: frozenset[str] = frozenset()


def names_by_secret(
    objects: Iterable[KubernetesObject], complete: Collection[str] = ()
) -> CertificateNames:
    """The names in the certificates of the Secrets that were read.

    In the namespaces that are ``complete`` there are no other Secrets.
    """
    by_secret = {
        (obj.namespace, obj.name): tuple(obj.body["certificateNames"])
        for obj in objects
        if obj.kind == "Secret" and "certificateNames" in obj.body
    }
    return CertificateNames(by_secret, frozenset(complete))


def certificate(
    host: str, ingress: Ingress, certificate_names: CertificateNames
) -> Certificate | None:
    """The certificate that an Ingress gives a host of its rules; None without any tls entry.

    An entry that lists the host decides, even without a secret. Else the controller looks into
    the certificates of the Ingress's other entries for one that covers the host. Where
    ``certificate_names`` has no certificate, the entry's hosts count as its names, or, if no entry
    covers the host by them, it is the first that was not read (``guessed``).
    """
    if not ingress.tls:
        return None
    namespace = ingress.origin.namespace
    read = namespace in certificate_names.namespaces
    for entry in ingress.tls:
        if host.lower() in (h.lower() for h in entry.hosts):
            names = certificate_names.by_secret.get((namespace, entry.secret))
            return Certificate(
                namespace,
                entry.secret,
                entry.origin,
                False,
                names or entry.hosts,
                read or names is not None,
            )
    for entry in ingress.tls:
        good_for = certificate_names.by_secret.get((namespace, entry.secret))
        if good_for is not None:
            if any(covers(name, host) for name in good_for):
                return Certificate(namespace, entry.secret, entry.origin, False, good_for, True)
        elif entry.secret and (not entry.hosts or any(covers(h, host) for h in entry.hosts)):
            return Certificate(namespace, entry.secret, entry.origin, True, entry.hosts)
    for entry in ingress.tls:
        if entry.secret and not read:
            return Certificate(namespace, entry.secret, entry.origin, True, entry.hosts)
    return Certificate(namespace, "", ingress.tls[0].origin, True)
