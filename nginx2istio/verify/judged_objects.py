"""Objects of a user's that are judged, without those that no cluster takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nginx2istio.inputs.resource import Problem, Resource
from nginx2istio.istio.check.schema import misfits, spec_schema
from nginx2istio.istio.objects import VERSIONS
from nginx2istio.istio.serve.filters.shapes import Json

_OF_PATCHES = ("applyTo", "patch")


def judged_objects(resources: Iterable[Resource]) -> tuple[list[Json], list[Problem]]:
    """The bodies of Istio's objects with their namespaces, and why others are left out."""
    objects: list[Json] = []
    problems: list[Problem] = []
    for each in resources:
        if each.kind not in VERSIONS:
            continue
        reason = next(_reasons(each), "")
        if reason:
            text = f"{each.kind}, left out of the proof since no cluster takes it: {reason}"
            problems.append(Problem(each.file, each.document, each.body.lines.get("kind", 0), text))
        else:
            labels = each.metadata.get("labels") or {}
            named = {**each.metadata, "namespace": each.namespace, "labels": labels}
            objects.append({**each.body, "metadata": named})
    return objects, problems


def _reasons(each: Resource) -> Iterator[str]:
    """What of an object does not fit its CustomResourceDefinition."""
    spec = each.body.get("spec")
    if not isinstance(spec, Mapping) or not isinstance(each.metadata.get("name"), str):
        yield "it lacks a name or a spec"
        return
    if not isinstance(each.metadata.get("labels") or {}, Mapping):
        yield "its labels have no names"
    yield from misfits(spec_schema(each.kind), spec)
    if each.kind == "EnvoyFilter":
        for number, patch in enumerate(spec.get("configPatches") or ()):
            if not all(patch.get(name) for name in _OF_PATCHES):
                yield f"configPatches[{number}] lacks {' or '.join(_OF_PATCHES)}"
