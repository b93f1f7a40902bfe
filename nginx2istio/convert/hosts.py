"""Servers and their edits as the assembly needs them: virtual hosts and Services."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nginx2istio.base.options import Options
from nginx2istio.bridge.paths import uris
from nginx2istio.bridge.place import route_name
from nginx2istio.bridge.secrets import secret_name
from nginx2istio.convert.ports import ports
from nginx2istio.convert.translate import Applied
from nginx2istio.findings.configuration import BAD_REGEX, ONE_LABEL
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.istio import re2
from nginx2istio.istio.assemble.virtual_host import RouteSource, Service, VirtualHost
from nginx2istio.istio.edits import HOST_WIDE
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Location, Origin, Server
from nginx2istio.rule import Edit


def services(config: NginxConfig) -> dict[str, Service]:
    """What each upstream is in Istio: the Service's own DNS name and port."""
    services = {}
    for name, upstream in config.upstreams.items():
        host = f"{upstream.service}.{upstream.namespace}.svc.cluster.local"
        port = upstream.port
        if port is None and upstream.known is False:
            port = int(upstream.declared_port) if upstream.declared_port.isdigit() else 80
        alias = upstream.external_name.removesuffix(".")
        if alias:
            # Pilot looks for the port at the host that the alias leads to.
            port = upstream.external_port
        inside = re.fullmatch(r"[^.]+\.([^.]+)\.svc\.cluster\.local", alias)
        space = inside[1] if inside else ""
        services[name] = Service(host, upstream.namespace, port, alias, space)
    return services


def virtual_host(
    server: Server,
    config: NginxConfig,
    applied: Iterable[Applied],
    findings: list[PlacedFinding],
    options: Options,
) -> VirtualHost | None:
    """What the assembly needs of a server; None when Istio can't serve its host.

    Appends to ``findings`` what can't be said.
    """
    if server.host != "_" and "." not in server.host:
        origin = server.ingresses[0] if server.ingresses else Origin()
        findings.append(placed(ONE_LABEL, origin, (server.host,), key=server.host))
        return None
    edits: dict[int, dict[int, Edit]] = {}  # once each: locations alike share their edits
    for at in applied:
        for edit in at.edits:
            where = -1 if isinstance(edit, HOST_WIDE) else at.location
            edits.setdefault(where, {})[id(edit)] = edit
    route_sources = []
    for index, location in enumerate(server.locations):
        try:
            matches = uris(location)
        except re2.Untranslatable as why:
            findings.append(
                placed(
                    BAD_REGEX,
                    location.ingress,
                    (server.host, *server.aliases),
                    location.declared,
                    key=location.declared,
                    why=why,
                )
            )
            continue
        route_sources.append(
            RouteSource(
                route_name(location),
                matches,
                location.upstream,
                tuple(edits.get(index, {}).values()),
                _comment(location),
            )
        )
    route_sources.sort(
        key=lambda source: "exact" not in source.uris[0]
    )  # nginx looks at exact locations first
    return VirtualHost(
        host="*" if server.host == "_" else server.host,
        namespace=server.namespace,
        route_sources=tuple(route_sources),
        edits=tuple(edits.get(-1, {}).values()),
        ports=ports(server, config),
        credential=credential(server, config, options),
        sources=tuple(sorted({o.object for o in server.ingresses})),
    )


def _comment(location: Location) -> str:
    origin = location.ingress
    if not origin.file:
        return "" if origin.kind == "default" else origin.object
    return f"{origin.object} ({origin.file.rsplit('/', 1)[-1]}:{origin.line})"


def credential(server: Server, config: NginxConfig, options: Options) -> str:
    """The name, at the gateway, of the Secret with a host's certificate."""
    if server.certificate and server.certificate.secret:
        return secret_name(server.certificate.namespace, server.certificate.secret, options)
    namespace, _, name = config.controller.default_ssl_certificate.partition("/")
    return secret_name(namespace, name, options) if name else ""
