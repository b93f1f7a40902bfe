"""Which annotations speak for the host or for the upstream instead of for their own paths."""

from __future__ import annotations

from nginx2istio.nginx.keys.catalogue import ANNOTATIONS, Level


def _keys(level: Level) -> frozenset[str]:
    return frozenset(key for key, entry in ANNOTATIONS.items() if entry.level == level)


SERVER_FIRST = _keys("server-first")
"""Taken from the first Ingress of the host that states them (``createServers``)."""

AUTH_TLS = _keys("auth-tls")
"""One family: all of it from the first Ingress of the host with a usable auth-tls-secret."""

SERVER_ANY = _keys("server-any")
"""In force for the host when any of its Ingresses says so."""

SERVER_KEYS = SERVER_FIRST | AUTH_TLS | SERVER_ANY

UPSTREAM_FIRST = _keys("upstream-first")
"""Taken from the first Ingress that mentions the Service and port (``createUpstreams``)."""

CANARY_KEYS = _keys("canary")

AFFINITY = _keys("affinity")
"""Type and mode from the first Ingress, cookie details from the last (``getBackendServers``)."""

UPSTREAM_KEYS = UPSTREAM_FIRST | CANARY_KEYS | AFFINITY

CATCH_ALL_IGNORES = frozenset(key for key, entry in ANNOTATIONS.items() if not entry.catch_all)
"""What an Ingress with nothing but a defaultBackend says in vain (``createServers``)."""
