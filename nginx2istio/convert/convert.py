"""From what was read to Istio objects and everything that is to be said about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from nginx2istio.base.options import Options
from nginx2istio.convert.actions import actions
from nginx2istio.convert.beyond_stars import with_beyond
from nginx2istio.convert.fates import AnnotationFate, annotation_fates, without_fate
from nginx2istio.convert.hosts import services, unknown_hosts, virtual_host
from nginx2istio.convert.istio_version import istio_version_of, measured
from nginx2istio.convert.read_ingresses import read_ingresses
from nginx2istio.convert.refused import checked
from nginx2istio.convert.refused_places import lost_fates, refused
from nginx2istio.convert.share import translate_in_shares
from nginx2istio.convert.translate import Applied
from nginx2istio.findings import cluster, configuration, connections, trial
from nginx2istio.findings.assumptions import Assumption, assumptions
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.findings.plain_http import about_http
from nginx2istio.inputs.extent import complete_namespaces, extent_of
from nginx2istio.inputs.resource import Inputs, Problem, Resource
from nginx2istio.istio.assemble.assemble import MESH, Assembled
from nginx2istio.istio.assemble.virtual_host import GatewayRef
from nginx2istio.istio.objects import Object
from nginx2istio.istio.rename_objects import on_trial
from nginx2istio.nginx.build.choose_controller import choose_controller
from nginx2istio.nginx.build.ingresses import Ingress, chosen, class_rules
from nginx2istio.nginx.build.servers import build
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Origin
from nginx2istio.nginx.rename_hosts import new_names, renamed
from nginx2istio.rule.loader import Rules


@dataclass(frozen=True, slots=True)
class Conversion:
    """The result; every command is a view of this one value.

    ``findings`` are all findings by place, not yet grouped; ``fates`` says what became of each
    annotation of each Ingress that was read, by origin. ``trial`` maps real host names to those
    that the objects are for, empty when it is no trial. ``read`` are the Ingresses as they were
    read, by ``namespace/name``; empty unless they were to be kept.
    """

    options: Options
    config: NginxConfig
    ingresses: tuple[Ingress, ...]
    objects: tuple[Object, ...]
    applied: tuple[Applied, ...]
    findings: tuple[PlacedFinding, ...]
    assumptions: tuple[Assumption, ...]
    fates: Mapping[Origin, AnnotationFate]
    actions: tuple[Mapping[str, str], ...]
    problems: tuple[Problem, ...]
    trial: Mapping[str, str]
    read: Mapping[str, Resource]
    rules: Rules


def convert(
    inputs: Inputs,
    rules: Rules,
    options: Options | None = None,
    keep_read: bool = False,
    processes: int = 1,
) -> Conversion:
    """Converts everything that was read. Input that can't be used is a problem, not an error.

    ``keep_read`` keeps the Ingresses as they were read, for the HTML report; they are large. Up to
    so many ``processes`` share the work, and the result is the same for any number. Raises
    BadName where the names of a trial can't be had.
    """
    options = options or Options()
    release = istio_version_of(inputs.resources, options)
    options = replace(options, istio_version=options.istio_version or measured(release))
    choice = choose_controller(inputs.resources, options, rules.annotations)
    controller = choice.controller
    ingresses, read, problems = read_ingresses(inputs.resources)
    classes = class_rules(
        inputs.resources,
        options.ingress_class or controller.ingress_class,
        controller.controller_class,
        controller.without_class or options.watch_without_class,
        controller.class_by_name,
        controller.watch_namespace,
    )
    taken, passed_over, remarks = chosen(ingresses, classes)
    extent = extent_of(inputs.resources)
    config = build(
        taken,
        inputs.resources,
        controller,
        tuple(passed_over),
        tuple(remarks),
        choice.configmap_key,
        complete_namespaces(inputs.resources, extent),
    )
    assumed = assumptions(config, choice, options)
    config = replace(config, assumed=frozenset(assumption.id for assumption in assumed))
    names: Mapping[str, str] = {}
    impossible: Mapping[str, str] = {}
    before = config
    if options.trial:
        names, impossible = new_names(config.host_names, options.host_map, options.host_suffix)
        config = renamed(config, names)
    translation = translate_in_shares(config, rules, options, processes)
    extra: list[PlacedFinding] = [
        *configuration.findings(config, rules.entries),
        *_notes(inputs.resources),
    ]
    problems = [*inputs.problems, *problems]
    surroundings = cluster.surroundings(inputs.resources)
    read = read if keep_read else {}
    del inputs  # whose texts are a great part of the memory; the model has what it needs of them
    edits: dict[str, list[Applied]] = {}
    for applied in translation.applied:
        edits.setdefault(applied.host, []).append(applied)
    hosts = (virtual_host(s, config, edits.get(s.host, []), extra, options) for s in config.servers)
    virtual_hosts = with_beyond([host for host in hosts if host], config, extra)
    others = unknown_hosts(config, options)
    if (
        others
        and virtual_hosts
        and not options.trial
        and "*" not in {h.host for h in virtual_hosts}
    ):
        virtual_hosts.append(others)
    once = tuple(edit for at in edits.get("*", ()) for edit in at.edits)
    originals = {new: old for old, new in names.items()}
    assembled, objects, refusals = checked(
        virtual_hosts,
        services(config),
        GatewayRef(options.gateway_namespace, options.gateway_selector),
        once,
        options.filters("misdirected"),
        (lambda objects: on_trial(objects, originals)) if options.trial else list,
    )
    if options.trial:
        extra += trial.findings(before, names, impossible, objects)
    extra += refused(refusals, config)
    extra += _conflicts(assembled, config)
    extra += connections.findings(assembled.reuses, config)
    by_rules = dict(translation.fates)
    by_rules |= lost_fates(refusals, config, by_rules)
    for origin in trial.untried(before, names) if options.trial else ():
        by_rules.setdefault(origin, ("neutral", "", trial.NOT_IN_TRIAL.code))
    if release not in (None, options.istio_version):
        extra.append(cluster.other_release(release, options))
    extra += cluster.findings(surroundings, extent, choice, before, objects, options)
    findings = (*translation.findings, *extra)
    fates = annotation_fates(ingresses, config, by_rules, findings)
    forgotten = tuple(without_fate(ingresses, fates))
    fates |= {
        finding.origin: (finding.message.fate, "", finding.message.code) for finding in forgotten
    }
    return Conversion(
        options=options,
        config=config,
        ingresses=tuple(ingresses),
        objects=tuple(objects),
        applied=translation.applied,
        findings=tuple(about_http((*findings, *forgotten), objects)),
        assumptions=assumed,
        fates=fates,
        actions=tuple(actions(config, assembled, options)),
        problems=tuple(problems),
        trial=names,
        read=read,
        rules=rules,
    )


def _notes(resources: Iterable[Resource]) -> Iterable[PlacedFinding]:
    for resource in resources:
        for note in resource.notes:
            origin = Origin(
                resource.kind, resource.namespace, resource.name, note.key, resource.file, note.line
            )
            yield placed(configuration.NOTE, origin, (), key=note.key, why=note.text)


def _conflicts(assembled: Assembled, config: NginxConfig) -> Iterable[PlacedFinding]:
    servers = {s.host: s for s in config.servers}
    for where, conflict in assembled.conflicts:
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
