"""The place that a rule looks at."""

from __future__ import annotations

from dataclasses import dataclass

from nginx2istio.base.options import Options
from nginx2istio.nginx.build.certificates import covers
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Location, Server, Setting, Settings, Upstream
from nginx2istio.nginx.values.go import Value


@dataclass(slots=True)
class Here:
    """The place that a rule is given, and what surrounds it.

    ``settings`` are the annotations in force at this place and of this rule's scope. ``here[key]``
    is an effective value: the annotation's, else the controller's default. ``key in here`` is
    whether the annotation itself is in force. Only the rule's own keys can be asked for: the engine
    hands one place to many rules, and sets ``keys`` and ``reads`` anew for each.
    """

    config: NginxConfig
    server: Server
    location: Location
    upstream: Upstream | None
    settings: Settings
    keys: frozenset[str]
    reads: frozenset[str]
    options: Options
    ports: tuple[int, ...]
    """The ports on which requests reach this location: 80, and 443 where the host has TLS."""
    route_name: str = ""
    """The name that the location's routes carry, for what refers to them (EnvoyFilter)."""

    def __contains__(self, key: str) -> bool:
        return key in self.settings and self._mine(key)

    def __getitem__(self, key: str) -> Value | None:
        self._mine(key)
        setting = self.settings.get(key)
        return self.config.default(key) if setting is None else setting.value

    def setting(self, key: str) -> Setting:
        """The annotation in force; raises KeyError when it is not set."""
        self._mine(key)
        return self.settings[key]

    def at(self, location: Location, key: str) -> Value | None:
        """The effective value at another location of the host."""
        self._mine(key)
        return self.config.in_force(location, key)

    def global_setting(self, key: str) -> Setting | None:
        """The entry of the controller's ConfigMap, None when it is not set there."""
        self._mine(key)
        return self.config.given(key)

    def given(self, key: str) -> bool:
        """Whether somebody says anything, the annotation or the controller's ConfigMap."""
        return key in self or self.config.given(key) is not None

    def text(self, key: str) -> str:
        """The effective value as text."""
        value = self[key]
        return "" if value is None else str(value)

    def number(self, key: str) -> int:
        """The effective value as a whole number."""
        value = self[key]
        return int(value) if isinstance(value, int | str | float) else 0

    def list(self, key: str) -> tuple[str, ...]:
        """The effective value as a list of texts, empty when there is none."""
        value = self[key]
        if isinstance(value, tuple):
            return tuple(str(v) for v in value)
        return (str(value),) if value else ()

    def _mine(self, key: str) -> bool:
        if key not in self.keys and key not in self.reads:
            raise KeyError(f"{key} belongs to another rule; name it in reads=")
        return True

    @property
    def tls(self) -> bool:
        """Whether https requests reach this location."""
        return 443 in self.ports

    def certified(self, name: str) -> bool:
        """Whether nginx has a certificate for a name of this host, as far as can be known."""
        held = self.server.certificate
        if held is None:
            return False
        return name == self.server.host or any(covers(n, name) for n in held.names)

    @property
    def redirect_host(self) -> str:
        """The host in a Location that nginx makes of ``$host``: literal where there is but one."""
        single = not self.server.aliases and not self.server.wildcard and self.server.host != "_"
        return self.server.host if single else "%REQ(:AUTHORITY)%"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host and its aliases."""
        return (self.server.host, *self.server.aliases)
