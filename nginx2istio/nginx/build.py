"""Ingresses to the effective nginx configuration, by the controller's own order of precedence.

Remark codes: no-timestamp, no-service, no-port, guessed-certificate, duplicate-tls-host,
no-http, resource-backend, one-label-host, missing-class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nginx2istio.nginx.annotations import Extracted, extract
from nginx2istio.nginx.certificates import certificate
from nginx2istio.nginx.configmaps import ConfigMap, configmaps
from nginx2istio.nginx.controller import Controller
from nginx2istio.nginx.ingresses import Backend, Ingress, Object, Path
from nginx2istio.nginx.locations import blocks
from nginx2istio.nginx.model import (
    DEFAULT_SERVER,
    Affinity,
    Certificate,
    Location,
    Lost,
    Mistake,
    Origin,
    Rejected,
    Remark,
    Server,
    Setting,
    Upstream,
)
from nginx2istio.nginx.scopes import (
    AFFINITY,
    AUTH_TLS,
    CANARY,
    CATCH_ALL_IGNORES,
    SERVER,
    SERVER_ANY,
    SERVER_FIRST,
    UPSTREAM,
    UPSTREAM_FIRST,
)
from nginx2istio.nginx.services import Services


@dataclass(frozen=True, slots=True)
class NginxConfig:
    """All that the controller would have configured, and all that had no effect.

    ``unknown`` are annotations with the controller's prefix that it does not know.
    """

    controller: Controller
    servers: tuple[Server, ...] = ()
    upstreams: Mapping[str, Upstream] = field(default_factory=dict)
    ineffective: tuple[Lost, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    skipped: tuple[Rejected, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    unknown: tuple[Setting, ...] = ()
    remarks: tuple[Remark, ...] = ()
    configmaps: Mapping[str, ConfigMap] = field(default_factory=dict)
    """All ConfigMaps among the input, by ``namespace/name``."""
    own: str = ""
    """The controller's own ConfigMap, "" when it is not among the input."""
    settings: tuple[Setting, ...] = ()
    """Every accepted annotation of every loaded Ingress, in force or not."""

    def given(self, key: str) -> Setting | None:
        """An entry of the controller's own ConfigMap, None when it is not set there."""
        own = self.configmaps.get(self.own)
        return own.setting(key) if own and key in own.data else None


@dataclass(slots=True)
class _Loaded:
    """An Ingress that the controller has loaded, with its accepted annotations by scope."""

    ingress: Ingress
    extracted: Extracted
    settings: dict[str, Setting]
    local: dict[str, Setting]

    @property
    def canary(self) -> bool:
        setting = self.settings.get("canary")
        return bool(setting and setting.value)


@dataclass(slots=True)
class _Server:
    """A server while it grows."""

    host: str
    namespace: str
    locations: list[Location]
    settings: dict[str, Setting] = field(default_factory=dict)
    certificate: Certificate | None = None
    ingresses: list[Origin] = field(default_factory=list)
    denied: str = ""
    aliases: tuple[str, ...] = ()


class _Builder:
    """One run of ``getBackendServers``: mutable inside, frozen values out."""

    def __init__(self, controller: Controller, services: Services):
        self.controller = controller
        self.services = services
        self.upstreams: dict[str, Upstream] = {}
        self.canary_upstreams: set[str] = set()
        self.servers: dict[str, _Server] = {}
        self.affinity: dict[str, tuple[dict[str, Setting], set[tuple[str, str]]]] = {}
        self.used: set[Origin] = set()
        self.lost: list[Lost] = []
        self.remarks: list[Remark] = []

    # createUpstreams

    def upstream(self, loaded: _Loaded, backend: Backend) -> None:
        name = backend.upstream(loaded.ingress.origin.namespace)
        if name in self.upstreams:
            for key in UPSTREAM_FIRST & loaded.settings.keys():
                mine, first = loaded.settings[key], self.upstreams[name].settings.get(key)
                if first is None or first.origin != mine.origin:
                    self.lose(loaded, mine, f"another Ingress was first to name {backend.service}")
            return
        keys = UPSTREAM_FIRST | (CANARY if loaded.canary else frozenset())
        settings = {k: s for k, s in loaded.settings.items() if k in keys}
        self.used |= {s.origin for s in settings.values()}
        made = self.services.upstream(loaded.ingress.origin.namespace, backend)
        self.upstreams[name] = replace(made, settings=settings)
        if loaded.canary:
            self.canary_upstreams.add(name)

    def create_upstreams(self, loaded: _Loaded) -> None:
        if loaded.ingress.default:
            self.upstream(loaded, loaded.ingress.default)
        for rule in loaded.ingress.rules:
            for path in rule.paths or ():
                if path.backend:
                    self.upstream(loaded, path.backend)

    # createServers

    def create_servers(self, everyone: Sequence[_Loaded]) -> None:
        nowhere = Location("/", "prefix", "", Origin("default"), implicit=True)
        self.servers[DEFAULT_SERVER] = _Server(DEFAULT_SERVER, "", [nowhere])
        for loaded in everyone:
            if loaded.canary:
                continue
            ingress, default = loaded.ingress, ""
            if ingress.default:
                default = ingress.default.upstream(ingress.origin.namespace)
            if default and not ingress.rules:
                self.catch_all(loaded, default)
            for rule in ingress.rules:
                host = rule.host or DEFAULT_SERVER
                if host not in self.servers:
                    root = self.location(loaded, "/", "Prefix", default, rule.origin)
                    root = replace(root, implicit=True)
                    self.servers[host] = _Server(host, ingress.origin.namespace, [root])
        for loaded in everyone:
            if not loaded.canary:
                for host in loaded.ingress.hosts if loaded.ingress.rules else ():
                    self.configure(loaded, self.servers[host])
        self.create_aliases()

    def catch_all(self, loaded: _Loaded, default: str) -> None:
        server = self.servers[DEFAULT_SERVER]
        if server.locations[0].implicit:
            root = self.location(loaded, "/", "Prefix", default, loaded.ingress.origin)
            # Redirects and rewrites are left out here, as createServers leaves them.
            local = {k: s for k, s in root.settings.items() if k not in CATCH_ALL_IGNORES}
            server.locations[0] = replace(root, settings=local)
            server.namespace = loaded.ingress.origin.namespace
            server.ingresses.append(loaded.ingress.origin)
            return
        why = f"{server.locations[0].ingress.object} is older and is the catch-all already"
        self.lost.append(Lost(loaded.ingress.origin, "defaultBackend", default, why, ("_",)))

    def configure(self, loaded: _Loaded, server: _Server) -> None:
        if loaded.ingress.origin not in server.ingresses:
            server.ingresses.append(loaded.ingress.origin)
        server.namespace = server.namespace or loaded.ingress.origin.namespace
        for key in SERVER_FIRST & loaded.settings.keys():
            self.first(server, loaded, key)
        for key in SERVER_ANY & loaded.settings.keys():
            mine = loaded.settings[key]
            there = server.settings.get(key)
            if there is None or (mine.value and not there.value):
                server.settings[key] = mine
            self.used.add(mine.origin)
        if server.certificate is None:
            server.certificate = certificate(server.host, loaded.ingress)

    def first(self, server: _Server, loaded: _Loaded, key: str) -> None:
        mine = loaded.settings[key]
        kept = server.settings.setdefault(key, mine)
        self.used.add(kept.origin)
        if kept.origin != mine.origin:
            why = f"{kept.origin.object} set it first for {server.host}"
            self.lose(loaded, mine, why, (server.host,))

    def create_aliases(self) -> None:
        taken: set[str] = set()
        for host in sorted(self.servers):
            server = self.servers[host]
            setting = server.settings.get("server-alias")
            names = setting.value if setting and isinstance(setting.value, tuple) else ()
            kept = []
            for name in sorted({str(n) for n in names}):
                if name in self.servers or name in taken:
                    why = f"{name} has a server of its own, or is another server's alias"
                    if setting:
                        self.lost.append(Lost(setting.origin, "server-alias", name, why, (name,)))
                else:
                    taken.add(name)
                    kept.append(name)
            server.aliases = tuple(kept)

    # getBackendServers

    def location(
        self, loaded: _Loaded, path: str, kind: str, upstream: str, origin: Origin
    ) -> Location:
        return Location(
            path=path, match="exact" if kind == "Exact" else "prefix", upstream=upstream,
            ingress=origin, settings=loaded.local, declared=path, path_type=kind,
            denied=loaded.extracted.denied,
        )  # fmt: skip

    def add_paths(self, loaded: _Loaded) -> None:
        for rule in loaded.ingress.rules:
            host = rule.host or DEFAULT_SERVER
            server = self.servers.get(host) or self.servers.get(DEFAULT_SERVER)
            if server is None:
                continue
            self.client_certificates(loaded, server)
            for path in rule.paths or ():
                if path.backend is None:
                    self.remarks.append(
                        Remark("resource-backend", path.origin, "", (host,), (path.path or "/",))
                    )
                    continue
                name = path.backend.upstream(loaded.ingress.origin.namespace)
                if name in self.canary_upstreams:
                    continue
                self.add_path(loaded, server, path, name)
                self.affine(loaded, host, server, path, name)

    def client_certificates(self, loaded: _Loaded, server: _Server) -> None:
        server.denied = server.denied or loaded.extracted.tls_denied
        mine = {k: s for k, s in loaded.settings.items() if k in AUTH_TLS}
        if "auth-tls-secret" not in mine:
            return
        if "auth-tls-secret" not in server.settings:
            server.settings.update(mine)
        for setting in mine.values():
            if server.settings.get(setting.key) is not setting:
                self.lose(loaded, setting, f"set first elsewhere for {server.host}")

    def add_path(self, loaded: _Loaded, server: _Server, path: Path, name: str) -> None:
        text = path.path or "/"
        # An absent type is ImplementationSpecific, which SetDefaultNGINXPathType makes a Prefix.
        kind = "Exact" if path.type == "Exact" else "Prefix"
        made = self.location(loaded, text, kind, name, path.origin)
        for i, there in enumerate(server.locations):
            if there.path != text:
                continue
            if there.path_type != kind:
                break
            if there.implicit:
                server.locations[i] = made
                return
            if there.ingress.object == loaded.ingress.key:
                why = f"{text} is declared twice in this Ingress"
            else:
                why = f"{there.ingress.object} is older and has the path already"
            lost = Lost(path.origin, "path", text, why, (server.host,), (text,))
            self.lost.append(lost)
            return
        server.locations.append(made)

    def affine(
        self, loaded: _Loaded, host: str, server: _Server, path: Path, name: str
    ) -> None:
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
        places |= {(h, path.path) for h in (host, *server.aliases)}

    # mergeAlternativeBackends

    def merge_canary(self, loaded: _Loaded) -> None:
        ingress = loaded.ingress
        merged: set[str] = set()
        targets = [(r.host or DEFAULT_SERVER, p) for r in ingress.rules for p in r.paths or ()]
        for host, path in targets:
            if path.backend is None:
                continue
            name = path.backend.upstream(ingress.origin.namespace)
            server = self.servers.get(host)
            found = False
            for location in server.locations if server else ():
                if location.upstream == name:
                    break
                kind = "Exact" if path.type == "Exact" else "Prefix"
                if (location.path, location.path_type) != (path.path, kind):
                    continue
                if location.upstream and location.upstream not in self.canary_upstreams:
                    found |= self.merge(location.upstream, name)
            if found:
                merged.add(name)
            else:
                why = "a canary needs the same host and path in an Ingress that is none"
                self.lost.append(
                    Lost(path.origin, "path", path.path or "/", why, (host,), (path.path or "/",))
                )
        if ingress.default and DEFAULT_SERVER in self.servers:
            name = ingress.default.upstream(ingress.origin.namespace)
            for location in self.servers[DEFAULT_SERVER].locations:
                if location.upstream and location.upstream not in self.canary_upstreams | {name}:
                    self.merge(location.upstream, name)

    def merge(self, primary: str, canary: str) -> bool:
        main = self.upstreams[primary]
        names = [a.name for a in main.alternatives]
        if canary not in names:
            alternative = self.upstreams[canary]
            self.upstreams[primary] = replace(
                main, alternatives=(*main.alternatives, alternative)
            )
        return True

    def lose(
        self, loaded: _Loaded, setting: Setting, why: str, hosts: tuple[str, ...] = ()
    ) -> None:
        self.lost.append(
            Lost(setting.origin, setting.key, setting.text, why, hosts or loaded.ingress.hosts)
        )

    # the result

    def finish(self, everyone: Sequence[_Loaded]) -> tuple[Server, ...]:
        for name, (details, places) in self.affinity.items():
            mode = details.get("affinity-mode")
            affinity = Affinity(str(mode.value) if mode else "balanced", details, frozenset(places))
            self.upstreams[name] = replace(self.upstreams[name], affinity=affinity)
            self.used |= {s.origin for s in details.values()}
        servers = []
        for host in sorted(self.servers):
            grown = self.servers[host]
            if not grown.ingresses:
                continue  # nobody said anything about unknown hosts: 404, as Envoy answers too
            found, regex = blocks(grown.locations)
            self.used |= {s.origin for loc in found for s in loc.settings.values()}
            self.used |= {s.origin for s in grown.settings.values()}
            servers.append(
                Server(
                    host=host, locations=found, settings=grown.settings, aliases=grown.aliases,
                    certificate=grown.certificate or self.inherited(host),
                    passthrough=self.enabled(grown, "ssl-passthrough"),
                    www=self.enabled(grown, "from-to-www-redirect"), regex=regex,
                    denied=grown.denied, namespace=grown.namespace,
                    ingresses=tuple(grown.ingresses),
                )  # fmt: skip
            )
        self.explain_losses(everyone)
        return tuple(servers)

    def enabled(self, server: _Server, key: str) -> Setting | None:
        setting = server.settings.get(key)
        return setting if setting and setting.value else None

    def inherited(self, host: str) -> Certificate | None:
        """The certificate of ``*.parent``: certificate.lua falls back to it for any host."""
        if host.startswith("*") or "." not in host:
            return None
        parent = self.servers.get("*." + host.partition(".")[2])
        return parent.certificate if parent else None

    def explain_losses(self, everyone: Sequence[_Loaded]) -> None:
        told = {(lost.origin, lost.key) for lost in self.lost}
        for loaded in everyone:
            for key, setting in loaded.settings.items():
                if setting.origin in self.used or (setting.origin, key) in told:
                    continue
                if loaded.canary and key not in CANARY:
                    why = "nginx takes a canary's settings from the main Ingress of its path"
                elif key in CANARY:
                    why = 'it counts only together with canary: "true" and a path of a main Ingress'
                elif key in AFFINITY:
                    why = 'it counts only together with affinity: "cookie", of the last Ingress'
                elif key in AUTH_TLS:
                    why = "it counts only together with a usable auth-tls-secret"
                else:
                    why = "no path of this Ingress is in force"
                self.lose(loaded, setting, why)


def build(
    ingresses: Sequence[Ingress],
    objects: Sequence[Object],
    controller: Controller,
    skipped: tuple[Rejected, ...] = (),
    remarks: tuple[Remark, ...] = (),
    own: str = "",
) -> NginxConfig:
    """The effective configuration of Ingresses that are already chosen and in order.

    ``objects`` are all that was read: Services and ConfigMaps count. ``skipped`` are the Ingresses
    of others, ``remarks`` what choosing found to remark, ``own`` names the controller's ConfigMap.
    """
    builder = _Builder(controller, Services(objects))
    everyone, rejected, mistakes, unknown, idle = _load(ingresses, controller)
    builder.lost += idle
    for loaded in everyone:
        builder.create_upstreams(loaded)
    builder.create_servers(everyone)
    for loaded in everyone:
        builder.add_paths(loaded)
    if any(not loaded.canary for loaded in everyone):
        for loaded in everyone:
            if loaded.canary:
                builder.merge_canary(loaded)
    servers = builder.finish(everyone)
    return NginxConfig(
        controller=controller,
        servers=servers,
        upstreams=builder.upstreams,
        ineffective=tuple(sorted(set(builder.lost), key=lambda x: (x.origin, x.key, x.value))),
        rejected=rejected,
        mistakes=mistakes,
        unknown=unknown,
        skipped=skipped,
        remarks=(*remarks, *builder.remarks),
        configmaps=configmaps(objects),
        own=own,
        settings=tuple(s for loaded in everyone for s in loaded.settings.values()),
    )


def _load(
    ingresses: Sequence[Ingress], controller: Controller
) -> tuple[
    list[_Loaded], tuple[Rejected, ...], tuple[Mistake, ...], tuple[Setting, ...], list[Lost]
]:
    everyone: list[_Loaded] = []
    rejected: list[Rejected] = []
    mistakes: list[Mistake] = []
    unknown: list[Setting] = []
    idle: list[Lost] = []
    prefix = controller.annotations_prefix
    for ingress in ingresses:
        extracted = extract(
            ingress.annotations, controller=controller, namespace=ingress.origin.namespace
        )
        hosts = ingress.hosts
        paths = tuple(dict.fromkeys(p.path or "/" for r in ingress.rules for p in r.paths or ()))
        why = extracted.dropped or _catch_all_disabled(ingress, controller)
        for key, wrong in extracted.invalid.items():
            at = ingress.at(extracted.written.get(key, f"{prefix}/{key}"))
            text = ingress.annotations.get(at.field, "")
            mistakes.append(Mistake(at, key, text, wrong.text, wrong.effect, hosts, paths or ("/",)))
        for key, text in extracted.idle.items():
            at = ingress.at(extracted.written.get(key, f"{prefix}/{key}"))
            idle.append(Lost(at, key, ingress.annotations.get(at.field, ""), text, hosts))
        for key in extracted.unknown:
            at = ingress.at(f"{prefix}/{key}")
            unknown.append(Setting(key, ingress.annotations.get(at.field, ""), at))
        if why:
            rejected.append(Rejected(ingress.origin, why, hosts))
            continue
        settings = {}
        for key, value in extracted.values.items():
            at = ingress.at(extracted.written.get(key, f"{prefix}/{key}"))
            text, block = ingress.annotations.get(at.field, ""), ingress.blocks.get(at.field, 0)
            settings[key] = Setting(key, value, at, text, block)
        local = {k: s for k, s in settings.items() if k not in SERVER | UPSTREAM}
        everyone.append(_Loaded(ingress, extracted, settings, local))
    return everyone, tuple(rejected), tuple(mistakes), tuple(unknown), idle


def _catch_all_disabled(ingress: Ingress, controller: Controller) -> str:
    """--disable-catch-all drops every Ingress with a defaultBackend, rules or not (store.go)."""
    if controller.disable_catch_all and ingress.default:
        return "the controller runs with --disable-catch-all and the Ingress has a defaultBackend"
    return ""
