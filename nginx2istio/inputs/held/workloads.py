"""What is held of pods and of what makes pods: what tells them apart, and no environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nginx2istio.inputs.held.fields import mapping, mappings, name_only
from nginx2istio.inputs.resource import Node

CONTAINER = ("name", "image", "command", "args")


def _texts(value: Any) -> Any:
    return [str(part) for part in value] if isinstance(value, list) else str(value)


def _pod_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Of a pod: its service account, its network, the arguments of its containers."""
    fields = {key: spec[key] for key in ("serviceAccountName", "hostNetwork") if spec.get(key)}
    for name in ("containers", "initContainers"):
        containers = [
            {key: _texts(container[key]) for key in CONTAINER if container.get(key)}
            for container in mappings(spec.get(name))
        ]
        if containers or name == "containers":
            fields[name] = containers
    return fields


def _pod_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Of a pod: its labels, and what its annotations say to Istio."""
    notes = mapping(metadata.get("annotations"))
    ours = {k: v for k, v in notes.items() if k.partition("/")[0].endswith("istio.io")}
    fields = {"labels": mapping(metadata.get("labels")), "annotations": ours}
    return {key: value for key, value in fields.items() if value}


def template_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Of the template of pods."""
    template = mapping(spec.get("template"))
    metadata = _pod_metadata(mapping(template.get("metadata")))
    fields = {"spec": _pod_spec(mapping(template.get("spec")))}
    return {"metadata": metadata, **fields} if metadata else fields


def workload(item: Node) -> Node:
    """Of a Deployment and its like: what tells its pods apart, and no environment."""
    spec = {"template": template_of(mapping(item.get("spec")))}
    return Node({**name_only(item, "labels"), "spec": spec})


def without_arguments(item: Node) -> Node:
    """A workload of which no flags are read."""

    def bare(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {k: bare(v) for k, v in value.items() if k not in ("args", "command")}
        return [bare(part) for part in value] if isinstance(value, list) else value

    return Node({**item, "spec": bare(item.get("spec"))})


def pod(item: Node) -> Node:
    """Of a Pod: what tells it apart, and the images of its containers."""
    fields = {**name_only(item, "labels"), "spec": _pod_spec(mapping(item.get("spec")))}
    notes = _pod_metadata(mapping(item.get("metadata"))).get("annotations")
    if notes:
        fields["metadata"] = {**fields["metadata"], "annotations": notes}
    return without_arguments(Node(fields))
