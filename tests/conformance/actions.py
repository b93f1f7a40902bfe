"""What a report asks the user to do, done: Secrets copied, Services labelled, mesh config set."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

from .objects import Object, documents, key, load_all

GATEWAY_NAMESPACE = "istio-system"

Action = dict[str, Any]
Name = tuple[str, str]  # namespace, name


def merge(base: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A strategic merge as kubectl does it, for the few shapes needed; changes and returns `base`.

    Mappings by key, ``ports`` by port; any other list is replaced.
    """
    for name, value in patch.items():
        old = base.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            merge(old, value)
        elif isinstance(value, list) and name == "ports" and isinstance(old, list):
            for entry in value:
                same = next((port for port in old if port.get("port") == entry.get("port")), None)
                if same is None:
                    old.append(entry)
                else:
                    same.update(entry)
        else:
            base[name] = copy.deepcopy(value)
    return base


def label_services(actions: Iterable[Action], services: dict[Name, Object]) -> None:
    """Patches Services as label-service actions ask, by their yaml or by service and labels."""
    for action in actions:
        if action.get("kind") != "label-service":
            continue
        for patch in documents(action.get("yaml") or ""):
            if key(patch)[1:] in services:
                merge(services[key(patch)[1:]], patch)
        if action.get("service") and action.get("labels"):
            namespace, _, name = action["service"].partition("/")
            if (namespace, name) in services:
                labels = {"metadata": {"labels": action["labels"]}}
                merge(services[namespace, name], labels)


def copies(action: Action, secrets: Iterable[Name]) -> list[tuple[Name, Name]]:
    """What a copy-secret action asks for: pairs of source and target.

    Taken from its "secret" and "to" ("namespace/name"), else from the names in its command, text
    and yaml.
    """
    if action.get("secret"):
        namespace, _, name = action["secret"].partition("/")
        to = action.get("to") or f"{GATEWAY_NAMESPACE}/{name}"
        return [((namespace, name), (to.partition("/")[0], to.partition("/")[2]))]
    texts = " ".join(str(action.get(part, "")) for part in ("command", "text", "yaml"))
    words = set(re.findall(r"[\w.-]+", texts))
    pairs = []
    for namespace, name in secrets:
        if name in words and (namespace in words or namespace == "default"):
            twins = (f"{namespace}-{name}", f"{namespace}--{name}", f"{name}-{namespace}")
            target = next((twin for twin in twins if twin != name and twin in words), name)
            pairs.append(((namespace, name), (GATEWAY_NAMESPACE, target)))
    return pairs


def copy_secrets(actions: Iterable[Action], secrets: dict[Name, Object]) -> None:
    """Adds the copies that copy-secret actions ask for."""
    for action in actions:
        if action.get("kind") != "copy-secret":
            continue
        for source, (namespace, name) in copies(action, list(secrets)):
            if source in secrets:
                twin = copy.deepcopy(secrets[source])
                twin["metadata"] = {"namespace": namespace, "name": name}
                secrets[namespace, name] = twin


def mesh_text(given: str | None) -> dict[str, Any]:
    """Mesh configuration out of an action's yaml.

    A fragment as it stands, a ConfigMap with the key ``mesh``, or Helm's ``meshConfig``.
    """
    config: dict[str, Any] = {}
    for document in load_all(given or ""):
        if not isinstance(document, dict):
            continue
        if document.get("kind") == "ConfigMap":
            text = (document.get("data") or {}).get("mesh") or ""
            document = next(iter(load_all(text)), None) or {}
        merge(config, document.get("spec", document).get("meshConfig", document))
    return config


def mesh_config(actions: Iterable[Action]) -> dict[str, Any]:
    """The mesh configuration of all mesh-config actions together."""
    config: dict[str, Any] = {}
    for action in actions:
        if action.get("kind") == "mesh-config":
            merge(config, mesh_text(action.get("yaml")))
    return config
