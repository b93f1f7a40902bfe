"""What is in force where no annotation says anything."""

from __future__ import annotations

from collections.abc import Mapping

from nginx2istio.nginx.build.controller import Controller
from nginx2istio.nginx.keys import catalogue
from nginx2istio.nginx.values.checks import CACHE_DURATION
from nginx2istio.nginx.values.go import Value
from nginx2istio.nginx.values.urls import parse

CONSTANTS: Mapping[str, Value] = {
    "affinity": "",
    "affinity-canary-behavior": "sticky",
    "affinity-mode": "balanced",
    "auth-cache-duration": (CACHE_DURATION,),
    "auth-keepalive": 0,
    "auth-keepalive-requests": 1000,
    "auth-keepalive-timeout": 60,
    "auth-method": "",
    "auth-realm": "",
    "auth-secret-type": "auth-file",
    "auth-signin-redirect-param": "rd",
    "auth-tls-verify-client": "on",
    "auth-tls-verify-depth": 1,
    "backend-protocol": "HTTP",
    "canary-weight": 0,
    "canary-weight-total": 100,
    "cors-allow-credentials": True,
    "cors-allow-headers": (
        "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,"
        "Cache-Control,Content-Type,Range,Authorization"
    ),
    "cors-allow-methods": "GET, PUT, POST, DELETE, PATCH, OPTIONS",
    "cors-allow-origin": ("*",),
    "cors-max-age": 1728000,
    "enable-access-log": True,
    "enable-global-auth": True,
    "limit-burst-multiplier": 5,
    "limit-connections": 0,
    "limit-rpm": 0,
    "limit-rps": 0,
    "mirror-request-body": "on",
    "permanent-redirect-code": 301,
    "proxy-ssl-ciphers": "DEFAULT",
    "proxy-ssl-protocols": "TLSv1.2",
    "proxy-ssl-server-name": "off",
    "proxy-ssl-verify": "off",
    "proxy-ssl-verify-depth": 1,
    "satisfy": "all",
    "session-cookie-name": "INGRESSCOOKIE",
    "temporal-redirect-code": 302,
    "upstream-hash-by-subset-size": 3,
}
"""Defaults that the controller's parsers (or Lua) have built in, whatever the ConfigMap says."""

FROM_CONFIG: Mapping[str, str] = {
    "allowlist-source-range": "whitelist-source-range",
    "client-body-buffer-size": "client-body-buffer-size",
    "custom-http-errors": "custom-http-errors",
    "denylist-source-range": "denylist-source-range",
    "disable-proxy-intercept-errors": "disable-proxy-intercept-errors",
    "enable-modsecurity": "enable-modsecurity",
    "enable-opentelemetry": "enable-opentelemetry",
    "enable-owasp-core-rules": "enable-owasp-modsecurity-crs",
    "force-ssl-redirect": "force-ssl-redirect",
    "limit-rate": "limit-rate",
    "limit-rate-after": "limit-rate-after",
    "load-balance": "load-balance",
    "opentelemetry-operation-name": "opentelemetry-operation-name",
    "opentelemetry-trust-incoming-span": "opentelemetry-trust-incoming-span",
    "preserve-trailing-slash": "preserve-trailing-slash",
    "relative-redirects": "relative-redirects",
    "service-upstream": "service-upstream",
    "ssl-ciphers": "ssl-ciphers",
    "ssl-redirect": "ssl-redirect",
    "use-port-in-redirects": "use-port-in-redirects",
    **{
        key: key
        for key in (
            "proxy-body-size",
            "proxy-buffer-size",
            "proxy-buffering",
            "proxy-buffers-number",
            "proxy-busy-buffers-size",
            "proxy-connect-timeout",
            "proxy-cookie-domain",
            "proxy-cookie-path",
            "proxy-http-version",
            "proxy-max-temp-file-size",
            "proxy-next-upstream",
            "proxy-next-upstream-timeout",
            "proxy-next-upstream-tries",
            "proxy-read-timeout",
            "proxy-redirect-from",
            "proxy-redirect-to",
            "proxy-request-buffering",
            "proxy-send-timeout",
        )
    },
}
"""Annotations whose default is a ConfigMap key."""


def effective(key: str, values: Mapping[str, Value], controller: Controller) -> Value | None:
    """Return what is in force for ``key``: the annotation, else the ConfigMap, else built in.

    None when there is nothing, for instance no rewrite-target. Raises KeyError for a ``key`` that
    is no main short name.
    """
    if key in values:
        return values[key]
    if key == "mirror-host" and "mirror-target" in values:
        # The part before the first variable has to have the host (mirror.Parse).
        return parse(str(values["mirror-target"]).partition("$")[0]).hostname
    if key in FROM_CONFIG:
        return controller.config[FROM_CONFIG[key]]
    if key in CONSTANTS:
        return CONSTANTS[key]
    return False if catalogue.ANNOTATIONS[key].type == "bool" else None
