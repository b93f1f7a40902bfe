"""Which annotations speak for the host or for the upstream instead of for their own paths."""

from __future__ import annotations

SERVER_FIRST = frozenset(
    {
        "server-alias",
        "server-snippet",
        "ssl-ciphers",
        "ssl-prefer-server-ciphers",
    }
)
"""Taken from the first Ingress of the host that states them (``createServers``)."""

AUTH_TLS = frozenset(
    {
        "auth-tls-secret",
        "auth-tls-verify-client",
        "auth-tls-verify-depth",
        "auth-tls-error-page",
        "auth-tls-pass-certificate-to-upstream",
        "auth-tls-match-cn",
    }
)
"""One family: all of it from the first Ingress of the host with a usable auth-tls-secret."""

SERVER_ANY = frozenset({"ssl-passthrough", "from-to-www-redirect"})
"""In force for the host when any of its Ingresses says so."""

SERVER = SERVER_FIRST | AUTH_TLS | SERVER_ANY

UPSTREAM_FIRST = frozenset(
    {
        "upstream-hash-by",
        "upstream-hash-by-subset",
        "upstream-hash-by-subset-size",
        "load-balance",
        "service-upstream",
    }
)
"""Taken from the first Ingress that mentions the Service and port (``createUpstreams``)."""

CANARY = frozenset(
    {
        "canary",
        "canary-weight",
        "canary-weight-total",
        "canary-by-header",
        "canary-by-header-value",
        "canary-by-header-pattern",
        "canary-by-cookie",
        "affinity-canary-behavior",
    }
)

AFFINITY = frozenset(
    {
        "affinity",
        "affinity-mode",
        "session-cookie-name",
        "session-cookie-path",
        "session-cookie-domain",
        "session-cookie-expires",
        "session-cookie-max-age",
        "session-cookie-samesite",
        "session-cookie-conditional-samesite-none",
        "session-cookie-secure",
        "session-cookie-change-on-failure",
    }
)
"""Type and mode from the first Ingress, cookie details from the last (``getBackendServers``)."""

UPSTREAM = UPSTREAM_FIRST | CANARY | AFFINITY

CATCH_ALL_IGNORES = frozenset(
    {
        "app-root",
        "force-ssl-redirect",
        "permanent-redirect",
        "permanent-redirect-code",
        "preserve-trailing-slash",
        "rewrite-target",
        "ssl-redirect",
        "temporal-redirect",
        "temporal-redirect-code",
        "use-regex",
    }
)
"""What an Ingress with nothing but a defaultBackend says in vain (``createServers``)."""
