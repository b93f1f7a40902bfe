"""DestinationRules: one a Service, with subsets where the routes to it want different policies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nginx2istio.istio.fields import Conflict, frozen, put
from nginx2istio.istio.objects import Names, Noted, Object, made, short_hash
from nginx2istio.istio.site import Place, Service, Site


class Policies:
    """Traffic policies by Service: one for all its routes, or subsets where they differ."""

    def __init__(self, sites: Sequence[Site], services: Mapping[str, Service]):
        self.services = services
        self.by_place: dict[int, Any] = {}
        self.by_host: dict[str, Counter[Any]] = {}
        self.values: dict[Any, Object] = {}
        self.sources: dict[str, set[str]] = {}
        self.conflicts: list[tuple[str, Conflict]] = []
        for site in sites:
            for place in site.places:
                self.add(site, place)

    def add(self, site: Site, place: Place) -> None:
        policy: Object = {}
        for edit in place.edits:
            if edit.target == "destination":
                found = put(policy, edit.path, edit.value)
                self.conflicts += [(f"{site.host} {place.name}", c) for c in found]
        key = frozen(policy)
        self.by_place[id(place)] = key
        self.values.setdefault(key, policy)
        for name in self.upstreams(place):
            host = self.services[name].host
            self.by_host.setdefault(host, Counter())[key] += 1
            self.sources.setdefault(host, set()).update(site.sources)

    def upstreams(self, place: Place) -> set[str]:
        found = {place.service} if place.service else set()
        for edit in place.edits:
            routes = edit.value if edit.path == "route" else None
            if edit.target == "variant":
                routes = edit.value.get("route")
            found |= {r["upstream"] for r in routes or () if "upstream" in r}
        return found

    def subset(self, host: str, key: Any) -> str:
        """The subset for a policy, "" where all routes to the host want the same one."""
        if len(self.by_host.get(host, ())) < 2 or not key:
            return ""
        return f"n2i-{short_hash(repr(key))}"

    def destination(self, spec: Mapping[str, Any], key: Any) -> Object:
        """An Istio destination in place of an upstream's name."""
        if "upstream" not in spec:
            return dict(spec)
        service = self.services[spec["upstream"]]
        there: Object = {"host": service.host}
        subset = self.subset(service.host, key)
        if subset:
            there["subset"] = subset
        if service.port is not None:
            there["port"] = {"number": service.port}
        rest = {k: v for k, v in spec.items() if k != "upstream"}
        return {"destination": there, **rest}

    def objects(self) -> Iterable[Noted]:
        """One DestinationRule a Service that needs one, in the Service's namespace."""
        names = Names()
        where = {s.host: s.namespace for s in self.services.values()}
        for host in sorted(self.by_host):
            wanted = [key for key in self.by_host[host] if key]
            if not wanted:
                continue
            spec: Object = {"host": host}
            if len(self.by_host[host]) == 1:
                spec["trafficPolicy"] = self.values[wanted[0]]
            else:
                # Identical labels (none): a subset is all pods, under a policy of its own.
                spec["subsets"] = sorted(
                    ({"name": self.subset(host, k), "trafficPolicy": self.values[k]}
                     for k in wanted),
                    key=lambda s: str(s["name"]),
                )  # fmt: skip
            namespace = where[host]
            name = names.name(namespace, host.split(".")[0] if host.endswith(".local") else host)
            yield made("DestinationRule", namespace, name, spec, sorted(self.sources[host]))
