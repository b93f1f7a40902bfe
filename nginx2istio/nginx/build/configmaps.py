"""ConfigMaps that the controller reads beside its own: lists of headers, parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nginx2istio.nginx.build.ingresses import KubernetesObject
from nginx2istio.nginx.model import Origin, Setting


@dataclass(frozen=True, slots=True)
class ConfigMap:
    """A ConfigMap's data, and where each key was written.

    ``lines`` is empty for an object that did not come from a file; ``blocks`` has the keys whose
    text is a literal block scalar, with the line where the text begins.
    """

    origin: Origin
    data: Mapping[str, str]
    lines: Mapping[str, int]
    blocks: Mapping[str, int]

    def setting(self, key: str) -> Setting:
        """One entry with its place; raises KeyError when there is none."""
        at = self.origin._replace(field=key, line=self.lines.get(key, 0))
        return Setting(key, self.data[key], at, self.data[key], self.blocks.get(key, 0))


def configmaps(objects: Iterable[KubernetesObject]) -> Mapping[str, ConfigMap]:
    """All ConfigMaps, by ``namespace/name``; of several with one name, the last."""
    by_name = {}
    for obj in objects:
        if obj.kind == "ConfigMap":
            data = obj.body.get("data") or {}
            origin = Origin(
                "ConfigMap", obj.namespace, obj.name, "", obj.file, obj.line("metadata", "name")
            )
            by_name[origin.object] = ConfigMap(
                origin,
                {key: text or "" for key, text in data.items()},
                {key: obj.line("data", key) for key in data},
                {key: line for key in data if (line := obj.block("data", key))},
            )
    return by_name
