"""Objects of a trial: beside live ones of the same Services, and meeting none of them.

Names and labels are their own. DestinationRules have nothing but subsets of their own, which pilot
adds to those of a live DestinationRule of the Service. Backends see the real host names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nginx2istio.istio.fields import frozen
from nginx2istio.istio.objects import (
    WORKLOAD_VERSIONS,
    Names,
    Noted,
    Object,
    dns_name,
    managed,
    short_hash,
)

AUTHORITY = "%REQ(:AUTHORITY)%"
FILTERS = "nginx2istio."
ROUTE = "trial "
"""How the names of a trial's routes begin."""


def on_trial(objects: Iterable[Object], originals: Mapping[str, str]) -> list[Object]:
    """The objects made for new names as they can stand beside live ones.

    ``originals`` maps each new name to the real one, which its backends see.
    """
    objects = list(objects)
    subsets = {}
    for obj in objects:
        if obj["kind"] == "DestinationRule" and "trafficPolicy" in obj["spec"]:
            policy = obj["spec"]["trafficPolicy"]
            subsets[obj["spec"]["host"]] = f"n2i-{short_hash(repr(frozen(policy)))}"
    names = Names()
    return [renamed for obj in objects for renamed in _made(obj, subsets, originals, names)]


def whole_gateway(objects: Iterable[Object]) -> list[str]:
    """Names of the EnvoyFilters that act on every host of the gateway, live ones as well."""
    names = []
    for obj in objects:
        patches = obj["spec"]["configPatches"] if obj["kind"] == "EnvoyFilter" else ()
        if any(
            p["applyTo"] == "NETWORK_FILTER"
            or (p["applyTo"] == "HTTP_FILTER" and not p["patch"]["value"].get("disabled"))
            for p in patches
        ):
            names.append(str(obj["metadata"]["name"]))
    return names


def _made(
    obj: Object, subsets: Mapping[str, str], originals: Mapping[str, str], names: Names
) -> Iterator[Object]:
    kind = obj["kind"]
    if kind in WORKLOAD_VERSIONS:  # which has a name of its own, as its parts name each other
        yield _object(obj, obj["metadata"]["name"], {})
        return
    spec = obj["spec"]
    if kind == "VirtualService":
        for host in spec["hosts"]:
            name = names.name(obj["metadata"]["namespace"], host)
            yield _object(obj, name, _virtual_service(spec, host, subsets, originals.get(host, "")))
        return
    name = obj["metadata"]["name"]
    if kind != "AuthorizationPolicy":  # whose name is made of its hosts, which are new
        name = trial_name(name)
    if kind == "DestinationRule":
        spec = _destination_rule(spec, subsets)
    elif kind == "EnvoyFilter":
        spec = _own_filters(spec)
    yield _object(obj, name, spec)


def _object(obj: Object, name: str, spec: Object) -> Noted:
    metadata = obj["metadata"]
    labels = {**metadata.get("labels", {}), **managed(trial=True)}
    note = obj.note if isinstance(obj, Noted) else ""
    renamed = {**obj, "metadata": {**metadata, "name": name, "labels": labels}}
    return Noted({**renamed, "spec": spec} if spec else renamed, note)


def _virtual_service(spec: Object, host: str, subsets: Mapping[str, str], original: str) -> Object:
    """The VirtualService of one of the names; each has a name of its own towards backends."""
    gateways = [_gateway_name(gateway) for gateway in spec["gateways"]]
    renamed = {**spec, "hosts": [host], "gateways": gateways}
    for kind in ("http", "tls"):
        if kind in spec:
            backend_host = original if kind == "http" and "*" not in original else ""
            renamed[kind] = [_route(route, subsets, backend_host) for route in spec[kind]]
    return renamed


def _route(route: Object, subsets: Mapping[str, str], original: str) -> Object:
    renamed = dict(route)
    if "name" in route:
        renamed["name"] = _route_name(route["name"])
    for field in ("route", "mirrors"):
        if field in route:
            renamed[field] = [_destination(d, subsets, original) for d in route[field]]
    if "route" in route and original:
        renamed["rewrite"] = {"authority": original, **route.get("rewrite", {})}
        if "headers" in route:
            renamed["headers"] = _headers(route["headers"], original)
    return Noted(renamed, route.note) if isinstance(route, Noted) else renamed


def _gateway_name(gateway: str) -> str:
    namespace, _, name = gateway.partition("/")
    return f"{namespace}/{trial_name(name)}"


def trial_name(name: str) -> str:
    """The name of an object of a trial."""
    return dns_name(f"trial-{name}")


def live_route(name: str) -> str:
    """The name that a route has when it is no trial."""
    return name.removeprefix(ROUTE)


def _route_name(name: str) -> str:
    return f"{ROUTE}{name}"


def _destination(destination: Object, subsets: Mapping[str, str], original: str) -> Object:
    target = destination["destination"]
    subset = target.get("subset") or subsets.get(target["host"], "")
    if subset:
        target = {**target, "subset": f"trial-{subset}"}
    renamed = {**destination, "destination": target}
    if "headers" in destination and original:
        renamed["headers"] = _headers(destination["headers"], original)
    return renamed


def _headers(headers: Object, original: str) -> Object:
    """Header operations whose request headers name the real host."""
    request = {
        how: {k: v.replace(AUTHORITY, original) for k, v in named.items()}
        if isinstance(named, Mapping)
        else named
        for how, named in headers.get("request", {}).items()
    }
    return {**headers, "request": request} if request else headers


def _destination_rule(spec: Object, subsets: Mapping[str, str]) -> Object:
    others = {k: v for k, v in spec.items() if k not in ("trafficPolicy", "subsets")}
    renamed_subsets = [{**s, "name": f"trial-{s['name']}"} for s in spec.get("subsets", ())]
    if "trafficPolicy" in spec:
        name = f"trial-{subsets[spec['host']]}"
        renamed_subsets.insert(0, {"name": name, "trafficPolicy": spec["trafficPolicy"]})
    return {**others, "subsets": renamed_subsets}


def _own_filters(spec: Object) -> Object:
    """Filters under names of their own, at the trial's routes only."""
    patches = []
    for patch in spec["configPatches"]:
        route = patch["match"].get("routeConfiguration", {}).get("vhost", {}).get("route", {})
        renamed = _renamed(patch)
        if "name" in route:
            target = renamed["match"]["routeConfiguration"]["vhost"]["route"]
            target["name"] = _route_name(route["name"])
        if "gateway" in patch["match"].get("routeConfiguration", {}):
            target = renamed["match"]["routeConfiguration"]
            target["gateway"] = _gateway_name(target["gateway"])
        patches.append(renamed)
    return {**spec, "configPatches": patches}


def _renamed(value: Any) -> Any:
    """A copy in which all names that begin as those of our filters say so of the trial."""
    if isinstance(value, str):
        return value.replace(FILTERS, "nginx2istio-trial.")
    if isinstance(value, Mapping):
        return {_renamed(k): _renamed(v) for k, v in value.items()}
    return [_renamed(v) for v in value] if isinstance(value, list) else value
