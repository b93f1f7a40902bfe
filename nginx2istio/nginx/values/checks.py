"""The validator of each annotation: what --enable-annotation-validation (on by default) accepts.

Taken from the AnnotationFields of the controller's annotation packages. A value that its check
refuses is a ValidationError there; what that leads to is each family's own decision.
"""

from __future__ import annotations

from collections.abc import Mapping

from nginx2istio.nginx.values.go import Check, addresses, compiles, matches, options, pattern, trim

_NAME = r"\-._~a-zA-Z0-9/:"
_URL = _NAME + r",?&="
_REGEX = _NAME + r"^$\[\](){}*+?|&=\\"

HOST = rf"[{_REGEX}]*"
HEADERS = r"[A-Za-z0-9\-_, ]*"
HEADER_NAME = r"[a-zA-Z0-9\-_]+"
METHODS = r"(GET|HEAD|POST|PUT|PATCH|DELETE|CONNECT|OPTIONS|TRACE)"
CORS_ORIGINS = r"(((([a-z]+://)?(\*\.)?[A-Za-z0-9\-.]*(:\d+)?,?)|null)+|\*)?"
CORS_METHODS = r"([A-Za-z]+,?\s?)+"
CORS_EXPOSED = r"(([A-Za-z0-9\-_]+|\*),?\s?)+"
COOKIE_SECONDS = r"^0|-?[1-9]\d*$"  # not anchored on both sides: "0x" and "in 5" pass
VERIFY_CLIENT = r"on|off|optional|optional_no_ca"
TLS_PROTOCOLS = r"(TLSv1\.2|TLSv1\.3| )*"
ON_OFF = r"on|off"


def is_host(text: str) -> bool:
    """Apply parser.ValidateServerName: regex characters are let through, line ends are not."""
    return matches(HOST, trim(text))


def are_hosts(text: str) -> bool:
    """Apply parser.ValidateArrayOfServerName."""
    return all(map(is_host, text.split(",")))


def are_addresses(text: str) -> bool:
    """Apply parser.ValidateCIDRs."""
    return addresses(text) is not None


def is_service(text: str) -> bool:
    """Apply parser.ValidateServiceName: a DNS-1035 label."""
    return len(text) <= 63 and matches(r"[a-z]([-a-z0-9]*[a-z0-9])?", text)


def is_common_name(text: str) -> bool:
    """Apply parser.CommonNameAnnotationValidator: ``CN=`` and a regex."""
    return text.startswith("CN=") and compiles(text[3:])


def anything(text: str) -> bool:
    """Apply parser.ValidateNull: snippets are not looked at."""
    return True


_name = pattern(rf"[{_NAME}]*", spaceless=True)
_url = pattern(rf"[{_URL}]*", spaceless=True)
_url_spaced = pattern(rf"[{_URL}]*")
_url_variables = pattern(rf"[{_URL}$ ]*", spaceless=True)
_size = pattern(r"(?i)\d+[bkmg]?", spaceless=True)
_variable = pattern(r"[A-Za-z0-9\-_${}]*", spaceless=True)
_path = pattern(rf"[{_NAME}$]*")
_on_off = options("on", "off")
_seconds = pattern(COOKIE_SECONDS, spaceless=True, whole=False)

CHECKS: Mapping[str, Check] = {
    "affinity": options("cookie"),
    "affinity-canary-behavior": options("sticky", "legacy"),
    "affinity-mode": options("balanced", "persistent"),
    "allowlist-source-range": are_addresses,
    "app-root": _path,
    "auth-cache-duration": pattern(rf"[{_NAME}, ]*"),
    "auth-cache-key": _variable,
    "auth-method": pattern(METHODS, spaceless=True),
    "auth-proxy-set-headers": _name,
    "auth-realm": pattern(rf"[{_NAME} ]*"),
    "auth-request-redirect": _url,
    "auth-response-headers": pattern(HEADERS, spaceless=True),
    "auth-secret": _name,
    "auth-secret-type": pattern(r"auth-file|auth-map", spaceless=True, whole=False),
    "auth-signin": _url_variables,
    "auth-signin-redirect-param": _url,
    "auth-snippet": anything,
    "auth-tls-error-page": pattern(
        r"(@[A-Za-z0-9_\-]+|((https?://)?[A-Za-z0-9\-.]+(:\d+)?)?(/[A-Za-z0-9\-_.]+)*/?)",
        spaceless=True,
    ),
    "auth-tls-match-cn": is_common_name,
    "auth-tls-secret": _name,
    "auth-tls-verify-client": pattern(VERIFY_CLIENT, spaceless=True),
    "auth-type": pattern(r"basic|digest", spaceless=True, whole=False),
    "auth-url": _url_variables,
    "backend-protocol": options("auto_http", "http", "https", "grpc", "grpcs", "fcgi", cased=False),
    "canary-by-cookie": _name,
    "canary-by-header": _name,
    "canary-by-header-pattern": pattern(rf"[{_REGEX}]*"),
    "canary-by-header-value": _name,
    "client-body-buffer-size": _size,
    "configuration-snippet": anything,
    "connection-proxy-header": pattern(r"close|keep-alive", spaceless=True),
    "cors-allow-headers": pattern(HEADERS, spaceless=True),
    "cors-allow-methods": pattern(CORS_METHODS, spaceless=True),
    "cors-allow-origin": pattern(CORS_ORIGINS, spaceless=True),
    "cors-expose-headers": pattern(CORS_EXPOSED, spaceless=True),
    "custom-headers": _name,
    "custom-http-errors": pattern(r"(?:[4,5]\d{2},?)*", spaceless=True),
    "default-backend": is_service,
    "denylist-source-range": are_addresses,
    "fastcgi-index": pattern(r"[A-Za-z0-9.\-_]+", spaceless=True),
    "fastcgi-params-configmap": _name,
    "limit-allowlist": are_addresses,
    "load-balance": options(
        "round_robin", "chash", "chashsubset", "sticky_balanced", "sticky_persistent", "ewma"
    ),
    "mirror-host": is_host,
    "mirror-request-body": pattern(ON_OFF, spaceless=True),
    "mirror-target": is_host,
    "modsecurity-snippet": anything,
    "modsecurity-transaction-id": _variable,
    "opentelemetry-operation-name": pattern(r"[A-Za-z0-9_\-]*", spaceless=True),
    "permanent-redirect": _url_spaced,
    "proxy-body-size": _size,
    "proxy-buffer-size": _size,
    "proxy-buffering": _on_off,
    "proxy-busy-buffers-size": _size,
    "proxy-cookie-domain": pattern(rf"(off|[{_NAME}]+\s+[{_NAME}]+)"),
    "proxy-cookie-path": _url,
    "proxy-http-version": options("1.0", "1.1"),
    "proxy-max-temp-file-size": _size,
    "proxy-next-upstream": pattern(
        r"((error|timeout|invalid_header|http_500|http_502|http_503|http_504|http_403|http_404"
        r"|http_429|non_idempotent|off)\s?)+"
    ),
    "proxy-redirect-from": _url,
    "proxy-redirect-to": _url,
    "proxy-request-buffering": _on_off,
    "proxy-ssl-ciphers": pattern(r"[A-Za-z0-9+:_\-!]*", spaceless=True),
    "proxy-ssl-name": is_host,
    "proxy-ssl-protocols": pattern(TLS_PROTOCOLS, spaceless=True),
    "proxy-ssl-secret": _name,
    "proxy-ssl-server-name": pattern(ON_OFF, spaceless=True),
    "proxy-ssl-verify": pattern(ON_OFF, spaceless=True),
    "rewrite-target": _path,
    "satisfy": options("any", "all"),
    "server-alias": are_hosts,
    "server-snippet": anything,
    "session-cookie-domain": _name,
    "session-cookie-expires": _seconds,
    "session-cookie-max-age": pattern(COOKIE_SECONDS, whole=False),
    "session-cookie-name": _name,
    "session-cookie-path": _url,
    "session-cookie-samesite": options("none", "lax", "strict", cased=False),
    "ssl-ciphers": pattern(
        r"(?:[A-Za-z0-9!:+\-_]*(?:@STRENGTH)*(?:@SECLEVEL=[0-5])*(?:@STRENGTH)*)*", spaceless=True
    ),
    "stream-snippet": anything,
    "temporal-redirect": _url_spaced,
    "upstream-hash-by": _variable,
    "upstream-vhost": is_host,
    "x-forwarded-prefix": pattern(rf"[{_NAME}$]*", spaceless=True),
}
"""The annotations read as text. Those read as a bool or an int are checked as just that."""

CACHE_DURATION = "200 202 401 5m"
"""How long answers of an authentication service are kept when nobody says so."""


def cache_durations(text: str) -> tuple[tuple[str, ...], str]:
    """Split auth-cache-duration at commas; the second value says what is wrong with it.

    A wrong member leaves the default alone (ParseStringToCacheDurations). Words that are neither
    a status nor a time are let through, as ValidCacheDuration does.
    """
    found = []
    for member in (trim(part) for part in text.split(",")):
        if not member:
            continue
        timed = False
        for word in member.split(" "):
            if timed and matches(r"\d{3}", word):
                return (CACHE_DURATION,), f"{member!r} has a status behind a time"
            timed = timed or matches(r"\d+(ms|s|m|h|d|w|M|y)", word)
        if not timed:
            return (CACHE_DURATION,), f"{member!r} has no time"
        found.append(member)
    return tuple(found) or (CACHE_DURATION,), ""
