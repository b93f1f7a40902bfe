"""Small wrongs done to Istio objects, as somebody's edit or a fault of a converter would be.

Each operator changes objects in place, by a random generator, and says what it did; None where
there is nothing of its kind. None of them knows how anything is verified.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
Operator = Callable[[random.Random, list[Json]], str | None]


def of_kind(objects: list[Json], kind: str) -> list[Json]:
    """The specs of the objects of a kind."""
    return [each["spec"] for each in objects if each["kind"] == kind]


def http_routes(objects: list[Json]) -> list[Json]:
    """All HTTP routes."""
    return [r for spec in of_kind(objects, "VirtualService") for r in spec.get("http", ())]


def matches(objects: list[Json]) -> list[Json]:
    """All matches of HTTP routes."""
    return [match for route in http_routes(objects) for match in route.get("match", ())]


def uris(objects: list[Json]) -> list[Json]:
    """All string matches of paths."""
    return [match["uri"] for match in matches(objects) if match.get("uri")]


def _some(rng: random.Random, things: list[Any]) -> Any:
    return rng.choice(things) if things else None


def route_dropped(rng: random.Random, objects: list[Json]) -> str | None:
    """A route less."""
    spec = _some(rng, [s for s in of_kind(objects, "VirtualService") if len(s.get("http", ())) > 1])
    if spec is None:
        return None
    return f"route {spec['http'].pop(rng.randrange(len(spec['http']))).get('name')} dropped"


def routes_swapped(rng: random.Random, objects: list[Json]) -> str | None:
    """Two routes in each other's place."""
    spec = _some(rng, [s for s in of_kind(objects, "VirtualService") if len(s.get("http", ())) > 1])
    if spec is None:
        return None
    i, j = rng.sample(range(len(spec["http"])), 2)
    spec["http"][i], spec["http"][j] = spec["http"][j], spec["http"][i]
    return f"routes {i} and {j} swapped"


def match_dropped(rng: random.Random, objects: list[Json]) -> str | None:
    """A route with one match less."""
    route = _some(rng, [r for r in http_routes(objects) if len(r.get("match", ())) > 1])
    if route is None:
        return None
    return f"match {route['match'].pop(rng.randrange(len(route['match'])))} dropped"


def condition_dropped(rng: random.Random, objects: list[Json]) -> str | None:
    """A match without one of its conditions."""
    match = _some(rng, [m for m in matches(objects) if len(m.keys() - {"name"}) > 1])
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
    uri = _some(rng, uris(objects))
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
    uri = _some(rng, uris(objects))
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
    match = _some(rng, [m for m in matches(objects) if "regex" not in m.get("uri", {"regex": ""})])
    if match is None:
        return None
    match["ignoreUriCase"] = not match.get("ignoreUriCase", False)
    return f"ignoreUriCase of {match['uri']} flipped"


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
    place = _some(rng, places)
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
    one_of = _some(rng, all_)
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
    route = _some(rng, [r for r in http_routes(objects) if len(r.get("route", ())) > 1])
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
    route = _some(rng, [r for r in http_routes(objects) if "redirect" in r])
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
    route = _some(rng, [r for r in http_routes(objects) if r.get("rewrite")])
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
    route = _some(rng, [r for r in http_routes(objects) if r.keys() & {"timeout", "retries"}])
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
    route = _some(rng, [r for r in http_routes(objects) if "directResponse" in r])
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
    route = _some(rng, [r for r in http_routes(objects) if r.get("corsPolicy")])
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


def host_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A host less, or another, at a VirtualService or a Gateway."""
    lists = [spec["hosts"] for spec in of_kind(objects, "VirtualService") if spec.get("hosts")]
    lists += [s["hosts"] for spec in of_kind(objects, "Gateway") for s in spec["servers"]]
    hosts = _some(rng, lists)
    if hosts is None:
        return None
    i = rng.randrange(len(hosts))
    before = hosts[i]
    if len(hosts) > 1 and rng.random() < 0.5:
        return f"host {hosts.pop(i)} dropped"
    namespace, slash, name = before.rpartition("/")
    star = "*." + name.partition(".")[2] if "." in name.partition(".")[2] else "x-" + name
    hosts[i] = namespace + slash + rng.choice(["x-" + name.lstrip("*."), star])
    return f"host {before} is {hosts[i]}"


def tls_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """Another TLS mode, another certificate, or a server less."""
    servers = [s for spec in of_kind(objects, "Gateway") for s in spec["servers"] if s.get("tls")]
    server = _some(rng, servers)
    if server is None:
        return None
    tls = server["tls"]
    others = [s["tls"].get("credentialName") for s in servers]
    others = [name for name in others if name and name != tls.get("credentialName")]
    if others and rng.random() < 0.4:
        before, tls["credentialName"] = tls.get("credentialName"), rng.choice(others)
        return f"credentialName {before} is {tls['credentialName']}"
    modes = ["SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"]
    before = tls.get("mode")
    tls["mode"] = rng.choice([mode for mode in modes if mode != before])
    return f"mode {before} is {tls['mode']}"


def server_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A server of a Gateway less, or one that redirects to https."""
    spec = _some(rng, of_kind(objects, "Gateway"))
    if spec is None:
        return None
    if len(spec["servers"]) > 1 and rng.random() < 0.5:
        return f"server {spec['servers'].pop(rng.randrange(len(spec['servers'])))['port']} dropped"
    plain = _some(rng, [s for s in spec["servers"] if s["port"]["protocol"] == "HTTP"])
    if plain is None:
        return None
    plain["tls"] = {"httpsRedirect": True}
    return "httpsRedirect"


def policy_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A value of an AuthorizationPolicy less or another, or a rule, or the whole policy."""
    policies = [each for each in objects if each["kind"] == "AuthorizationPolicy"]
    policy = _some(rng, policies)
    if policy is None:
        return None
    if rng.random() < 0.15:
        objects.remove(policy)
        return f"policy {policy['metadata']['name']} dropped"
    places = list(_value_lists(policy["spec"].get("rules", [])))
    key, values = rng.choice(places) if places else ("", [])
    if not values:
        return None
    i = rng.randrange(len(values))
    before = values[i]
    if len(values) > 1 and rng.random() < 0.5:
        return f"{key} without {values.pop(i)}"
    values[i] = _other(rng, str(before))
    return f"{key} {before} is {values[i]}"


def _value_lists(node: Any, key: str = "") -> Iterator[tuple[str, list[str]]]:
    if isinstance(node, dict):
        for name, below in node.items():
            yield from _value_lists(below, name)
    elif isinstance(node, list):
        if node and all(isinstance(each, str) for each in node):
            yield key, node
        else:
            for each in node:
                yield from _value_lists(each, key)


def _other(rng: random.Random, text: str) -> str:
    address = re.fullmatch(r"(\d+\.\d+\.\d+\.)(\d+)(/\d+)?", text)
    if address:
        start, last, bits = address.groups()
        if bits and rng.random() < 0.5:
            return f"{start}{last}/{max(8, int(bits[1:]) - 1)}"
        return f"{start}{(int(last) + 1) % 256}/32"
    if text.endswith("*") and len(text) > 2:
        return rng.choice([text[:-1], text[:-2] + "*", text[:-1] + "x*"])
    if text in ("GET", "POST", "OPTIONS", "PUT", "HEAD", "DELETE"):
        return rng.choice([m for m in ("GET", "OPTIONS", "POST") if m != text])
    if text.isdigit():
        return "443" if text == "80" else "80"
    return text + rng.choice(["x", "*", "/"])


def traffic_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A DestinationRule less, or a field of its traffic policy."""
    rules = [each for each in objects if each["kind"] == "DestinationRule"]
    rule = _some(rng, rules)
    if rule is None:
        return None
    policies = [rule["spec"].get("trafficPolicy")]
    policies += [s.get("trafficPolicy") for s in rule["spec"].get("subsets", ())]
    policy = _some(rng, [p for p in policies if p])
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


def mirror_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A mirror less."""
    route = _some(rng, [r for r in http_routes(objects) if r.keys() & {"mirror", "mirrors"}])
    if route is None:
        return None
    for key in ("mirror", "mirrors"):
        route.pop(key, None)
    return "mirror dropped"


def filter_dropped(rng: random.Random, objects: list[Json]) -> str | None:
    """An EnvoyFilter less, or a patch of one."""
    chosen = _some(rng, [each for each in objects if each["kind"] == "EnvoyFilter"])
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
    chosen = _some(rng, of_kind(objects, "EnvoyFilter"))
    if chosen is None:
        return None
    value = _some(rng, [each["patch"].get("value") for each in chosen["configPatches"]])
    places = [place for place in _leaves(value) if place[1] != "@type"]
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
        node[key] = _other(rng, str(before))
    return f"{key} of a patch is {node[key]!r:.100}, was {before!r:.100}"


def _leaves(node: Any) -> Iterator[tuple[Any, Any]]:
    """The places of all values that hold no others: what holds them, and the key or number."""
    items = node.items() if isinstance(node, dict) else enumerate(node or ())
    for key, below in items:
        if isinstance(below, dict | list):
            yield from _leaves(below)
        else:
            yield node, key


OPERATORS: tuple[Operator, ...] = (
    route_dropped,
    routes_swapped,
    match_dropped,
    condition_dropped,
    path_widened,
    path_narrowed,
    case_flipped,
    header_changed,
    destination_changed,
    weight_changed,
    redirect_changed,
    rewrite_changed,
    timing_changed,
    answer_changed,
    cors_changed,
    host_changed,
    tls_changed,
    server_changed,
    policy_changed,
    traffic_changed,
    mirror_changed,
    filter_dropped,
    filter_changed,
)
