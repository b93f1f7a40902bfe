"""Wrongs done to routes: their order, where they lead, what they do."""

from __future__ import annotations

import copy
import random
import re

from .select import Json, http_routes, of_kind, some


def route_dropped(rng: random.Random, objects: list[Json]) -> str | None:
    """A route less."""
    spec = some(rng, [s for s in of_kind(objects, "VirtualService") if len(s.get("http", ())) > 1])
    if spec is None:
        return None
    return f"route {spec['http'].pop(rng.randrange(len(spec['http']))).get('name')} dropped"


def routes_swapped(rng: random.Random, objects: list[Json]) -> str | None:
    """Two routes in each other's place."""
    spec = some(rng, [s for s in of_kind(objects, "VirtualService") if len(s.get("http", ())) > 1])
    if spec is None:
        return None
    i, j = rng.sample(range(len(spec["http"])), 2)
    spec["http"][i], spec["http"][j] = spec["http"][j], spec["http"][i]
    return f"routes {i} and {j} swapped"


def header_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A header less, or with another value."""
    places = [
        (side, how, edits[how])
        for route in http_routes(objects)
        for level in (route, *route.get("route", ()))
        for side, edits in level.get("headers", {}).items()
        for how in ("set", "add", "remove")
        if edits.get(how)
    ]
    place = some(rng, places)
    if place is None:
        return None
    side, how, fields = place
    if isinstance(fields, list):
        return f"removal of the {side} header {fields.pop(rng.randrange(len(fields)))} dropped"
    name = rng.choice(sorted(fields))
    if rng.random() < 0.5:
        del fields[name]
        return f"{how} of the {side} header {name} dropped"
    fields[name] += "x"
    return f"{side} header {name} is {fields[name]}"


def destination_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A route to another Service, or another port."""
    all_ = [d["destination"] for r in http_routes(objects) for d in r.get("route", ())]
    one_of = some(rng, all_)
    if one_of is None:
        return None
    before = dict(one_of)
    others = [d for d in all_ if d["host"] != one_of["host"]]
    if others and rng.random() < 0.6:
        one_of["host"] = rng.choice(others)["host"]
    else:
        one_of["port"] = {"number": 1 + one_of.get("port", {}).get("number", 80)}
    return f"destination {before} changed to {one_of}"


def weight_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """Other shares."""
    route = some(rng, [r for r in http_routes(objects) if len(r.get("route", ())) > 1])
    if route is None:
        return None
    first, second = route["route"][:2]
    moved = rng.choice([1, 5, 20])
    if second.get("weight", 0) < moved:
        first, second = second, first
    first["weight"], second["weight"] = first.get("weight", 0) + moved, second["weight"] - moved
    return f"{moved} % moved"


def redirect_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A redirect with another code or to elsewhere."""
    route = some(rng, [r for r in http_routes(objects) if "redirect" in r])
    if route is None:
        return None
    redirect = route["redirect"]
    key = rng.choice(["redirectCode", *sorted(redirect.keys() - {"redirectCode"})])
    before = redirect.get(key)
    if key == "redirectCode":
        redirect[key] = rng.choice([c for c in (301, 302, 303, 307, 308) if c != before])
    elif key in ("derivePort", "port") or rng.random() < 0.4:
        del redirect[key]
    elif key == "scheme":
        redirect[key] = "http" if before == "https" else "https"
    else:
        redirect[key] = f"{before}x"
    return f"redirect's {key} {before} changed to {redirect.get(key)}"


def rewrite_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A rewrite dropped, with another group, another pattern or another host."""
    route = some(rng, [r for r in http_routes(objects) if r.get("rewrite")])
    if route is None:
        return None
    rewrite = route["rewrite"]
    key = rng.choice(sorted(rewrite))
    before = dict(rewrite)
    by_regex = rewrite[key] if key == "uriRegexRewrite" else None
    if by_regex is None:
        if rng.random() < 0.5 and len(rewrite) > 1:
            del rewrite[key]
        else:
            rewrite[key] += "x"
        return f"rewrite {before} changed to {rewrite}"
    before = dict(by_regex)
    groups = re.findall(r"\\\d", by_regex["rewrite"])
    if groups and rng.random() < 0.6:
        group = rng.choice(groups)
        to = rng.choice(["", rf"\{int(group[1]) - 1}", rf"\{int(group[1]) + 1}"])
        by_regex["rewrite"] = by_regex["rewrite"].replace(group, to, 1)
    elif rng.random() < 0.5:
        by_regex["match"] = by_regex["match"].replace("(?i)", "").replace(".*", ".+", 1)
    else:
        by_regex["rewrite"] += rng.choice("/x")
    return f"rewrite {before} changed to {by_regex}"


def timing_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """Another timeout, other retries."""
    route = some(rng, [r for r in http_routes(objects) if r.keys() & {"timeout", "retries"}])
    if route is None:
        return None
    key = rng.choice(sorted(route.keys() & {"timeout", "retries"}))
    if rng.random() < 0.3:
        return f"{key} {route.pop(key)} dropped"
    if key == "timeout":
        route[key] = f"{rng.randint(2, 90)}s"
    else:
        route[key]["attempts"] = route[key].get("attempts", 0) + 1
    return f"{key} is {route[key]}"


def answer_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A direct response with another status, or a route in its place."""
    route = some(rng, [r for r in http_routes(objects) if "directResponse" in r])
    if route is None:
        return None
    status = route["directResponse"]["status"]
    to = [r["route"] for r in http_routes(objects) if r.get("route")]
    if to and rng.random() < 0.4:
        del route["directResponse"]
        route["route"] = [dict(each) for each in rng.choice(to)]
        return f"directResponse {status} is a route"
    route["directResponse"]["status"] = rng.choice([s for s in (200, 403, 404, 503) if s != status])
    return f"directResponse {status} is {route['directResponse']['status']}"


def cors_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A CORS policy with less in a list, or another value."""
    route = some(rng, [r for r in http_routes(objects) if r.get("corsPolicy")])
    if route is None:
        return None
    policy = route["corsPolicy"]
    key = rng.choice(sorted(policy))
    value = policy[key]
    if isinstance(value, list):
        dropped = value.pop(rng.randrange(len(value)))
        if not value:
            del policy[key]
        return f"{key} without {dropped}"
    policy[key] = not value if isinstance(value, bool) else "1s"
    return f"{key} {value} is {policy[key]}"


def mirror_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A mirror less."""
    route = some(rng, [r for r in http_routes(objects) if r.keys() & {"mirror", "mirrors"}])
    if route is None:
        return None
    for key in ("mirror", "mirrors"):
        route.pop(key, None)
    return "mirror dropped"


def header_renamed(rng: random.Random, objects: list[Json]) -> str | None:
    """A header that is set or added under another name."""
    places = [
        (side, edits[how])
        for route in http_routes(objects)
        for level in (route, *route.get("route", ()))
        for side, edits in level.get("headers", {}).items()
        for how in ("set", "add")
        if edits.get(how)
    ]
    place = some(rng, places)
    if place is None:
        return None
    side, fields = place
    name = rng.choice(sorted(fields))
    fields[f"{name}-X"] = fields.pop(name)
    return f"{side} header {name} is {name}-X"


def route_added(rng: random.Random, objects: list[Json]) -> str | None:
    """A route before the others, for some of their requests."""
    spec = some(rng, [s for s in of_kind(objects, "VirtualService") if s.get("http")])
    if spec is None:
        return None
    model = rng.choice(spec["http"])
    to = [r["route"] for r in http_routes(objects) if r.get("route")]
    route: Json = {"name": "added"}
    if rng.random() < 0.7 and model.get("match"):
        route["match"] = [copy.deepcopy(rng.choice(model["match"]))]
    else:
        route["match"] = [{"uri": {"prefix": "/a"}, "headers": {"x-test": {"exact": "1"}}}]
    if to and rng.random() < 0.5:
        route["route"] = copy.deepcopy(rng.choice(to))
    else:
        route["directResponse"] = {"status": rng.choice([200, 403, 404, 503])}
    spec["http"].insert(0, route)
    return f"route added: {route}"


def route_renamed(rng: random.Random, objects: list[Json]) -> str | None:
    """A route under another name, by which patches do not know it."""
    route = some(rng, [r for r in http_routes(objects) if r.get("name")])
    if route is None:
        return None
    route["name"] += "x"
    return f"route {route['name'][:-1]} renamed"


def fault_added(rng: random.Random, objects: list[Json]) -> str | None:
    """A fault injected, as a trial of somebody would be that was left."""
    route = some(rng, [r for r in http_routes(objects) if r.get("route")])
    if route is None:
        return None
    share = {"value": rng.choice([100, 100, 30])}
    route["fault"] = {"abort": {"httpStatus": rng.choice([500, 503]), "percentage": share}}
    return f"fault {route['fault']} added"


def mirror_added(rng: random.Random, objects: list[Json]) -> str | None:
    """Requests copied to another Service."""
    route = some(rng, [r for r in http_routes(objects) if r.get("route")])
    to = [d["destination"] for r in http_routes(objects) for d in r.get("route", ())]
    if route is None or "mirrors" in route or "mirror" in route:
        return None
    route["mirror"] = copy.deepcopy(rng.choice(to))
    return f"mirror {route['mirror']} added"


def cors_added(rng: random.Random, objects: list[Json]) -> str | None:
    """A CORS policy that allows more, or one where there was none."""
    route = some(rng, [r for r in http_routes(objects) if r.get("route")])
    if route is None:
        return None
    origin = rng.choice([{"exact": "https://a.example"}, {"regex": ".*"}, {"prefix": "https://"}])
    policy = route.setdefault("corsPolicy", {})
    key, value = rng.choice(
        [
            ("allowOrigins", [*policy.get("allowOrigins", ()), origin]),
            ("allowMethods", [*policy.get("allowMethods", ()), "PURGE"]),
            ("allowCredentials", True),
            ("exposeHeaders", [*policy.get("exposeHeaders", ()), "x-test"]),
            ("unmatchedPreflights", "IGNORE"),
        ]
    )
    policy[key] = value
    policy.setdefault("allowOrigins", [origin])
    return f"corsPolicy {key} is {value}"
