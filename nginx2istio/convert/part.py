"""What becomes of one controller: the objects for its gateway, and what is to be said of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nginx2istio.bridge.protection import unavailable_host
from nginx2istio.bridge.secrets import gateway_of
from nginx2istio.convert.actions import actions
from nginx2istio.convert.beyond_stars import with_beyond
from nginx2istio.convert.controllers import ReplacedController
from nginx2istio.convert.fates import AnnotationFate
from nginx2istio.convert.hosts import services, unknown_hosts, virtual_host
from nginx2istio.convert.refused import checked
from nginx2istio.convert.refused_places import lost_fates, refused
from nginx2istio.convert.share import translate_in_shares
from nginx2istio.convert.translate import Applied
from nginx2istio.findings import cluster, configuration, connections, trial
from nginx2istio.findings.existing_gateway import existing_gateway
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.inputs.resource import Resource
from nginx2istio.istio.assemble.assemble import MESH
from nginx2istio.istio.fields import Conflict
from nginx2istio.istio.objects import Object
from nginx2istio.istio.rename_objects import on_trial
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Origin
from nginx2istio.rule.loader import Rules


@dataclass(frozen=True, slots=True)
class ControllerConversion:
    """The part of a conversion that replaces one controller.

    ``mesh`` is mesh configuration. ``fates`` are those of which rules say something.
    """

    controller: ReplacedController
    objects: tuple[Object, ...]
    applied: tuple[Applied, ...]
    findings: tuple[PlacedFinding, ...]
    fates: Mapping[Origin, AnnotationFate]
    actions: tuple[Mapping[str, str], ...]
    mesh: Object


def convert_controller(
    controller: ReplacedController,
    rules: Rules,
    surroundings: Sequence[Resource],
    processes: int = 1,
) -> ControllerConversion:
    """Converts one controller.

    ``surroundings`` as in ``findings.cluster``, ``processes`` as in ``convert``.
    """
    config, before, options = controller.config, controller.real, controller.options
    translation = translate_in_shares(config, rules, options, processes)
    extra: list[PlacedFinding] = [*configuration.findings(config, rules.entries)]
    edits: dict[str, list[Applied]] = {}
    for applied in translation.applied:
        edits.setdefault(applied.host, []).append(applied)
    hosts = (virtual_host(s, config, edits.get(s.host, []), extra, options) for s in config.servers)
    virtual_hosts = with_beyond([host for host in hosts if host], config, extra)
    config.memory.clear()  # what comes now asks for little of it
    others = unknown_hosts(config, options)
    if (
        others
        and virtual_hosts
        and not (options.gateway or options.only_hosts or options.only_namespaces)
        and not options.trial
        and "*" not in {h.host for h in virtual_hosts}
    ):
        virtual_hosts.append(others)
    if options.gateway:
        lacks, closed = existing_gateway(
            options.gateway, surroundings, virtual_hosts, config, options.allow_unprotected
        )
        extra += lacks
        virtual_hosts = [
            replace(host, edits=(*host.edits, unavailable_host())) if host.host in closed else host
            for host in virtual_hosts
        ]
    # A gateway without hosts of ours needs nothing of ours.
    once = tuple(edit for at in edits.get("*", ()) for edit in at.edits) if virtual_hosts else ()
    originals = {new: old for old, new in controller.names.items()}
    target = gateway_of(options)
    assembled, objects, refusals = checked(
        virtual_hosts,
        services(config),
        target,
        once,
        options.filters("misdirected"),
        (lambda objects: on_trial(objects, originals, target.controller))
        if options.trial
        else list,
        processes,
    )
    if options.trial:
        extra += trial.findings(before, controller.names, controller.impossible, objects)
    extra += refused(refusals, config)
    extra += conflicts(assembled.conflicts, config)
    extra += connections.findings(assembled.reuses, config)
    fates = dict(translation.fates)
    fates |= lost_fates(refusals, config, fates)
    for origin in trial.untried(before, controller.names) if options.trial else ():
        fates.setdefault(origin, ("neutral", "", trial.NOT_IN_TRIAL.code))
    extra += cluster.findings(surroundings, controller.choice, before, objects, options)
    return ControllerConversion(
        controller,
        tuple(objects),
        translation.applied,
        (*translation.findings, *extra),
        fates,
        tuple(actions(config, assembled, options)),
        assembled.mesh,
    )


def conflicts(
    of_places: Iterable[tuple[str, Conflict]], config: NginxConfig
) -> Iterator[PlacedFinding]:
    """What is to be said of edits that want different values of one field."""
    servers = {s.host: s for s in config.servers}
    for where, conflict in of_places:
        host, _, _ = where.partition(" ")
        server = None if where == MESH else servers.get("_" if host == "*" else host)
        origin = server.ingresses[0] if server and server.ingresses else Origin()
        yield placed(
            configuration.CONFLICT,
            origin,
            (host,),
            key=conflict.field,
            kept=conflict.effective,
            lost=conflict.refused,
        )
