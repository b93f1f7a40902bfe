"""Servers and their edits as the assembly needs them: virtual hosts and Services."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from sys import intern

from nginx2istio.base.options import Options
from nginx2istio.bridge.paths import uris
from nginx2istio.bridge.place import Place, route_name
from nginx2istio.bridge.protection import unavailable
from nginx2istio.convert.certificates import all_names_known, credential, default_credential, ports
from nginx2istio.convert.protected.fail_closed import guards
from nginx2istio.convert.translate import Applied
from nginx2istio.findings.configuration import BAD_REGEX, CLOSED_REGEX, ONE_LABEL
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.istio import re2
from nginx2istio.istio.assemble.virtual_host import RouteSource, Service, VirtualHost
from nginx2istio.istio.edits import HOST_WIDE
from nginx2istio.istio.policy.path_patterns import covering_regex, literal_beginning
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
    for index, location in _in_order(server.locations):
        own_edits = tuple(edits.get(index, {}).values())
        name = route_name(location)
        try:
            matches = uris(location)
        except re2.Untranslatable as reason:
            closing = _closing(server, index, config, options)
            findings += _unreadable(server, index, closing, str(reason))
            if not closing:
                continue
            # Under a name of its own: an EnvoyFilter for the location would not fit its answer.
            name, matches, own_edits = f"{name} closed", (closing,), (unavailable(),)
        comment = _comment(location, options)
        route_sources.append(RouteSource(name, matches, location.upstream, own_edits, comment))
    certificate = server.certificate if server.certificate and server.certificate.secret else None
    return VirtualHost(
        host="*" if server.host == "_" else server.host,
        namespace=server.namespace,
        route_sources=tuple(route_sources),
        edits=tuple(edits.get(-1, {}).values()),
        ports=ports(server, config),
        credential=credential(server, config, options),
        secret=certificate.secret if certificate else "",
        certificate_names=certificate.names if certificate else (),
        certificate_known=certificate is not None and all_names_known(certificate, config),
        sources=tuple(sorted({o.object for o in server.ingresses})),
        controller=options.apart,
        one_gateway=options.one_gateway,
        terse=options.compat == "lean",
    )


def _in_order(locations: Sequence[Location]) -> Iterator[tuple[int, Location]]:
    """The locations in an order of precedence, each with its index.

    nginx looks at exact locations first. One for ``/x`` comes beside that for ``/x/``, with which
    it often shares its route: the paths of those before are longer, so none of them takes it.
    """
    exact = {x.path: (i, x) for i, x in enumerate(locations) if x.match == "exact"}
    beside: dict[str, tuple[int, Location]] = {}
    for location in locations:
        if location.match == "prefix" and location.path.removesuffix("/") in exact:
            path = location.path.removesuffix("/")
            beside[location.path] = exact.pop(path)
    yield from exact.values()
    for index, location in enumerate(locations):
        if location.match == "prefix" and location.path in beside:
            yield beside.pop(location.path)
        if location.match != "exact":
            yield index, location


def _closing(
    server: Server, index: int, config: NginxConfig, options: Options
) -> Mapping[str, str]:
    """What answers 503 in place of a pattern that RE2 can't read, empty where nothing has to.

    Without a route of its own the requests of a protected location would come to a later one.
    """
    location = server.locations[index]
    place = Place(config, server, location, location.settings, options, ports(server, config))
    if options.allow_unprotected or not guards(place, failed=True):
        return {}
    return {"regex": covering_regex(location.path)}


def _unreadable(
    server: Server, index: int, closing: Mapping[str, str], reason: str
) -> Iterator[PlacedFinding]:
    """That a pattern can't be read, and at which later locations its closing route is felt."""
    location, hosts = server.locations[index], (server.host, *server.aliases)
    message = CLOSED_REGEX if closing else BAD_REGEX
    facts = {"key": location.declared, "why": reason}
    yield placed(message, location.ingress, hosts, location.declared, **facts)
    start = literal_beginning(location.path).lower()
    for later in server.locations[index + 1 :] if closing else ():
        other = literal_beginning(later.path).lower()
        if later.declared != location.declared and (
            other.startswith(start) or start.startswith(other)
        ):
            yield placed(message, later.ingress, hosts, later.declared, **facts)


def _comment(location: Location, options: Options) -> str:
    origin = location.ingress
    if options.compat == "lean" and not options.annotate_lines:
        return ""  # the name of the route says of which Ingress it is
    if not origin.file:
        return "" if origin.kind == "default" else origin.object
    line = f":{origin.line}" if options.annotate_lines else ""
    return intern(f"{origin.object} ({origin.file.rsplit('/', 1)[-1]}{line})")


def unknown_hosts(config: NginxConfig, options: Options) -> VirtualHost | None:
    """What answers 404 over TLS for all hosts that no Ingress names, by the default certificate.

    None where the controller has no such certificate. It needs a server of a Gateway only.
    """
    certificate = default_credential(config, options)
    if not certificate:
        return None
    return VirtualHost(
        host="*",
        namespace=options.gateway_namespace,
        route_sources=(),
        ports=(80, 443),
        credential=certificate,
        controller=options.apart,
        one_gateway=options.one_gateway,
    )
