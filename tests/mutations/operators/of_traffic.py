"""Wrongs done to DestinationRules and ServiceEntries."""

from __future__ import annotations

import random

from .select import Json, http_routes, of_kind, some


def traffic_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A DestinationRule less, or a field of its traffic policy."""
    rules = [each for each in objects if each["kind"] == "DestinationRule"]
    rule = some(rng, rules)
    if rule is None:
        return None
    policies = [rule["spec"].get("trafficPolicy")]
    policies += [s.get("trafficPolicy") for s in rule["spec"].get("subsets", ())]
    policy = some(rng, [p for p in policies if p])
    if policy is None or rng.random() < 0.2:
        objects.remove(rule)
        return f"DestinationRule {rule['metadata']['name']} dropped"
    key = rng.choice(sorted(policy))
    cookie = policy[key].get("consistentHash", {}).get("httpCookie") if key else None
    if key == "loadBalancer" and cookie and rng.random() < 0.7:
        field = rng.choice(sorted(cookie))
        if field == "attributes":
            return f"cookie without {cookie['attributes'].pop()}"
        cookie[field] = "7s" if field == "ttl" else cookie[field] + "x"
        return f"cookie's {field} is {cookie[field]}"
    return f"{key} {policy.pop(key)} dropped"


def subset_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A destination with another subset or none, or a subset that nobody has."""
    targets = [d["destination"] for r in http_routes(objects) for d in r.get("route", ())]
    subsets = [s for spec in of_kind(objects, "DestinationRule") for s in spec.get("subsets", ())]
    target = some(rng, [t for t in targets if "subset" in t] or targets)
    if target is None:
        return None
    what = rng.choice(["dropped", "unknown", "renamed", "other"])
    if what == "dropped" and "subset" in target:
        return f"subset {target.pop('subset')} of a destination dropped"
    if what == "renamed" and subsets:
        subset = rng.choice(subsets)
        subset["name"] += "x"
        return f"subset {subset['name'][:-1]} renamed"
    if what == "other" and subsets:
        target["subset"] = rng.choice(subsets)["name"]
    else:
        target["subset"] = "nobody"
    return f"subset of {target['host']} is {target['subset']}"


def rule_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A DestinationRule about another host, or one more that asks for TLS or ends connections."""
    rules = of_kind(objects, "DestinationRule")
    targets = [d["destination"]["host"] for r in http_routes(objects) for d in r.get("route", ())]
    if rules and rng.random() < 0.5:
        rule = rng.choice(rules)
        before = rule["host"]
        rule["host"] = rng.choice([before.partition(".")[0], "x-" + before, "*." + before])
        return f"host of a DestinationRule {before} is {rule['host']}"
    host = some(rng, targets)
    if host is None:
        return None
    policy = rng.choice(
        [
            {"tls": {"mode": "SIMPLE"}},
            {"tls": {"mode": "DISABLE"}},
            {"connectionPool": {"http": {"http2MaxRequests": 3}}},
            {"loadBalancer": {"simple": "RANDOM"}},
        ]
    )
    objects.append(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "DestinationRule",
            "metadata": {"name": "added", "namespace": "istio-system"},
            "spec": {"host": host, "trafficPolicy": policy},
        }
    )
    return f"DestinationRule of {host} added: {policy}"


def entry_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A ServiceEntry with another port, host, protocol or resolution."""
    spec = some(rng, of_kind(objects, "ServiceEntry"))
    if spec is None:
        return None
    what = rng.choice(["number", "protocol", "host", "resolution", "exportTo"])
    if what in ("number", "protocol"):
        port = rng.choice(spec["ports"])
        port[what] = port[what] + 1 if what == "number" else rng.choice(["TCP", "HTTP", "TLS"])
        return f"{what} of a ServiceEntry is {port[what]}"
    if what == "host":
        spec["hosts"][0] = "x-" + spec["hosts"][0]
    elif what == "resolution":
        spec["resolution"] = "STATIC" if spec.get("resolution") == "DNS" else "DNS"
    else:
        spec["exportTo"] = ["elsewhere"]
    return f"{what} of a ServiceEntry changed"
