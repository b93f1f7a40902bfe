"""From what was read to Istio objects and everything that is to be said about them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nginx2istio.base.options import Options
from nginx2istio.bridge.paths import uris
from nginx2istio.bridge.secrets import copy_secret, secret_name
from nginx2istio.convert.translate import Applied, PlacedFinding, ports, translate
from nginx2istio.findings import cluster as surroundings
from nginx2istio.findings import configuration as engine
from nginx2istio.findings import trial
from nginx2istio.inputs.extent import seen
from nginx2istio.inputs.resource import Inputs, Problem, Resource
from nginx2istio.istio import re2
from nginx2istio.istio.assemble.assemble import MESH, Assembled, assemble
from nginx2istio.istio.assemble.virtual_host import GatewayRef, RouteSource, Service, VirtualHost
from nginx2istio.istio.objects import Object
from nginx2istio.istio.rename_objects import on_trial
from nginx2istio.istio.yaml import document
from nginx2istio.nginx.build.choose_controller import find
from nginx2istio.nginx.build.ingresses import Ingress, Malformed, chosen, class_rules, parse
from nginx2istio.nginx.build.servers import build
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Location, Origin, Server
from nginx2istio.nginx.rename_hosts import new_names, renamed
from nginx2istio.rule import Edit, Fate, action, route_name
from nginx2istio.rule.loader import Rules


@dataclass(frozen=True, slots=True)
class Conversion:
    """The result; every command is a view of this one value.

    ``said`` are all findings by place, not yet grouped; ``fates`` says what became of each
    annotation, by origin: (fate, rule, message code). ``trial`` maps real host names to those that
    the objects are for, empty when it is no trial. ``read`` are the Ingresses as they were read, by
    ``namespace/name``; empty unless they were to be kept.
    """

    options: Options
    config: NginxConfig
    ingresses: tuple[Ingress, ...]
    objects: tuple[Object, ...]
    applied: tuple[Applied, ...]
    said: tuple[PlacedFinding, ...]
    fates: Mapping[Origin, tuple[Fate, str, str]]
    actions: tuple[Mapping[str, str], ...]
    problems: tuple[Problem, ...]
    trial: Mapping[str, str]
    read: Mapping[str, Resource]
    rules: Rules


def convert(
    inputs: Inputs, rules: Rules, options: Options | None = None, keep_read: bool = False
) -> Conversion:
    """Converts everything that was read. Input that can't be used is a problem, not an error.

    ``keep_read`` keeps the Ingresses as they were read, for the HTML report; they are large. Raises
    BadName where the names of a trial can't be had.
    """
    options = options or Options()
    found = find(inputs.resources, options)
    told = found.controller
    ingresses, read, problems = _ingresses(inputs.resources)
    classes = class_rules(
        inputs.resources,
        options.ingress_class or told.ingress_class,
        told.controller_class,
        told.without_class or options.watch_without_class,
        told.class_by_name,
        told.watch_namespace,
    )
    taken, passed_over, remarks = chosen(ingresses, classes)
    extent = seen(inputs.resources)
    config = build(
        taken,
        inputs.resources,
        told,
        tuple(passed_over),
        tuple(remarks),
        found.own,
        extent.complete if extent else {},
    )
    names: Mapping[str, str] = {}
    before = config
    if options.trial:
        names = new_names(config.names, options.host_map, options.host_suffix)
        config = renamed(config, names)
    translation = translate(config, rules, options)
    extra: list[PlacedFinding] = [
        *engine.findings(config, rules.entries),
        *_notes(inputs.resources),
    ]
    problems = [*inputs.problems, *problems]
    around = surroundings.around(inputs.resources)
    read = read if keep_read else {}
    del inputs  # whose texts are a great part of the memory; the model has what it needs of them
    edits: dict[str, list[Applied]] = {}
    for applied in translation.applied:
        edits.setdefault(applied.host, []).append(applied)
    made = (_virtual_host(s, config, edits.get(s.host, []), extra, options) for s in config.servers)
    virtual_hosts = [virtual_host for virtual_host in made if virtual_host]
    once = tuple(edit for at in edits.get("*", ()) for edit in at.edits)
    assembled = assemble(
        virtual_hosts,
        services(config),
        GatewayRef(options.gateway_namespace, options.gateway_selector),
        once,
    )
    objects = assembled.objects
    if options.trial:
        objects = on_trial(objects, {new: old for old, new in names.items()})
        extra += trial.findings(before, names, objects)
    extra += _conflicts(assembled, config)
    fates = dict(translation.fates)
    for origin in trial.untried(before, names) if options.trial else ():
        fates.setdefault(origin, ("neutral", "", trial.LEFT_OUT.code))
    extra += surroundings.findings(around, extent, found, before, objects, options)
    for lost in config.ineffective:
        if lost.key != "path":
            fates[lost.origin] = ("ineffective", "", "N2I003")
    return Conversion(
        options=options,
        config=config,
        ingresses=tuple(ingresses),
        objects=tuple(objects),
        applied=translation.applied,
        said=(*translation.said, *extra),
        fates=fates,
        actions=tuple(_actions(config, assembled, options)),
        problems=tuple(problems),
        trial=names,
        read=read,
        rules=rules,
    )


def _ingresses(
    resources: Iterable[Resource],
) -> tuple[list[Ingress], dict[str, Resource], list[Problem]]:
    found: dict[str, Ingress] = {}
    read: dict[str, Resource] = {}
    problems = []
    for resource in resources:
        if resource.kind != "Ingress":
            continue
        try:
            ingress = parse(resource)
        except Malformed as error:
            text = f"Ingress {resource.namespace}/{resource.name[:80]}: {error}"
            problems.append(Problem(resource.file, resource.document, error.line, text))
            continue
        if ingress.key in found:
            there = found[ingress.key].origin
            text = f"Ingress {ingress.key} was read already from {there.file}:{there.line}"
            line = ingress.origin.line
            problems.append(Problem(resource.file, resource.document, line, text))
        else:
            found[ingress.key] = ingress
            read[ingress.key] = resource
    return [found[k] for k in sorted(found)], read, problems


def services(config: NginxConfig) -> dict[str, Service]:
    """What each upstream is in Istio: the Service's own DNS name and port."""
    found = {}
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
        found[name] = Service(host, upstream.namespace, port, alias, space)
    return found


HOST_WIDE = frozenset({"front", "gateway", "alias", "other-host", "tls-route"})
"""Targets of edits that concern the host, whichever of its locations they come from."""


def _virtual_host(
    server: Server,
    config: NginxConfig,
    applied: Iterable[Applied],
    said: list[PlacedFinding],
    options: Options,
) -> VirtualHost | None:
    if server.host != "_" and "." not in server.host:
        origin = server.ingresses[0] if server.ingresses else Origin()
        said.append(engine.said(engine.ONE_LABEL, origin, (server.host,), key=server.host))
        return None
    edits: dict[int, dict[int, Edit]] = {}  # once each: alike locations wish the very same
    for at in applied:
        for edit in at.edits:
            where = -1 if edit.target in HOST_WIDE else at.location
            edits.setdefault(where, {})[id(edit)] = edit
    route_sources = []
    for index, location in enumerate(server.locations):
        try:
            found = uris(location)
        except re2.Untranslatable as why:
            said.append(
                engine.said(
                    engine.BAD_REGEX,
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
                found,
                location.upstream,
                tuple(edits.get(index, {}).values()),
                _comment(location),
            )
        )
    route_sources.sort(
        key=lambda p: "exact" not in p.uris[0]
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


def _actions(
    config: NginxConfig, assembled: Assembled, options: Options
) -> Iterable[Mapping[str, str]]:
    secrets: dict[tuple[str, str], set[str]] = {}
    for server in config.servers:
        held = server.certificate
        if held and held.secret and not server.passthrough:
            secrets.setdefault((held.namespace, held.secret), set()).add(server.host)
    namespace, _, name = config.controller.default_ssl_certificate.partition("/")
    if name and config.servers:
        secrets.setdefault((namespace, name), set()).add("every host without a certificate")
    found: list[Mapping[str, str]] = []
    for (namespace, name), hosts in sorted(secrets.items()):
        to = secret_name(namespace, name, options)
        if namespace != options.gateway_namespace:
            shown = ", ".join(sorted(hosts)[:3]) + (" ..." if len(hosts) > 3 else "")
            found.append(copy_secret(namespace, name, to, options, f"the certificate of {shown}"))
    for wanted in assembled.actions:
        if wanted not in found:
            found.append(wanted)
    if assembled.mesh:
        edit = action(
            "mesh-config",
            "set this in the mesh configuration before applying the "
            "objects; without it some of them do not work or protect",
            yaml=document(assembled.mesh),
        )
        found.append({"kind": edit.path, **edit.value})
    return found


def _notes(resources: Iterable[Resource]) -> Iterable[PlacedFinding]:
    for resource in resources:
        for note in resource.notes:
            origin = Origin(
                resource.kind, resource.namespace, resource.name, note.key, resource.file, note.line
            )
            yield engine.said(engine.NOTE, origin, (), key=note.key, why=note.text)


def _conflicts(assembled: Assembled, config: NginxConfig) -> Iterable[PlacedFinding]:
    servers = {s.host: s for s in config.servers}
    for where, conflict in assembled.conflicts:
        host, _, _ = where.partition(" ")
        server = None if where == MESH else servers.get("_" if host == "*" else host)
        origin = server.ingresses[0] if server and server.ingresses else Origin()
        yield engine.said(
            engine.CONFLICT,
            origin,
            (host,),
            key=conflict.field,
            kept=conflict.kept,
            lost=conflict.refused,
        )
