"""Certificates and keys, made for one run."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

VALID_FOR = datetime.timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    @property
    def certificate_pem(self) -> str:
        """The certificate in PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def certificate_der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> str:
        """The key in PEM."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()


def names_of(der: bytes) -> list[str]:
    """The hosts that a certificate names."""
    extensions = x509.load_der_x509_certificate(der).extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return names.value.get_values_for_type(x509.DNSName)


def make_pair(
    hosts: Sequence[str],
    issuer: Pair | None = None,
    authority: bool = False,
) -> Pair:
    """A certificate for `hosts`, signed by `issuer` or itself; `authority`: it may sign others."""
    key = ec.generate_private_key(ec.SECP256R1()) if authority else _key()
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Acme Co"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0][:60]),
        ]
    )
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(h) for h in hosts]), False)
    )
    if authority or issuer:
        builder = builder.add_extension(x509.BasicConstraints(authority, None), True)
    return Pair(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


@cache
def _key() -> rsa.RSAPrivateKey:
    """The key of all certificates but authorities': RSA as in the recordings, and slow to make."""
    return rsa.generate_private_key(65537, 2048)
