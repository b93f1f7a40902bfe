"""Servers and locations while they grow (``createServers``, ``getBackendServers``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nginx2istio.nginx.build.catch_all import as_catch_all, root_of_unknown_hosts
from nginx2istio.nginx.build.certificates import CertificateNames, certificate
from nginx2istio.nginx.build.controller import Controller
from nginx2istio.nginx.build.ingresses import IngressPath
from nginx2istio.nginx.build.load import NOT_IN_DENIED, Loaded
from nginx2istio.nginx.build.locations import build_locations
from nginx2istio.nginx.build.server_names import (
    create_aliases,
    create_redirects,
    refused_names,
)
from nginx2istio.nginx.build.services import Services
from nginx2istio.nginx.build.upstreams import IneffectiveSettings, Upstreams
from nginx2istio.nginx.keys.scopes import (
    AFFINITY,
    AUTH_TLS,
    CANARY_KEYS,
    SERVER_ANY,
    SERVER_FIRST,
)
from nginx2istio.nginx.model import (
    DEFAULT_SERVER,
    DEFAULT_UPSTREAM,
    Certificate,
    Ineffective,
    InvalidValue,
    Location,
    Origin,
    Remark,
    Server,
    Setting,
    www_twin,
)


@dataclass(slots=True)
class _Server:
    """A server while it grows."""

    host: str
    namespace: str
    locations: list[Location]
    settings: dict[str, Setting] = field(default_factory=dict)
    certificate: Certificate | None = None
    ingresses: dict[Origin, None] = field(default_factory=dict)
    denied: str = ""
    aliases: tuple[str, ...] = ()
    www: bool = False
    indexes: dict[str, int] = field(default_factory=lambda: {"/": 0})
    """The index of the first location of each path: the root is the first of all."""


class ServerBuilder:
    """One run of ``createServers`` and ``getBackendServers``."""

    def __init__(
        self, services: Services, controller: Controller, certificate_names: CertificateNames
    ):
        self.controller, self.certificate_names = controller, certificate_names
        self.ineffective = IneffectiveSettings()
        self.upstreams = Upstreams(services, self.ineffective)
        self.servers: dict[str, _Server] = {}
        self.twins: dict[str, str] = {}
        self.refused_names: tuple[InvalidValue, ...] = ()
        self.repeats: list[tuple[str, Location]] = []
        self.remarks: list[Remark] = []

    def create_servers(self, everyone: Sequence[Loaded]) -> None:
        nowhere = root_of_unknown_hosts(self.controller)
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
        create_aliases(self.servers, self.ineffective)

    def catch_all(self, loaded: Loaded, default: str) -> None:
        server = self.servers[DEFAULT_SERVER]
        if server.locations[0].implicit:
            root = self.location(loaded, "/", "Prefix", default, loaded.ingress.origin)
            server.locations[0] = as_catch_all(self.controller, root)
            server.namespace = loaded.ingress.origin.namespace
            server.ingresses[loaded.ingress.origin] = None
            return
        why = f"{server.locations[0].ingress.object} is older and is the catch-all already"
        self.ineffective.entries.append(
            Ineffective(loaded.ingress.origin, "defaultBackend", default, why, ("_",))
        )

    def configure(self, loaded: Loaded, server: _Server) -> None:
        server.ingresses[loaded.ingress.origin] = None
        server.namespace = server.namespace or loaded.ingress.origin.namespace
        for key in SERVER_FIRST & loaded.settings.keys():
            self.first(server, loaded, key)
        for key in SERVER_ANY & loaded.settings.keys():
            setting = loaded.settings[key]
            earlier = server.settings.get(key)
            if earlier is None or (setting.value and not earlier.value):
                server.settings[key] = setting
            self.ineffective.in_force.add(setting.origin)
        if server.certificate is None:
            server.certificate = certificate(server.host, loaded.ingress, self.certificate_names)

    def first(self, server: _Server, loaded: Loaded, key: str) -> None:
        setting = loaded.settings[key]
        first = server.settings.setdefault(key, setting)
        self.ineffective.in_force.add(first.origin)
        if first.origin != setting.origin:
            why = f"{first.origin.object} set it first for {server.host}"
            self.ineffective.record_ineffective(loaded, setting, why, (server.host,))

    def location(
        self, loaded: Loaded, path: str, kind: str, upstream: str, origin: Origin
    ) -> Location:
        return Location(
            path=path,
            match="exact" if kind == "Exact" else "prefix",
            upstream=upstream,
            ingress=origin,
            settings=loaded.local,
            declared=path,
            path_type=kind,
            denied=loaded.extracted.denied,
        )

    def add_paths(self, loaded: Loaded) -> None:
        for rule in loaded.ingress.rules:
            host = rule.host or DEFAULT_SERVER
            server = self.servers.get(host) or self.servers.get(DEFAULT_SERVER)
            if server is None:
                continue
            if rule.paths is None and host != DEFAULT_SERVER:
                continue
            self.client_certificates(loaded, server)
            for path in rule.paths or ():
                if path.backend is None:
                    self.remarks.append(
                        Remark("resource-backend", path.origin, "", (host,), (path.path or "/",))
                    )
                    continue
                name = path.backend.upstream(loaded.ingress.origin.namespace)
                if name in self.upstreams.canaries:
                    continue
                self.add_path(loaded, server, path, name)
                self.upstreams.affine(loaded, (host, *server.aliases), path, name)

    def client_certificates(self, loaded: Loaded, server: _Server) -> None:
        server.denied = server.denied or loaded.extracted.tls_denied
        settings = {k: s for k, s in loaded.settings.items() if k in AUTH_TLS}
        if "auth-tls-secret" not in settings:
            return
        if "auth-tls-secret" not in server.settings:
            server.settings.update(settings)
        for setting in settings.values():
            if server.settings.get(setting.key) is not setting:
                self.ineffective.record_ineffective(
                    loaded, setting, f"set first elsewhere for {server.host}"
                )

    def add_path(self, loaded: Loaded, server: _Server, path: IngressPath, name: str) -> None:
        text = path.path or "/"
        # An absent type is ImplementationSpecific, which SetDefaultNGINXPathType makes a Prefix.
        kind = "Exact" if path.type == "Exact" else "Prefix"
        location = self.location(loaded, text, kind, name, path.origin)
        index = server.indexes.setdefault(text, len(server.locations))
        earlier = server.locations[index] if index < len(server.locations) else None
        if earlier and earlier.path_type == kind:
            if earlier.implicit:
                server.locations[index] = location
                self.ask_for_twin(loaded, server)
                return
            if earlier.ingress.object == loaded.ingress.key:
                why = f"{text} is declared twice in this Ingress"
            else:
                why = f"{earlier.ingress.object} is older and has the path already"
            lost = Ineffective(path.origin, "path", text, why, (server.host,), (text,))
            self.ineffective.entries.append(lost)
            return
        server.locations.append(location)
        self.ask_for_twin(loaded, server)

    def ask_for_twin(self, loaded: Loaded, server: _Server) -> None:
        """``RedirectFromToWWW``: by an Ingress of which a location is there, be it a canary's."""
        key = "from-to-www-redirect"
        setting = loaded.settings.get(key)
        if setting and setting.value:
            server.www = True
            if not self.enabled(server, key):
                server.settings[key] = setting

    def finish(self, everyone: Sequence[Loaded]) -> tuple[Server, ...]:
        self.upstreams.finish()
        self.twins = create_redirects(self.servers, self.ineffective)
        self.refused_names = tuple(refused_names(self.servers))
        default = self.upstreams.by_name.get(DEFAULT_UPSTREAM)
        servers = []
        for host in sorted(self.servers):
            grown = self.servers[host]
            if not grown.ingresses and not (default and host == DEFAULT_SERVER):
                continue  # no Ingress is about unknown hosts: 404, as Envoy answers too
            last = default.name if default else ""
            declared = [x if x.upstream else replace(x, upstream=last) for x in grown.locations]
            locations, regex, repeats = build_locations(declared)
            self.repeats += [(host, repeat) for repeat in repeats]
            # Locations of one Ingress share their settings.
            used = (grown.settings, *(location.settings for location in locations))
            settings = {id(each): each for each in used}
            self.ineffective.in_force |= {
                s.origin for each in settings.values() for s in each.values()
            }
            servers.append(
                Server(
                    host=host,
                    locations=locations,
                    settings=grown.settings,
                    aliases=grown.aliases,
                    certificate=grown.certificate or self.inherited(host),
                    passthrough=self.passthrough(grown, locations),
                    www=self.twins.get(www_twin(host)) == host,
                    regex=regex,
                    denied=grown.denied,
                    namespace=grown.namespace or (default.namespace if default else ""),
                    ingresses=tuple(grown.ingresses),
                )
            )
        self.explain_ineffective(everyone)
        return tuple(servers)

    def passthrough(self, server: _Server, locations: Sequence[Location]) -> Setting | None:
        """What passes TLS on unopened: it takes a flag, and a Service at ``/`` (nginx.go).

        The proxy before nginx compares the host by name, so a star matches nothing.
        """
        setting = self.enabled(server, "ssl-passthrough")
        root = next((x.upstream for x in locations if x.declared == "/" and x.upstream), "")
        if root in ("", DEFAULT_UPSTREAM) or self.upstreams.by_name[root].unavailable:
            return None
        named = not server.host.startswith(("*", "_"))
        return setting if self.controller.ssl_passthrough and named else None

    def enabled(self, server: _Server, key: str) -> Setting | None:
        setting = server.settings.get(key)
        return setting if setting and setting.value else None

    def inherited(self, host: str) -> Certificate | None:
        """The certificate of ``*.parent``: certificate.lua falls back to it for any host."""
        if host.startswith("*") or "." not in host:
            return None
        parent = self.servers.get("*." + host.partition(".")[2])
        return parent.certificate if parent else None

    def explain_ineffective(self, everyone: Sequence[Loaded]) -> None:
        explained = {(entry.origin, entry.key) for entry in self.ineffective.entries}
        for loaded in everyone:
            for key, setting in loaded.settings.items():
                if (
                    setting.origin in self.ineffective.in_force
                    or (setting.origin, key) in explained
                ):
                    continue
                if loaded.canary and key not in CANARY_KEYS:
                    why = "nginx takes a canary's settings from the main Ingress of its path"
                elif key in CANARY_KEYS:
                    why = 'it has an effect only with canary: "true" and a path of a main Ingress'
                elif loaded.extracted.denied and key in NOT_IN_DENIED:
                    why = "nginx answers 503 to all requests for its paths"
                elif key in AFFINITY:
                    why = 'it has an effect only with affinity: "cookie", of the last Ingress'
                elif key in AUTH_TLS:
                    why = "it has an effect only with a usable auth-tls-secret"
                else:
                    why = "nginx serves no path of this Ingress"
                self.ineffective.record_ineffective(loaded, setting, why)
