"""The place that a rule looks at."""

from __future__ import annotations

from sys import intern

from nginx2istio.base.options import Options
from nginx2istio.istio.extract import HOST_WITHOUT_PORT
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.answered_early import certified
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Server, Setting, Settings, Upstream
from nginx2istio.nginx.values.go import Value


def route_name(location: Location) -> str:
    """The name of a location's routes, by which an EnvoyFilter finds them."""
    return intern(f"{location.ingress.object} {location.declared}")


class Place:
    """The place that a rule is given, and what surrounds it.

    ``settings`` are the annotations in force at this place and of this rule's scope.
    ``place[key]`` is an effective value: the annotation's, else the controller's default.
    ``key in place`` is whether the annotation itself is in force. Only the rule's own ``keys``,
    and those that it ``reads``, can be read. ``ports`` are the ports on which requests reach
    this location: 80, and 443 where the host has TLS.

    The engine hands one place to many rules, and sets ``keys`` and ``reads`` anew for each.
    ``looked`` is whether a rule read the location or its upstream: what a rule yields
    without that holds for each location with the same settings.
    """

    __slots__ = (
        "_location",
        "_upstream",
        "config",
        "keys",
        "looked",
        "options",
        "ports",
        "reads",
        "server",
        "settings",
    )

    def __init__(
        self,
        config: NginxConfig,
        server: Server,
        location: Location,
        settings: Settings,
        options: Options,
        ports: tuple[int, ...],
    ):
        self.config, self.server, self.settings = config, server, settings
        self.options, self.ports = options, ports
        self._location = location
        self._upstream = config.upstreams.get(location.upstream)
        self.keys: tuple[str, ...] = ()
        self.reads: tuple[str, ...] = ()
        self.looked = False

    @property
    def location(self) -> Location:
        """The location; for a rule of a server, the server's last one."""
        self.looked = True
        return self._location

    @property
    def path(self) -> str:
        """The path of the location in findings (``Server.path_of``)."""
        return self.server.path_of(self._location)

    @property
    def upstream(self) -> Upstream | None:
        """The upstream of the location, None when nginx answers 404 by itself."""
        self.looked = True
        return self._upstream

    @property
    def route_name(self) -> str:
        """The name that the location's routes carry, for what refers to them (EnvoyFilter)."""
        return route_name(self.location)

    @property
    def proxied(self) -> bool:
        """Whether requests to this location are sent to an upstream."""
        return self._upstream is not None and not self._location.slash_redirect

    @property
    def slash_redirect(self) -> bool:
        """Whether nginx itself redirects this location to ``/x/``."""
        return self._location.slash_redirect

    @property
    def key(self) -> str:
        """The rule's key that a finding is about: annotated, else configured, else ""."""
        annotated = (key for key in self.keys if key in self.settings)
        configured = (key for key in self.keys if self.config.configured(key))
        return next(annotated, "") or next(configured, "")

    def __contains__(self, key: str) -> bool:
        self._check_owned(key)
        return key in self.settings

    def __getitem__(self, key: str) -> Value | None:
        self._check_owned(key)
        setting = self.settings.get(key)
        return self.config.default(key) if setting is None else setting.value

    def setting(self, key: str) -> Setting:
        """The annotation in force; raises KeyError when it is not set."""
        self._check_owned(key)
        return self.settings[key]

    def at(self, location: Location, key: str) -> Value | None:
        """The effective value at another location of the host."""
        self._check_owned(key)
        return self.config.in_force(location, key)

    def global_setting(self, key: str) -> Setting | None:
        """The entry of the controller's ConfigMap, None when it is not set there."""
        self._check_owned(key)
        return self.config.configured(key)

    def configured(self, key: str) -> bool:
        """Whether the annotation or the controller's ConfigMap sets the key."""
        return key in self or self.config.configured(key) is not None

    def builds(self, *keys: str) -> bool:
        """Whether the output has what nginx does by these keys: all that somebody set.

        What holds by nginx's own default, as nobody set a key, is built by ``--compat exact`` only.
        """
        return self.options.compat == "exact" or any(map(self.configured, keys))

    @property
    def shortens_redirects(self) -> bool:
        """Whether redirects lose a slash at the end, as nginx's do.

        It takes a route of its own, for who wants likeness more than plain objects.
        """
        return self.options.compat == "exact" or bool(self.options.envoy_filters)

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

    def _check_owned(self, key: str) -> None:
        if key not in self.keys and key not in self.reads:
            raise KeyError(f"{key} belongs to another rule; name it in reads=")

    @property
    def tls(self) -> bool:
        """Whether https requests reach this location."""
        return 443 in self.ports

    def certified(self, name: str) -> bool:
        """Whether nginx has a certificate for a name of this host, as far as can be known."""
        return certified(self.server, name)

    @property
    def redirect_host(self) -> str:
        """The host in a Location that nginx makes of ``$host``: literal where there is but one."""
        single = not self.server.aliases and not self.server.wildcard and self.server.host != "_"
        return self.server.host if single else HOST_WITHOUT_PORT

    @property
    def gateway_host(self) -> str:
        """The host as Istio names it: ``*`` for what no other host takes."""
        return "*" if self.server.host == DEFAULT_SERVER else self.server.host

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host and its aliases."""
        return (self.server.host, *self.server.aliases)
