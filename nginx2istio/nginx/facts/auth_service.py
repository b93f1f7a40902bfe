"""The service that answers nginx's question (``auth_request``), behind the host of its URL."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nginx2istio.base.memo import memo
from nginx2istio.base.records import record
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.answered_early import early
from nginx2istio.nginx.facts.external_auth import ExternalAuth, external_auth
from nginx2istio.nginx.model import Location, Server, Upstream

SERVICE_HOST = re.compile(r"([a-z0-9-]+)\.([a-z0-9-]+)\.svc(\.[a-z0-9.-]+)?\.?", re.I)
OWN_HOST = ("$host", "$http_host", "$server_name", "$best_http_host")
INDIRECT_KEYS = ("rewrite-target", "upstream-vhost", "auth-url", "auth-type", "canary")


@record(frozen=True, slots=True)
class AuthService:
    """Who answers: a Service of the cluster, or a host outside (``namespace`` is "" then).

    ``missing``: the Service or its port is known not to exist. ``doubtful``: it is not among the
    input, while others of its namespace are.
    """

    namespace: str
    name: str
    port: int
    tls: bool = False
    missing: bool = False
    doubtful: bool = False


def answerer(auth: ExternalAuth, server: Server, config: NginxConfig) -> AuthService | str:
    """Who answers, or why that can't be said.

    For a host of this configuration it is the Service behind its path: the request would only
    come back to the controller.
    """
    service = SERVICE_HOST.fullmatch(auth.host)
    if service:
        return _of_cluster(service[2], service[1], auth, config)
    if "$" in auth.host and auth.host not in OWN_HOST:
        return f"its host depends on the request ({auth.host})"
    asked_server = _asked_server(auth, server, config)
    if asked_server is None:
        return AuthService("", auth.host, auth.port, auth.scheme == "https")
    if unserved(auth, server, config):
        return f"no Ingress of the input serves {auth.host}{_path(auth)}"
    location = location_taking(asked_server, _path(auth))
    upstream = config.upstreams.get(location.upstream) if location else None
    why = _indirect(asked_server, location, upstream, config, auth.scheme)
    if why or upstream is None or upstream.port is None:
        return f"it is asked through {auth.host}{auth.path}, {why or 'which no Service answers'}"
    return AuthService(upstream.namespace, upstream.service, upstream.port)


def unserved(auth: ExternalAuth, server: Server, config: NginxConfig) -> bool:
    """Whether nothing but the asking path itself takes the URL, which is one of this configuration.

    nginx would ask itself without end, so the Ingress that serves the URL is not among the input.
    """
    asked_server = _asked_server(auth, server, config)
    location = location_taking(asked_server, _path(auth)) if asked_server else None
    if asked_server is None or location is None:
        return False
    again = external_auth(config, location, asked_server)
    return again is not None and (again.host, again.path) == (auth.host, auth.path)


def _asked_server(auth: ExternalAuth, server: Server, config: NginxConfig) -> Server | None:
    return server if auth.host in OWN_HOST else _server(auth.host, config)


def _path(auth: ExternalAuth) -> str:
    return auth.path.partition("?")[0]


def _of_cluster(namespace: str, name: str, auth: ExternalAuth, config: NginxConfig) -> AuthService:
    tls = auth.scheme == "https"
    entry = config.services.get((namespace, name))
    if entry and entry.external_name:
        return AuthService("", entry.external_name, auth.port, tls)
    if entry:
        missing = all(port.number != auth.port for port in entry.ports)
        return AuthService(namespace, name, auth.port, tls, missing)
    missing = namespace in config.complete.get("Service", ())
    doubtful = not missing and namespace in _namespaces_of_services(config)
    return AuthService(namespace, name, auth.port, tls, missing, doubtful)


@memo
def _namespaces_of_services(config: NginxConfig) -> frozenset[str]:
    return frozenset(namespace for namespace, _ in config.services)


def _server(host: str, config: NginxConfig) -> Server | None:
    return _servers_by_name(config).get(host.lower())


@memo
def _servers_by_name(config: NginxConfig) -> Mapping[str, Server]:
    """The first server of each name, aliases included."""
    servers: dict[str, Server] = {}
    for server in config.servers:
        for name in (server.host, *server.aliases):
            servers.setdefault(name, server)
    return servers


def location_taking(server: Server, path: str) -> Location | None:
    """The location that takes a plain path."""
    for location in server.locations:
        if location.match == "exact" and location.path == path:
            return location
    for location in server.locations:
        if location.match == "prefix" and path.startswith(location.path):
            return location
        if location.match == "regex":
            try:
                taken = re.match(location.path, path, re.IGNORECASE)
            except re.error:  # a pattern that only PCRE reads: it might take the path
                return None
            if taken:
                return location
    return None


def _indirect(
    server: Server,
    location: Location | None,
    upstream: Upstream | None,
    config: NginxConfig,
    scheme: str,
) -> str:
    """Why the Service behind a location can't be asked directly instead of through it."""
    if location is None or upstream is None or "$" in location.path:
        return "which no Service answers"
    ahead = early(config, server, location)
    if ahead.always or (scheme == "http" and ahead.to_https):
        return "which redirects or refuses"
    changes = [key for key in INDIRECT_KEYS if key in location.settings]
    if external_auth(config, location) is not None:
        changes.append("an auth of its own")
    if str(config.in_force(location, "backend-protocol")).upper() != "HTTP":
        changes.append("backend-protocol")
    return f"which has {', '.join(changes)}" if changes else ""
