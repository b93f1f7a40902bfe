"""From what was read to Istio objects and everything that is to be said about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from nginx2istio.base.options import Options
from nginx2istio.convert.actions import mesh_action
from nginx2istio.convert.controllers import read_ingresses, replaced_controllers
from nginx2istio.convert.fates import RANK, AnnotationFate, annotation_fates, without_fate
from nginx2istio.convert.istio_version import istio_version_of, measured
from nginx2istio.convert.part import ControllerConversion, conflicts, convert_controller
from nginx2istio.convert.translate import Applied
from nginx2istio.findings import cluster, configuration, existing_gateway
from nginx2istio.findings.assumptions import Assumption
from nginx2istio.findings.controllers import several, unclaimed
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.findings.plain_http import about_http
from nginx2istio.inputs.extent import complete_namespaces, extent_of
from nginx2istio.inputs.held.gateways import gateway_workloads, with_gateways
from nginx2istio.inputs.resource import Inputs, Problem, Resource
from nginx2istio.istio.assemble.assemble import MESH
from nginx2istio.istio.fields import frozen, merge_field
from nginx2istio.istio.join_objects import joined_objects
from nginx2istio.istio.objects import MANAGED_BY, OURS, Object
from nginx2istio.istio.sync_waves import with_sync_waves
from nginx2istio.nginx.build.ingresses import Ingress
from nginx2istio.nginx.config import NginxConfig, joined_configs
from nginx2istio.nginx.model import Origin
from nginx2istio.rule.loader import Rules


@dataclass(frozen=True, slots=True)
class Conversion:
    """The result; every command is a view of this one value.

    ``parts`` are what replaces each controller; ``config`` is what all of them serve, see
    ``joined_configs``.
    ``findings`` are all findings by place, not yet grouped; ``fates`` says what became of each
    annotation of each Ingress that was read, by origin. ``trial`` maps real host names to those
    that the objects are for, empty when it is no trial. ``read`` are the Ingresses as they were
    read, by ``namespace/name``; empty unless they were to be kept. ``mesh`` is the mesh
    configuration that the objects need. ``foreign_filters`` are EnvoyFilters of others
    that were read.
    """

    options: Options
    parts: tuple[ControllerConversion, ...]
    config: NginxConfig
    ingresses: tuple[Ingress, ...]
    objects: tuple[Object, ...]
    applied: tuple[Applied, ...]
    findings: tuple[PlacedFinding, ...]
    assumptions: tuple[Assumption, ...]
    fates: Mapping[Origin, AnnotationFate]
    actions: tuple[Mapping[str, str], ...]
    mesh: Object
    problems: tuple[Problem, ...]
    trial: Mapping[str, str]
    read: Mapping[str, Resource]
    rules: Rules
    foreign_filters: tuple[Object, ...] = ()

    @property
    def converted(self) -> frozenset[str]:
        """The Ingresses that a controller takes and loads, by ``namespace/name``."""
        taken = {i.key for each in self.parts for i in each.controller.ingresses}
        loaded = taken - {ingress.origin.object for ingress in self.config.not_loaded}
        return frozenset(loaded)


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
    options = with_gateways(options or Options(), inputs.resources)
    release = istio_version_of(inputs.resources, options)
    options = replace(options, istio_version=options.istio_version or measured(release))
    ingresses, read, problems = read_ingresses(inputs.resources)
    extent = extent_of(inputs.resources)
    complete = complete_namespaces(inputs.resources, extent)
    controllers, claims = replaced_controllers(
        ingresses, inputs.resources, rules, options, complete
    )
    extra: list[PlacedFinding] = [*_notes(inputs.resources)]
    problems = sorted([*inputs.problems, *problems], key=lambda problem: problem.file)
    surroundings = cluster.surroundings(inputs.resources)
    read = read if keep_read else {}
    del inputs  # whose texts are a great part of the memory; the model has what it needs of them
    parts = [
        convert_controller(controller, rules, surroundings, processes) for controller in controllers
    ]
    config = joined_configs([each.controller.config for each in parts])
    objects, clashes = joined_objects([each.objects for each in parts])
    mesh: Object = {}
    for each in parts:
        for field, value in each.mesh.items():
            clashes += [(MESH, clash) for clash in merge_field(mesh, field, value)]
    if release not in (None, options.istio_version):
        extra.append(cluster.other_release(release, options))
    extra += cluster.unread(extent) if extent else ()
    extra += conflicts(clashes, config)
    of_each = [controller.options for controller in controllers]
    names = [each.ingress_class for each in of_each]
    workloads = gateway_workloads(surroundings)
    for named in of_each:
        extra += existing_gateway.no_pods(named, workloads)
    extra += unclaimed.findings(claims.unclaimed, len(ingresses), names)
    extra += several.findings(of_each, [each.objects for each in parts], claims.split)
    steps = {frozen(step): step for each in parts for step in each.actions}
    findings = (*chain.from_iterable(each.findings for each in parts), *extra)
    of_run = {each.key for part in parts for each in part.controller.ingresses}
    of_run |= {each.origin.object for each in claims.unclaimed}
    concerned = [each for each in ingresses if each.key in of_run]
    fates = annotation_fates(concerned, config, _worst(e.fates for e in parts), findings)
    forgotten = tuple(without_fate(concerned, fates))
    fates |= {
        finding.origin: (finding.message.fate, "", finding.message.code) for finding in forgotten
    }
    return Conversion(
        options=options,
        parts=tuple(parts),
        config=config,
        ingresses=tuple(ingresses),
        objects=tuple(with_sync_waves(objects) if options.layout == "argocd" else objects),
        applied=tuple(chain.from_iterable(each.applied for each in parts)),
        findings=_narrowed((*findings, *forgotten), objects, of_each),
        assumptions=tuple({a.id: a for each in parts for a in each.controller.assumed}.values()),
        fates=fates,
        actions=(*steps.values(), *([mesh_action(mesh)] if mesh else ())),
        mesh=mesh,
        problems=tuple(problems),
        trial={old: new for each in controllers for old, new in each.names.items()},
        read=read,
        rules=rules,
        foreign_filters=tuple(each.body for each in surroundings if _foreign_filter(each)),
    )


def _foreign_filter(resource: Resource) -> bool:
    """Whether an object is an EnvoyFilter of somebody else."""
    labels = resource.body.get("metadata", {}).get("labels") or {}
    return resource.kind == "EnvoyFilter" and labels.get(MANAGED_BY) not in OURS


def _worst(
    of_parts: Iterable[Mapping[Origin, AnnotationFate]],
) -> Mapping[Origin, AnnotationFate]:
    """The worst that becomes of each annotation: two controllers may take one Ingress."""
    first, *others = of_parts
    worst = dict(first)
    for fates in others:
        for origin, fate in fates.items():
            if origin not in worst or RANK[fate[0]] > RANK[worst[origin][0]]:
                worst[origin] = fate
    return worst


def _notes(resources: Iterable[Resource]) -> Iterable[PlacedFinding]:
    for resource in resources:
        for note in resource.notes:
            origin = Origin(
                resource.kind, resource.namespace, resource.name, note.key, resource.file, note.line
            )
            yield placed(configuration.NOTE, origin, (), key=note.key, why=note.text)


def _narrowed(
    findings: Iterable[PlacedFinding], objects: Iterable[Object], choices: Iterable[Options]
) -> tuple[PlacedFinding, ...]:
    """The findings with the requests that they are about.

    What a Gateway that is there already serves by https need not be known.
    """
    if any(options.gateway for options in choices):
        return tuple(findings)
    return tuple(about_http(findings, objects))
