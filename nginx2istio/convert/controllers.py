"""The Ingresses that were read, whose they are, and what each controller made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nginx2istio.base.options import Options
from nginx2istio.findings.assumptions import Assumption, assumptions
from nginx2istio.inputs.resource import Problem, Resource
from nginx2istio.nginx.build.choose_controller import ControllerChoice, choose_controllers
from nginx2istio.nginx.build.classes import Claims, claims, class_rules, ingress_classes
from nginx2istio.nginx.build.ingresses import Ingress, Malformed, parse_ingress
from nginx2istio.nginx.build.namespaces import namespace_labels
from nginx2istio.nginx.build.servers import build
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.rename_hosts import BadName, new_names, renamed
from nginx2istio.nginx.wave import Wave, of_wave
from nginx2istio.rule.loader import Rules


def read_ingresses(
    resources: Iterable[Resource],
) -> tuple[list[Ingress], dict[str, Resource], list[Problem]]:
    """The Ingresses by name, each as it was read, and the problems of those that can't be used."""
    ingresses: dict[str, Ingress] = {}
    read: dict[str, Resource] = {}
    problems = []
    for resource in resources:
        if resource.kind != "Ingress":
            continue
        try:
            ingress = parse_ingress(resource)
        except Malformed as error:
            text = f"Ingress {resource.namespace}/{resource.name[:80]}: {error}"
            problems.append(Problem(resource.file, resource.document, error.line, text))
            continue
        if ingress.key in ingresses:
            first = ingresses[ingress.key].origin
            text = f"Ingress {ingress.key} was read already from {first.file}:{first.line}"
            line = ingress.origin.line
            problems.append(Problem(resource.file, resource.document, line, text))
        else:
            ingresses[ingress.key] = ingress
            read[ingress.key] = resource
    return [ingresses[k] for k in sorted(ingresses)], read, problems


@dataclass(frozen=True, slots=True)
class ReplacedController:
    """A controller, the options for it alone, its Ingresses and its configuration.

    ``real`` is the configuration as it is, ``config`` that under the names of a trial; ``names``
    are these by the real ones, ``impossible`` says of real ones why they have none. ``assumed`` is
    what its configuration takes for granted.
    """

    options: Options
    choice: ControllerChoice
    ingresses: tuple[Ingress, ...]
    real: NginxConfig
    config: NginxConfig
    names: Mapping[str, str]
    impossible: Mapping[str, str]
    assumed: tuple[Assumption, ...] = ()


def replaced_controllers(
    ingresses: Sequence[Ingress],
    resources: Sequence[Resource],
    rules: Rules,
    options: Options,
    complete: Mapping[str, Sequence[str]],
) -> tuple[list[ReplacedController], Claims]:
    """The controllers that the options mean, and whose each Ingress is.

    ``complete`` are the namespaces, by kind, in which what was not read does not exist.
    Raises BadName where the names of a trial can't be had, or no host is of the wave.
    """
    choices = choose_controllers(resources, options, rules.annotations)
    known, labels = ingress_classes(resources), namespace_labels(resources)
    class_rules_of = [
        class_rules(choice.controller, known, labels, each.ingress_class, each.watch_without_class)
        for choice, each in zip(choices, options.each, strict=True)
    ]
    prefix = choices[0].controller.annotations_prefix
    claimed = claims(ingresses, class_rules_of, prefix)
    wave = Wave(options.only_hosts, options.only_namespaces)
    controllers = []
    for i, (choice, each) in enumerate(zip(choices, options.each, strict=True)):
        config = build(
            claimed.taken[i],
            resources,
            choice.controller,
            () if i else claimed.unclaimed,
            claimed.remarks[i],
            choice.configmap_key,
            complete,
        )
        assumed = assumptions(config, choice, each)
        config = replace(config, assumed=frozenset(assumption.id for assumption in assumed))
        config, taken = of_wave(config, claimed.taken[i], wave)
        names: Mapping[str, str] = {}
        impossible: Mapping[str, str] = {}
        if options.trial:
            names, impossible = new_names(config.host_names, options.host_map, options.host_suffix)
        each = replace(each, ingress_class=class_rules_of[i].name)
        controllers.append(
            ReplacedController(
                each,
                choice,
                taken,
                config,
                renamed(config, names) if options.trial else config,
                names,
                impossible,
                assumed,
            )
        )
    if wave and not any(controller.config.servers for controller in controllers):
        raise BadName("no host of the input is meant by --only-host and --only-namespace")
    unclaimed = tuple(each for each in claimed.unclaimed if wave.has_unclaimed(each))
    return controllers, replace(claimed, unclaimed=unclaimed)
