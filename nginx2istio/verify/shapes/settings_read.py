"""Which settings answers depend on, and what of them."""

from __future__ import annotations

SETTINGS_NOT_READ = frozenset(
    {
        *("proxy-connect-timeout", "proxy-read-timeout", "proxy-send-timeout"),
        *("proxy-next-upstream", "proxy-next-upstream-timeout", "proxy-next-upstream-tries"),
        *("proxy-buffering", "proxy-request-buffering", "proxy-buffers-number"),
        *("load-balance", "upstream-hash-by", "limit-burst-multiplier", "auth-secret-type"),
        *("mirror-target", "mirror-host", "mirror-request-body"),
        *("from-to-www-redirect", "use-regex"),
    }
)
"""Settings that change no answer once servers and locations are built."""
SETTINGS_BY_PRESENCE = frozenset(
    {
        *("auth-secret", "auth-tls-secret"),
        *("limit-rps", "limit-rpm", "limit-connections"),
    }
)
"""Settings of which no value is read where all Secrets exist: that they are there is enough."""
SETTINGS_BY_VALUE = frozenset(
    {
        *("ssl-redirect", "force-ssl-redirect", "preserve-trailing-slash", "enable-cors"),
        *("proxy-buffer-size", "backend-protocol"),
    }
)
"""Settings of locations of which only the value in force is read, whoever says it."""
SETTINGS_BY_NAME = ("auth-url", "auth-signin", "auth-proxy-set-headers", "default-backend")
"""Settings that may name other objects, or hosts."""
SETTINGS_TO_HTTPS = frozenset({"ssl-redirect", "force-ssl-redirect", "preserve-trailing-slash"})
"""Settings that nginx does not read for requests over TLS, unless it trusts what a client says."""
SETTINGS_PAST_HTTPS = frozenset(
    {
        *("affinity", "affinity-mode", "affinity-canary-behavior"),
        *("session-cookie-name", "session-cookie-path", "session-cookie-domain"),
        *("session-cookie-max-age", "session-cookie-expires", "session-cookie-secure"),
        *("session-cookie-samesite", "session-cookie-change-on-failure"),
        *("auth-type", "auth-realm", "auth-secret", "limit-rps", "limit-rpm", "limit-connections"),
        *("backend-protocol", "service-upstream", "upstream-vhost", "proxy-buffer-size"),
        *("ssl-redirect", "force-ssl-redirect"),
    }
)
"""Settings of locations that nginx reads only at its redirect to https, or behind it."""
SETTINGS_KNOWN_BEFORE_HTTPS = frozenset({"auth-url", "auth-signin", "rewrite-target"})
"""Those of which nginx reads no value before, only whether they are there."""
