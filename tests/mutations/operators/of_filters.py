"""Wrongs done to EnvoyFilters."""

from __future__ import annotations

import random

from .select import Json, another, leaves, of_kind, some


def filter_dropped(rng: random.Random, objects: list[Json]) -> str | None:
    """An EnvoyFilter less, or a patch of one."""
    chosen = some(rng, [each for each in objects if each["kind"] == "EnvoyFilter"])
    if chosen is None:
        return None
    patches, name = chosen["spec"]["configPatches"], chosen["metadata"]["name"]
    if len(patches) > 1 and rng.random() < 0.7:
        number = rng.randrange(len(patches))
        del patches[number]
        return f"patch {number} of EnvoyFilter {name} dropped"
    objects.remove(chosen)
    return f"EnvoyFilter {name} dropped"


def filter_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A value of a patch changed, or a field of it less."""
    chosen = some(rng, of_kind(objects, "EnvoyFilter"))
    if chosen is None:
        return None
    value = some(rng, [each["patch"].get("value") for each in chosen["configPatches"]])
    places = [place for place in leaves(value) if place[1] != "@type"]
    if not places:
        return None
    node, key = rng.choice(places)
    before = node[key]
    if isinstance(node, dict) and rng.random() < 0.2:
        del node[key]
        return f"{key} {before} dropped from a patch"
    if isinstance(before, bool):
        node[key] = not before
    elif isinstance(before, int):
        node[key] = before + rng.choice([1, -1, before]) or 1
    else:
        node[key] = another(rng, str(before))
    return f"{key} of a patch is {node[key]!r:.100}, was {before!r:.100}"


def filter_misplaced(rng: random.Random, objects: list[Json]) -> str | None:
    """An EnvoyFilter for other pods, at another time, or a patch with another match."""
    chosen = some(rng, [each for each in objects if each["kind"] == "EnvoyFilter"])
    if chosen is None:
        return None
    spec, name = chosen["spec"], chosen["metadata"]["name"]
    what = rng.choice(["priority", "selector", "operation", "match", "match", "match", "order"])
    if what == "priority":
        spec["priority"] = rng.choice([-10, 5, 100])
        return f"priority of {name} is {spec['priority']}"
    if what == "selector":
        labels = rng.choice([{"istio": "other"}, {"app": "istio-ingressgateway"}, None])
        spec.pop("workloadSelector", None)
        if labels:
            spec["workloadSelector"] = {"labels": labels}
        return f"workloadSelector of {name} is {labels}"
    if what == "order" and len(spec["configPatches"]) > 1:
        spec["configPatches"].reverse()
        return f"patches of {name} in reverse"
    patch = rng.choice(spec["configPatches"])
    if what == "operation":
        before = patch["patch"]["operation"]
        others = ["MERGE", "ADD", "INSERT_FIRST", "INSERT_BEFORE", "REMOVE"]
        patch["patch"]["operation"] = rng.choice([o for o in others if o != before])
        return f"operation {before} of {name} is {patch['patch']['operation']}"
    node, key = rng.choice(list(leaves(patch["match"])))
    before = node[key]
    if rng.random() < 0.3:
        del node[key]
        return f"{key} {before} of a match of {name} dropped"
    if key == "context":
        node[key] = rng.choice(["SIDECAR_INBOUND", "ANY", "SIDECAR_OUTBOUND"])
    elif isinstance(before, int):
        node[key] = 443 if before == 80 else 80
    else:
        node[key] = another(rng, str(before))
    return f"{key} {before} of a match of {name} is {node[key]}"
