"""Which controllers of the input are replaced: their Deployments' flags and their ConfigMaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nginx2istio.base.options import USUAL_CLASS, Options
from nginx2istio.nginx.build.classes import ingress_classes
from nginx2istio.nginx.build.configmaps import configmaps
from nginx2istio.nginx.build.controller import Controller, controller
from nginx2istio.nginx.build.ingresses import KubernetesObject
from nginx2istio.nginx.keys.catalogue import FLAGS, CatalogueEntry

CONTROLLER_LABEL = ("app.kubernetes.io/name", "ingress-nginx")
USUAL_NAMESPACE = "ingress-nginx"
USUAL_CONFIGMAPS = ("ingress-nginx-controller", "nginx-configuration")


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment or DaemonSet of ingress-nginx, with the arguments of its controller."""

    resource: KubernetesObject
    arguments: tuple[str, ...]

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.resource.namespace}/{self.resource.name}"

    def reference(self, flag: str) -> str:
        """The ``namespace/name`` that a flag says, "" when it says none."""
        return str(controller({}, self.arguments).flags.get(flag) or "")


@dataclass(frozen=True, slots=True)
class ControllerChoice:
    """The controller with its settings, the key of its ConfigMap ("" for none), and where it runs.

    ``workload`` is None when no Deployment was among the input; ``others`` are further controllers
    that nobody chose.
    """

    controller: Controller
    configmap_key: str
    workload: Workload | None
    others: tuple[Workload, ...] = ()


def choose_controllers(
    objects: Iterable[KubernetesObject],
    options: Options,
    declared: Sequence[CatalogueEntry] = (),
) -> tuple[ControllerChoice, ...]:
    """The controllers that the options mean, as far as they are among the input, in their order.

    The first may be what no option says: the one that is left, and the ConfigMap with the usual
    name. ``declared`` are annotations that they read beside those of ingress-nginx.
    """
    objects = tuple(objects)
    owners = ingress_classes(objects).controllers
    data = {key: configmap.data for key, configmap in configmaps(objects).items()}
    every = (w for each in options.each for w in _workloads(objects, each.controller_config))
    by_key = {workload.key: workload for workload in every}
    workloads = [by_key[key] for key in sorted(by_key)]
    meant = [_meant(workloads, each, owners) for each in options.each]
    left = [w for w in workloads if not any(w is chosen for chosen in meant)]
    if meant[0] is None and left:
        meant[0] = left.pop(0)
    choices = []
    for i, (each, workload) in enumerate(zip(options.each, meant, strict=True)):
        named = each.controller_config or (workload.reference("configmap") if workload else "")
        usual = () if i else (key for key in data if key.partition("/")[2] in USUAL_CONFIGMAPS)
        key = named if data.get(named) else next(iter(usual), "")
        arguments = (*(workload.arguments if workload else ()), *each.controller_flags)
        settings = controller(data.get(key, {}), arguments, declared)
        choices.append(ControllerChoice(settings, key, workload, () if i else tuple(left)))
    return tuple(choices)


def _meant(
    workloads: Sequence[Workload], options: Options, owners: Mapping[str, str]
) -> Workload | None:
    """The workload that --controller-config points at, else the class.

    ``owners`` are the controllers of the IngressClasses: where that of the class is known, a
    workload for another one does not serve it, whatever its --ingress-class.
    """
    if options.controller_config:
        named = (w for w in workloads if w.reference("configmap") == options.controller_config)
        return next(named, None)
    name = options.ingress_class or USUAL_CLASS
    flags = [(w, controller({}, w.arguments)) for w in workloads]
    if name in owners:
        flags = [(w, its) for w, its in flags if its.controller_class == owners[name]]
    of_name = [w for w, its in flags if its.ingress_class == name]
    of_class = [w for w, _ in flags] if name in owners else []
    return next(iter((*of_name, *of_class)), None)


def _workloads(resources: Iterable[KubernetesObject], configmap: str) -> Iterator[Workload]:
    for resource in resources:
        if resource.kind not in ("Deployment", "DaemonSet"):
            continue
        labels = resource.metadata.get("labels") or {}
        workload = Workload(resource, _arguments(resource))
        labelled = labels.get(CONTROLLER_LABEL[0]) == CONTROLLER_LABEL[1] and _flags(
            workload.arguments
        )
        if labelled or (configmap and workload.reference("configmap") == configmap):
            yield workload


def _arguments(resource: KubernetesObject) -> tuple[str, ...]:
    """The arguments of the container that has most of the controller's flags.

    The manifests put the pod's namespace in by a variable.
    """
    spec = resource.body.get("spec") or {}
    pod = (spec.get("template") or {}).get("spec") or {}
    commands = [
        (*(container.get("command") or ()), *(container.get("args") or ()))
        for container in pod.get("containers") or ()
    ]
    arguments = max(commands, key=_flags, default=())
    return tuple(text.replace("$(POD_NAMESPACE)", resource.namespace) for text in arguments)


def _flags(arguments: Sequence[str]) -> int:
    return sum(a.lstrip("-").partition("=")[0] in FLAGS for a in arguments if a.startswith("-"))
