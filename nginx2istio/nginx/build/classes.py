"""Whose an Ingress is: chosen by class and namespace, in the order of the controller's store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from nginx2istio.nginx.build.controller import Controller
from nginx2istio.nginx.build.ingresses import CLASS_ANNOTATION, Ingress, KubernetesObject
from nginx2istio.nginx.build.namespaces import WatchedNamespaces, watched_namespaces
from nginx2istio.nginx.model import Remark, Unclaimed


@dataclass(frozen=True, slots=True)
class IngressClasses:
    """The IngressClasses among the input: the controller of each by its name, and the default."""

    controllers: Mapping[str, str] = field(default_factory=dict)
    default: str = ""


def ingress_classes(objects: Iterable[KubernetesObject]) -> IngressClasses:
    """The IngressClasses among objects."""
    controllers: dict[str, str] = {}
    default = ""
    for obj in sorted((o for o in objects if o.kind == "IngressClass"), key=lambda o: o.name):
        spec = obj.body.get("spec") or {}
        controllers[obj.name] = spec.get("controller") or ""
        annotations = obj.metadata.get("annotations") or {}
        if annotations.get("ingressclass.kubernetes.io/is-default-class") == "true":
            default = obj.name
    return IngressClasses(controllers, default)


@dataclass(frozen=True, slots=True)
class ClassRules:
    """How a controller chooses its Ingresses: its namespaces, its flags, and the IngressClasses."""

    name: str
    controller: str
    without_class: bool
    by_name: bool
    namespaces: WatchedNamespaces
    known: IngressClasses

    def declared(self, ingress: Ingress) -> str | None:
        """The class of an Ingress, as the API server stores it: the default one where it has none.

        It is written into an object at its creation, so one that is stored has it already.
        """
        default = None if ingress.stored else self.known.default or None
        return default if ingress.declared_class is None else ingress.declared_class

    def refuses(self, ingress: Ingress) -> str:
        """Why the controller passes an Ingress over, "" when it takes it (``GetIngressClass``)."""
        not_served = self.namespaces.refuses(ingress.origin.namespace)
        if not_served:
            return not_served
        name = self.declared(ingress)
        if name is None:
            if self.without_class:
                return ""
            return "it has no class, and the controller runs without --watch-ingress-without-class"
        if ingress.class_name is None and ingress.declared_class is not None:
            return "" if name == self.name else f"its {CLASS_ANNOTATION} is {name!r}"
        if name in self.known.controllers:
            owner = self.known.controllers[name]
            if owner == self.controller or (self.by_name and name == self.name):
                return ""
            return f"its ingressClassName {name} belongs to the controller {owner}"
        if self.known.controllers:
            return f"there is no IngressClass {name}"
        return "" if name == self.name else f"its ingressClassName is {name}"


def class_rules(
    controller: Controller,
    known: IngressClasses,
    labels: Mapping[str, Mapping[str, str]],
    name: str = "",
    without_class: bool = False,
) -> ClassRules:
    """The rules of a controller. ``name`` is the class that the user names, "" for that of a flag.

    ``labels`` are those of the namespaces among the input.
    The user's IngressClass counts more than a flag: its controller is the one that is meant.
    """
    return ClassRules(
        name or controller.ingress_class,
        known.controllers.get(name) or controller.controller_class,
        controller.without_class or without_class,
        controller.class_by_name,
        watched_namespaces(controller, labels),
        known,
    )


@dataclass(frozen=True, slots=True)
class Claims:
    """Which Ingresses each controller takes, oldest first, remarks on each, and what nobody takes.

    ``split`` are Ingresses that several take, by the index of those that get none of them: their
    class is named for another.
    """

    taken: tuple[tuple[Ingress, ...], ...]
    remarks: tuple[tuple[Remark, ...], ...]
    unclaimed: tuple[Unclaimed, ...]
    split: Mapping[int, tuple[Ingress, ...]]


def claims(ingresses: Iterable[Ingress], controllers: Sequence[ClassRules], prefix: str) -> Claims:
    """Gives each Ingress to the controllers that take it.

    One whose class has the name of one of them is for this one alone, though another may take it,
    too: two classes can name one ``spec.controller``. ``prefix`` is that of the annotations.
    """
    taken: list[list[Ingress]] = [[] for _ in controllers]
    split: dict[int, list[Ingress]] = {}
    unclaimed = []
    for ingress in ingresses:
        reasons = [rules.refuses(ingress) for rules in controllers]
        takers = [i for i, why in enumerate(reasons) if not why]
        named = [i for i in takers if controllers[i].declared(ingress) == controllers[i].name]
        for i in named or takers:
            taken[i].append(ingress)
        for i in set(takers).difference(named) if named else ():
            split.setdefault(i, []).append(ingress)
        if not takers:
            unclaimed.append(_unclaimed(ingress, reasons[0], controllers[0], prefix))
    ordered = [oldest_first(each) for each in taken]
    return Claims(
        tuple(tuple(each) for each, _ in ordered),
        tuple(tuple(remarks) for _, remarks in ordered),
        tuple(sorted(unclaimed, key=lambda each: each.origin)),
        {i: tuple(each) for i, each in sorted(split.items())},
    )


def _unclaimed(ingress: Ingress, why: str, rules: ClassRules, prefix: str) -> Unclaimed:
    name = rules.declared(ingress)
    kind: Literal["namespace", "absent", "class"] = "class"
    if rules.namespaces.refuses(ingress.origin.namespace):
        kind = "namespace"
    elif ingress.class_name and rules.known.controllers and name not in rules.known.controllers:
        kind = "absent"
    return Unclaimed(
        ingress.origin,
        why,
        ingress.hosts,
        name,
        rules.known.controllers.get(name or "", ""),
        any(key.startswith(f"{prefix}/") for key in ingress.annotations),
        kind,
    )


def oldest_first(ingresses: Iterable[Ingress]) -> tuple[list[Ingress], list[Remark]]:
    """Ingresses oldest first, and remarks where that is not known.

    Equal (or missing) timestamps go by ``namespace/name`` from Z to A (``sortIngressSlice``).
    """
    taken = sorted(ingresses, key=lambda i: i.key, reverse=True)
    taken.sort(key=lambda i: i.created)
    hosts: dict[str, list[Ingress]] = {}
    for ingress in taken:
        for host in ingress.hosts:
            hosts.setdefault(host, []).append(ingress)
    remarks = []
    for host, sharing in hosts.items():
        if len(sharing) > 1 and any(not i.created for i in sharing):
            names = ", ".join(i.key for i in sharing)
            remarks.append(Remark("no-timestamp", sharing[0].origin, names, (host,)))
    return taken, remarks
