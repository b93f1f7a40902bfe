"""Which controller among the input is to be left: its Deployment's flags and its ConfigMap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from nginx2istio.base.options import Options
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
    that were passed over.
    """

    controller: Controller
    configmap_key: str
    workload: Workload | None
    others: tuple[Workload, ...] = ()


def choose_controller(
    objects: Iterable[KubernetesObject],
    options: Options,
    declared: Sequence[CatalogueEntry] = (),
) -> ControllerChoice:
    """The controller that the options mean, as far as it is among the input.

    ``declared`` are annotations that it reads beside those of ingress-nginx.
    """
    objects = tuple(objects)
    chosen, others = _chosen(objects, options)
    data = {key: configmap.data for key, configmap in configmaps(objects).items()}
    named = options.controller_config or (chosen.reference("configmap") if chosen else "")
    usual = next((key for key in data if key.partition("/")[2] in USUAL_CONFIGMAPS), "")
    key = named if data.get(named) else usual
    arguments = (*(chosen.arguments if chosen else ()), *options.controller_flags)
    settings = controller(data.get(key, {}), arguments, declared)
    return ControllerChoice(settings, key, chosen, others)


def _chosen(
    resources: Iterable[KubernetesObject], options: Options
) -> tuple[Workload | None, tuple[Workload, ...]]:
    """The workload that ``--controller-config`` or ``--ingress-class`` points at, else the first.

    One without the usual label counts if it names that very ConfigMap.
    """
    workloads = sorted(_workloads(resources, options.controller_config), key=lambda w: w.key)
    workloads.sort(key=lambda w: not _meant(w, options))
    return (workloads[0], tuple(workloads[1:])) if workloads else (None, ())


def _meant(workload: Workload, options: Options) -> bool:
    if options.controller_config:
        return workload.reference("configmap") == options.controller_config
    flags = controller({}, workload.arguments)
    return (options.ingress_class or "nginx") == flags.ingress_class


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
