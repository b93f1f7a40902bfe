"""Upstreams: what each Service and port that is named becomes (``createUpstreams``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nginx2istio.nginx.build.ingresses import IngressBackend, IngressPath
from nginx2istio.nginx.build.load import Loaded
from nginx2istio.nginx.build.services import Services
from nginx2istio.nginx.keys.scopes import AFFINITY, CANARY_KEYS, UPSTREAM_FIRST
from nginx2istio.nginx.model import (
    DEFAULT_SERVER,
    Affinity,
    Ineffective,
    Location,
    Origin,
    Setting,
    Upstream,
)


@dataclass(slots=True)
class IneffectiveSettings:
    """Settings that are in force somewhere, and those that lost out, with the reason."""

    in_force: set[Origin] = field(default_factory=set)
    entries: list[Ineffective] = field(default_factory=list)

    def record_ineffective(
        self, loaded: Loaded, setting: Setting, why: str, hosts: tuple[str, ...] = ()
    ) -> None:
        self.entries.append(
            Ineffective(
                setting.origin, setting.key, setting.text, why, hosts or loaded.ingress.hosts
            )
        )


class Places:
    """The upstreams of a host's locations, by path and type in order."""

    def __init__(self, locations: Sequence[Location]):
        self.first: dict[str, int] = {}
        self.upstreams: dict[tuple[str, str], list[tuple[int, str]]] = {}
        for i, location in enumerate(locations):
            self.first.setdefault(location.upstream, i)
            where = location.path, location.path_type
            self.upstreams.setdefault(where, []).append((i, location.upstream))

    def before(self, name: str, path: str, kind: str) -> Iterator[str]:
        """The upstreams of a path up to the first location of the host that has ``name``."""
        end = self.first.get(name)
        for i, upstream in self.upstreams.get((path, kind), ()):
            if end is not None and i >= end:
                return
            yield upstream


class Upstreams:
    """The upstreams while they grow: mutable inside, frozen values out."""

    def __init__(self, services: Services, ineffective: IneffectiveSettings):
        self.services, self.ineffective = services, ineffective
        self.by_name: dict[str, Upstream] = {}
        self.canaries: set[str] = set()
        self.canary_ingresses: list[tuple[str, Loaded]] = []
        """Each Ingress that is a canary, with the name of one of its upstreams."""
        self.affinity: dict[str, tuple[dict[str, Setting], set[tuple[str, str]]]] = {}
        self.alternatives: dict[str, dict[str, None]] = {}
        """The names of the canaries of an upstream, in order."""
        self.deleted: set[str] = set()

    def upstream(self, loaded: Loaded, backend: IngressBackend) -> None:
        name = backend.upstream(loaded.ingress.origin.namespace)
        if loaded.canary:
            self.canary_ingresses.append((name, loaded))
        if name in self.by_name:
            for key in UPSTREAM_FIRST & loaded.settings.keys():
                setting, first = loaded.settings[key], self.by_name[name].settings.get(key)
                if first is None or first.origin != setting.origin:
                    self.ineffective.record_ineffective(
                        loaded, setting, f"another Ingress was first to name {backend.service}"
                    )
            return
        keys = UPSTREAM_FIRST | CANARY_KEYS if loaded.canary else UPSTREAM_FIRST
        settings = {k: loaded.settings[k] for k in loaded.settings.keys() & keys}
        self.ineffective.in_force |= {s.origin for s in settings.values()}
        upstream = self.services.upstream(loaded.ingress.origin.namespace, backend)
        self.by_name[name] = replace(upstream, settings=settings) if settings else upstream
        if loaded.canary:
            self.canaries.add(name)

    def create(self, loaded: Loaded) -> None:
        if loaded.ingress.default:
            self.upstream(loaded, loaded.ingress.default)
        for rule in loaded.ingress.rules:
            for path in rule.paths or ():
                if path.backend:
                    self.upstream(loaded, path.backend)

    def affine(self, loaded: Loaded, hosts: Iterable[str], path: IngressPath, name: str) -> None:
        settings = {k: s for k, s in loaded.settings.items() if k in AFFINITY}
        if "affinity" not in settings:
            return
        details, places = self.affinity.setdefault(name, ({}, set()))
        for key in ("affinity", "affinity-mode"):
            if key in settings:
                details.setdefault(key, settings[key])
        for key in [k for k in details if k.startswith("session-cookie")]:
            del details[key]
        details.update((k, s) for k, s in settings.items() if k.startswith("session-cookie"))
        places |= {(h, path.path) for h in hosts}

    def merge_canary(
        self,
        loaded: Loaded,
        servers: Mapping[str, Sequence[Location]],
        places: dict[str, Places],
    ) -> None:
        """Makes a canary an alternative of its main upstreams; ``places`` are kept by host.

        A path that no main Ingress has costs the canary's Service all requests, those of other
        paths too: ``mergeAlternativeBackends`` deletes its upstream.
        """
        ingress = loaded.ingress
        if ingress.default:
            name = ingress.default.upstream(ingress.origin.namespace)
            mains = [location.upstream for location in servers.get(DEFAULT_SERVER, ())]
            before = mains[: mains.index(name)] if name in mains else mains
            if not self.merge(before, name) and name not in mains:
                self.delete(name, f"no main Ingress is about unknown hosts, but {ingress.key} is")
        targets = [(r.host or DEFAULT_SERVER, p) for r in ingress.rules for p in r.paths or ()]
        for host, path in targets:
            if path.backend is None:
                continue
            name = path.backend.upstream(ingress.origin.namespace)
            if host not in places:
                places[host] = Places(servers.get(host, ()))
            kind = "Exact" if path.type == "Exact" else "Prefix"
            if self.merge(places[host].before(name, path.path, kind), name):
                continue
            text = path.path or "/"
            why = "a canary needs a main Ingress with the same host and path"
            lost = Ineffective(path.origin, "path", text, why, (host,), (text,))
            self.ineffective.entries.append(lost)
            if host in servers and name not in places[host].first:
                self.delete(
                    name, f"no main Ingress has path {text} of {host}, but {ingress.key} has"
                )

    def merge(self, mains: Iterable[str], canary: str) -> bool:
        """Makes a canary an alternative of main upstreams; whether there is any."""
        if canary in self.deleted:
            return False
        fit = [main for main in mains if main and main not in self.canaries | self.deleted]
        for main in fit:
            self.alternatives.setdefault(main, {}).setdefault(canary)
        return bool(fit)

    def delete(self, canary: str, why: str) -> None:
        if canary not in self.deleted:
            self.deleted.add(canary)
            self.by_name[canary] = replace(self.by_name[canary], refused=why)

    def finish(self) -> None:
        """Writes canaries and affinities into their upstreams; notes idle canaries."""
        for name, alternatives in self.alternatives.items():
            main = self.by_name[name]
            canaries = tuple(self.by_name[canary] for canary in alternatives)
            self.by_name[name] = replace(main, alternatives=canaries)
        self._record_idle_canaries()
        for name, (details, places) in self.affinity.items():
            mode = details.get("affinity-mode")
            affinity = Affinity(str(mode.value) if mode else "balanced", details, frozenset(places))
            self.by_name[name] = replace(self.by_name[name], affinity=affinity)
            self.ineffective.in_force |= {s.origin for s in details.values()}

    def _record_idle_canaries(self) -> None:
        """nginx sends requests to the first alternative of an upstream only (balancer.lua)."""
        alternatives = [upstream.alternatives for upstream in self.by_name.values()]
        first = {canaries[0].name for canaries in alternatives if canaries}
        merged = {canary.name for canaries in alternatives for canary in canaries}
        busy = {loaded.ingress.key for name, loaded in self.canary_ingresses if name in first}
        for name, loaded in self.canary_ingresses:
            if loaded.ingress.key in busy:
                continue
            busy.add(loaded.ingress.key)
            why = "a canary needs a main Ingress with the same host and path"
            if name in merged:
                why = "nginx sends requests to the first canary of a Service only"
            for key in sorted(CANARY_KEYS & loaded.settings.keys()):
                self.ineffective.record_ineffective(loaded, loaded.settings[key], why)
