"""What clients, back ends or operators notice of each aspect of an answer, in their words."""

from __future__ import annotations

from collections.abc import Mapping

from nginx2istio.rule import Aspect

NOTICED: Mapping[Aspect, str] = {
    "routing": "which service answers",
    "path": "the path that the service sees",
    "host": "the Host that the service sees",
    "request-headers": "headers that the service gets",
    "status": "the status of answers",
    "redirect": "where redirects lead",
    "response-headers": "headers of answers",
    "cors": "what other sites' scripts may read",
    "cookies": "cookies",
    "affinity": "which pod a client stays with",
    "body": "answers that the proxy itself makes",
    "body-limit": "how large a request may be",
    "rate-limit": "how often a client may ask",
    "auth": "who has to sign in, and how",
    "access": "who is let in",
    "timeout": "how long one may wait",
    "retries": "what is sent a second time",
    "balancing": "how requests spread over pods",
    "buffering": "how requests and answers are held",
    "tls": "TLS and certificates",
    "protocol": "the protocol towards the pods",
    "mirror": "copies of requests",
    "logging": "logs",
    "waf": "attacks that were filtered",
}

SECURITY: frozenset[Aspect] = frozenset({"auth", "access", "tls", "waf", "rate-limit"})
"""Aspects that a security reviewer asks about first."""

PROTECTING = frozenset(
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
"""Families whose annotations are there to protect."""
