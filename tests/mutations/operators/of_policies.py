"""Wrongs done to AuthorizationPolicies."""

from __future__ import annotations

import random

from .select import Json, another, of_kind, some, value_lists


def policy_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A value of an AuthorizationPolicy less or another, or a rule, or the whole policy."""
    policies = [each for each in objects if each["kind"] == "AuthorizationPolicy"]
    policy = some(rng, policies)
    if policy is None:
        return None
    if rng.random() < 0.15:
        objects.remove(policy)
        return f"policy {policy['metadata']['name']} dropped"
    places = list(value_lists(policy["spec"].get("rules", [])))
    key, values = rng.choice(places) if places else ("", [])
    if not values:
        return None
    i = rng.randrange(len(values))
    before = values[i]
    if len(values) > 1 and rng.random() < 0.5:
        return f"{key} without {values.pop(i)}"
    values[i] = another(rng, str(before))
    return f"{key} {before} is {values[i]}"


def policy_turned(rng: random.Random, objects: list[Json]) -> str | None:
    """Another action of an AuthorizationPolicy, another selector, or a key turned round."""
    spec = some(rng, of_kind(objects, "AuthorizationPolicy"))
    if spec is None:
        return None
    what = rng.choice(["action", "selector", "key", "key"])
    if what == "action" and spec.get("action") != "CUSTOM":
        before = spec.get("action", "ALLOW")
        spec["action"] = rng.choice([a for a in ("ALLOW", "DENY", "AUDIT") if a != before])
        return f"action {before} is {spec['action']}"
    if what == "selector":
        labels = rng.choice([{"istio": "other"}, None])
        spec.pop("selector", None)
        if labels:
            spec["selector"] = {"matchLabels": labels}
        return f"selector is {labels}"
    nodes = [
        inner
        for rule in spec.get("rules", ())
        for inner in (
            *(each["source"] for each in rule.get("from", ())),
            *(each["operation"] for each in rule.get("to", ())),
            *rule.get("when", ()),
        )
    ]
    node = some(rng, [n for n in nodes if n.keys() - {"key"}])
    if node is None:
        return None
    key = rng.choice(sorted(node.keys() - {"key"}))
    bare = key[3].lower() + key[4:] if key.startswith("not") else key
    turned = f"not{key[0].upper()}{key[1:]}" if bare == key else bare
    node[turned] = node.pop(key)
    return f"{key} turned to {turned}"


def policy_part_dropped(rng: random.Random, objects: list[Json]) -> str | None:
    """A rule of a policy less, or one without its sources, operations, conditions or a key."""
    spec = some(rng, [s for s in of_kind(objects, "AuthorizationPolicy") if s.get("rules")])
    if spec is None:
        return None
    rule = rng.choice(spec["rules"])
    key = rng.choice(["rule", *sorted(rule)])
    if key == "rule":
        spec["rules"].remove(rule)
        return "rule dropped"
    if key == "to" and rng.random() < 0.6:
        operation = rng.choice(rule["to"])["operation"]
        inner = rng.choice(sorted(operation))
        return f"{inner} {operation.pop(inner)} of an operation dropped"
    return f"{key} {rule.pop(key)} of a rule dropped"
