"""What clients, backends or operators notice of each aspect of an answer."""

from __future__ import annotations

from collections.abc import Mapping

from nginx2istio.rule import Aspect

NOTICED: Mapping[Aspect, str] = {
    "routing": "the Service that answers",
    "path": "the path that the backend gets",
    "host": "the Host header that the backend gets",
    "request-headers": "request headers that the backend gets",
    "status": "the status of the response",
    "redirect": "the target of a redirect",
    "response-headers": "response headers",
    "cors": "what scripts of other origins may read",
    "cookies": "cookies",
    "affinity": "the pod that a client stays with",
    "body": "the body of the proxy's own responses",
    "body-limit": "how large a request can be",
    "rate-limit": "how many requests a client can make",
    "auth": "which requests need credentials",
    "access": "which requests are denied",
    "timeout": "how long the proxy waits",
    "retries": "which requests are sent again",
    "balancing": "how requests are spread over pods",
    "buffering": "whether requests and responses are buffered",
    "tls": "TLS and certificates",
    "protocol": "the protocol between proxy and backend",
    "mirror": "copies of requests",
    "logging": "logs",
    "waf": "which attacks are blocked",
}

SECURITY_ASPECTS: frozenset[Aspect] = frozenset({"auth", "access", "tls", "waf", "rate-limit"})
"""The aspects that a security reviewer looks at first."""

PROTECTING_FAMILIES = frozenset(
    {
        "access-list",
        "auth-tls",
        "basic-auth",
        "external-auth",
        "global-access",
        "limits",
        "ssl-redirect",
        "tls-options",
        "waf",
    }
)
"""The families whose annotations protect something."""
