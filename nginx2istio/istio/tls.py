"""What a Gateway's tls settings take: names of ciphers and versions."""

from __future__ import annotations

CIPHER_SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
    "DES-CBC3-SHA",
)
"""What Gateway.server.tls.cipherSuites takes (ValidCipherSuites in istio/pkg/config/security)."""
TLS_VERSIONS = {
    "TLSv1": "TLSV1_0",
    "TLSv1.1": "TLSV1_1",
    "TLSv1.2": "TLSV1_2",
    "TLSv1.3": "TLSV1_3",
}
"""nginx's names of versions in the words of minProtocolVersion and maxProtocolVersion."""
