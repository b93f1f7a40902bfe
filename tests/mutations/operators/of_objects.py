"""Wrongs done to objects as a whole, and to any field of them."""

from __future__ import annotations

import copy
import random

from .select import Json, another, leaves, some


def object_dropped(rng: random.Random, objects: list[Json]) -> str | None:
    """An object less."""
    chosen = some(rng, objects)
    if chosen is None:
        return None
    objects.remove(chosen)
    return f"{chosen['kind']} {chosen['metadata']['name']} dropped"


def object_moved(rng: random.Random, objects: list[Json]) -> str | None:
    """An object in another namespace, under another name, or seen by its own namespace only."""
    chosen = some(rng, objects)
    if chosen is None:
        return None
    meta = chosen["metadata"]
    before = f"{chosen['kind']} {meta.get('namespace')}/{meta['name']}"
    exported = chosen["kind"] in ("VirtualService", "DestinationRule", "ServiceEntry")
    what = rng.choice(["namespace", "name", *(["exportTo"] * exported)])
    if what == "exportTo":
        chosen["spec"]["exportTo"] = rng.choice([["."], ["*"], ["elsewhere"]])
        return f"{before} exported to {chosen['spec']['exportTo']}"
    if what == "namespace":
        namespaces = sorted({o["metadata"]["namespace"] for o in objects} | {"default"})
        others = [n for n in (*namespaces, "elsewhere") if n != meta.get("namespace")]
        meta["namespace"] = rng.choice(others)
    else:
        meta["name"] = rng.choice(["a-", "z-"]) + meta["name"]
    return f"{before} moved to {meta['namespace']}/{meta['name']}"


def service_copied(rng: random.Random, objects: list[Json]) -> str | None:
    """A second VirtualService for the same hosts, with fewer routes or others."""
    chosen = some(rng, [each for each in objects if each["kind"] == "VirtualService"])
    if chosen is None or not chosen["spec"].get("http"):
        return None
    other = copy.deepcopy(chosen)
    other["metadata"]["name"] = rng.choice(["a-", "z-"]) + chosen["metadata"]["name"]
    routes = other["spec"]["http"]
    what = rng.choice(["the same", "other answers", "one route"])
    if what == "one route":
        other["spec"]["http"] = routes = [rng.choice(routes)]
    if what != "the same":
        for route in routes:
            for key in ("route", "redirect", "corsPolicy", "rewrite", "retries", "timeout"):
                route.pop(key, None)
            route["directResponse"] = {"status": 418}
    if rng.random() < 0.4:
        other["spec"]["hosts"] = other["spec"]["hosts"][:1]
    objects.append(other)
    return f"{chosen['metadata']['name']} copied to {other['metadata']['name']}: {what}"


def leaf_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """Any value of an object less, or another; those of EnvoyFilters have their own operator."""
    chosen = some(rng, [each for each in objects if each["kind"] != "EnvoyFilter"])
    places = list(leaves(chosen["spec"])) if chosen else []
    if chosen is None or not places:
        return None
    node, key = rng.choice(places)
    before = node[key]
    where = f"{key} {before} of {chosen['kind']} {chosen['metadata']['name']}"
    if rng.random() < 0.4:
        del node[key]
        return f"{where} dropped"
    if isinstance(before, bool):
        node[key] = not before
    elif isinstance(before, int):
        node[key] = before + rng.choice([1, -1])
    else:
        node[key] = another(rng, str(before))
    return f"{where} is {node[key]}"
