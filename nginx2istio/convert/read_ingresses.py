"""The Ingresses among what was read."""

from __future__ import annotations

from collections.abc import Iterable

from nginx2istio.inputs.resource import Problem, Resource
from nginx2istio.nginx.build.ingresses import Ingress, Malformed, parse_ingress


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
