"""Wrongs done to the matches of routes."""

from __future__ import annotations

import random
import re

from .select import Json, http_routes, matches, some, uris


def match_dropped(rng: random.Random, objects: list[Json]) -> str | None:
    """A route with one match less."""
    route = some(rng, [r for r in http_routes(objects) if len(r.get("match", ())) > 1])
    if route is None:
        return None
    return f"match {route['match'].pop(rng.randrange(len(route['match'])))} dropped"


def condition_dropped(rng: random.Random, objects: list[Json]) -> str | None:
    """A match without one of its conditions."""
    match = some(rng, [m for m in matches(objects) if len(m.keys() - {"name"}) > 1])
    if match is None:
        return None
    key = rng.choice(sorted(match.keys() - {"name"}))
    if isinstance(match[key], dict) and key in ("headers", "withoutHeaders", "queryParams"):
        name = rng.choice(sorted(match[key]))
        del match[key][name]
        if not match[key]:
            del match[key]
        return f"condition {key} {name} dropped"
    return f"condition {key} {match.pop(key)} dropped"


def path_widened(rng: random.Random, objects: list[Json]) -> str | None:
    """A path that takes more."""
    uri = some(rng, uris(objects))
    if uri is None:
        return None
    kind, text = next(iter(uri.items()))
    if kind == "exact":
        uri.clear()
        uri["prefix"] = text
    elif kind == "prefix":
        uri["prefix"] = text[: max(1, len(text) - rng.randint(1, 3))]
    else:
        changed = rng.choice([text + ".*", ".*" + text, text.replace("+", "*", 1), text + "x?"])
        uri["regex"] = changed
    return f"{kind} {text} widened to {uri}"


def path_narrowed(rng: random.Random, objects: list[Json]) -> str | None:
    """A path that takes less."""
    uri = some(rng, uris(objects))
    if uri is None:
        return None
    kind, text = next(iter(uri.items()))
    if kind == "prefix":
        uri.clear()
        uri.update(rng.choice([{"exact": text}, {"prefix": text + "a"}]))
    elif kind == "exact":
        uri["exact"] = text + rng.choice("/ax")
    else:
        changed = [text.replace("(?i)", ""), text.replace(".*", ".+", 1), text.removesuffix(".*")]
        changed.append(re.sub(r"\(/\|\$\)|\(\?:/\.\*\)\?", "/", text, count=1))
        uri["regex"] = rng.choice([c for c in changed if c != text] or [text + "x"])
    return f"{kind} {text} narrowed to {uri}"


def case_flipped(rng: random.Random, objects: list[Json]) -> str | None:
    """A path of which upper and lower case begin or cease to count."""
    match = some(rng, [m for m in matches(objects) if "regex" not in m.get("uri", {"regex": ""})])
    if match is None:
        return None
    match["ignoreUriCase"] = not match.get("ignoreUriCase", False)
    return f"ignoreUriCase of {match['uri']} flipped"


def matches_dropped(rng: random.Random, objects: list[Json]) -> str | None:
    """A route without its matches, which takes all that comes to it."""
    route = some(rng, [r for r in http_routes(objects) if r.get("match")])
    if route is None:
        return None
    return f"all {len(route.pop('match'))} matches of {route.get('name')} dropped"


def condition_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A condition besides the path with another value, turned round, or one more."""
    match = some(rng, matches(objects))
    if match is None:
        return None
    texts = [match[key] for key in ("method", "scheme", "authority") if key in match]
    fields = [key for key in ("headers", "withoutHeaders") if match.get(key)]
    texts += [value for key in (*fields, "queryParams") for value in match.get(key, {}).values()]
    texts = [text for text in texts if text]
    choices = ["port"] * ("port" in match) + ["text"] * bool(texts) + ["side"] * bool(fields)
    what = rng.choice(choices or ["more"])
    if what == "port":
        match["port"] = 443 if match["port"] == 80 else 80
        return f"condition port is {match['port']}"
    if what == "text":
        text = rng.choice(texts)
        kind, value = next(iter(text.items()))
        others = {"exact": [value + "x", value.upper()], "prefix": [value + "x", value[:-1]]}
        others["regex"] = [value + "x", value.replace("(?i)", ""), value.replace("+", "*")]
        to = rng.choice([t for t in others[kind] if t and t != value] or [value + "x"])
        text[kind] = to
        return f"condition {kind} {value} is {to}"
    if what == "side":
        key = rng.choice(fields)
        name = rng.choice(sorted(match[key]))
        value = match[key].pop(name)
        if not match[key]:
            del match[key]
        turned = "withoutHeaders" if key == "headers" else "headers"
        match.setdefault(turned, {})[name] = value
        return f"condition {name} of {key} is one of {turned}"
    more = rng.choice(
        [
            {"method": {"exact": "GET"}},
            {"headers": {"x-test": {"exact": "1"}}},
            {"withoutHeaders": {"x-test": {}}},
            {"queryParams": {"a": {"exact": "b"}}},
            {"scheme": {"exact": "https"}},
            {"authority": {"prefix": "www."}},
        ]
    )
    match.update(more)
    return f"condition {more} added"
