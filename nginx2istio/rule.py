"""All that a rule imports.

A rule is a generator: it looks at one place of the nginx configuration (``Here``) and yields
``Edit`` values, which say what the Istio objects should be, and ``Finding`` values, which say what
will be different. It changes nothing, and the order in which rules run does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from nginx2istio.conditions import Condition as Condition
from nginx2istio.conditions import condition as condition
from nginx2istio.conditions import path_regex as path_regex
from nginx2istio.conditions import reaches as reaches
from nginx2istio.edit import Edit as Edit
from nginx2istio.edit import Phase as Phase
from nginx2istio.entry import Entry as Entry
from nginx2istio.entry import Fate as Fate
from nginx2istio.istio.envoy import http_filter as http_filter
from nginx2istio.istio.envoy import on_host as on_host
from nginx2istio.istio.envoy import on_manager as on_manager
from nginx2istio.istio.envoy import on_route as on_route
from nginx2istio.istio.envoy import typed as typed
from nginx2istio.kept import kept as kept
from nginx2istio.kept import once_per as once_per
from nginx2istio.nginx.access import addresses as addresses
from nginx2istio.nginx.certificates import covers
from nginx2istio.nginx.config import NginxConfig as NginxConfig
from nginx2istio.nginx.headers import HEADER_DIRECTIVES as HEADER_DIRECTIVES
from nginx2istio.nginx.headers import HeaderLine as HeaderLine
from nginx2istio.nginx.headers import Unclear as Unclear
from nginx2istio.nginx.headers import answer_headers as answer_headers
from nginx2istio.nginx.headers import header_lines as header_lines
from nginx2istio.nginx.headers import request_headers as request_headers
from nginx2istio.nginx.headers import snippets as snippets
from nginx2istio.nginx.model import Location as Location
from nginx2istio.nginx.model import Origin, Settings
from nginx2istio.nginx.model import Server as Server
from nginx2istio.nginx.model import Setting as Setting
from nginx2istio.nginx.model import Upstream as Upstream
from nginx2istio.nginx.snippet import Directive as Directive
from nginx2istio.nginx.snippet import directive_origin as directive_origin
from nginx2istio.nginx.snippet import parse_snippet as parse_snippet
from nginx2istio.nginx.values import Value as Value
from nginx2istio.options import Options
from nginx2istio.protection import Zones as Zones
from nginx2istio.protection import authorization as authorization
from nginx2istio.protection import withheld as withheld
from nginx2istio.protection import zones as zones
from nginx2istio.record import record
from nginx2istio.rewriting import carried as carried
from nginx2istio.rewriting import joined as joined
from nginx2istio.rewriting import returned as returned
from nginx2istio.rewriting import rewritten as rewritten
from nginx2istio.variables import UnknownVariable as UnknownVariable
from nginx2istio.variables import by_port as by_port
from nginx2istio.variables import envoy_value as envoy_value
from nginx2istio.wishes import action as action
from nginx2istio.wishes import alias as alias
from nginx2istio.wishes import answer as answer
from nginx2istio.wishes import destination as destination
from nginx2istio.wishes import elsewhere as elsewhere
from nginx2istio.wishes import envoy_filter as envoy_filter
from nginx2istio.wishes import front as front
from nginx2istio.wishes import gateway as gateway
from nginx2istio.wishes import literal as literal
from nginx2istio.wishes import mesh as mesh
from nginx2istio.wishes import other_host as other_host
from nginx2istio.wishes import outside as outside
from nginx2istio.wishes import resource as resource
from nginx2istio.wishes import route as route
from nginx2istio.wishes import secret as secret
from nginx2istio.wishes import split as split
from nginx2istio.wishes import tls_route as tls_route
from nginx2istio.wishes import to as to
from nginx2istio.wishes import variant as variant

Severity = Literal["error", "warning", "info"]
Scope = Literal["server", "location", "upstream", "once"]
When = Literal["set", "given", "always"]
Aspect = Literal[
    "routing",
    "path",
    "host",
    "request-headers",
    "status",
    "redirect",
    "response-headers",
    "cors",
    "cookies",
    "affinity",
    "body",
    "body-limit",
    "rate-limit",
    "auth",
    "access",
    "timeout",
    "retries",
    "balancing",
    "buffering",
    "tls",
    "protocol",
    "mirror",
    "logging",
    "waf",
]


@dataclass(frozen=True, slots=True)
class Message:
    """A kind of finding: stable code, what becomes of the annotation, how bad, what to do.

    ``text`` and ``instead`` are templates for ``str.format``; ``aspects`` are what of an answer
    it announces to be different, empty when nothing differs. ``only_with`` is a header: requests
    without it are not what it is about.
    """

    code: str
    fate: Fate
    severity: Severity
    text: str
    instead: str
    aspects: frozenset[Aspect] = frozenset()
    only_with: str = ""

    def about(self, key: str, /, **facts: object) -> Finding:
        """A finding of this kind about an annotation (canonical key) in force here."""
        return Finding(self, key, self.text.format(**facts), self.instead.format(**facts))


@record(frozen=True, slots=True)
class Finding:
    """What a rule has to say of one place.

    ``everywhere`` makes it hold for the whole host ("host"), for all hosts ("all"), or for this
    location only ("").
    """

    message: Message
    key: str
    text: str
    instead: str
    everywhere: Literal["", "host", "all"] = ""
    severity: Severity | None = None
    path: str = ""
    """The path where it holds, when that is not the location's own."""
    hosts: tuple[str, ...] = ()
    """The hosts where it holds, when those are not the place's own."""
    value: str | None = None
    """What it is about, when that is not the whole annotation."""
    origin: Origin | None = None
    """Where that is written, when that is not the annotation's own place."""

    def on(self, value: str, origin: Origin | None = None) -> Finding:
        """The same, said of a part of the annotation (a directive of a snippet) or of a ConfigMap."""  # noqa: E501
        return replace(self, value=value, origin=origin)

    def for_host(self) -> Finding:
        """The same, said of every path of the host."""
        return replace(self, everywhere="host")

    def for_all(self) -> Finding:
        """The same, said of every host: a baseline difference."""
        return replace(self, everywhere="all")


def route_name(location: Location) -> str:
    """The name of a location's routes, by which an EnvoyFilter finds them."""
    return f"{location.ingress.object} {location.declared}"


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
    def own_host(self) -> str:
        """The host in a Location that nginx makes of ``$host``: literal where there is but one."""
        single = not self.server.aliases and not self.server.wildcard and self.server.host != "_"
        return self.server.host if single else "%REQ(:AUTHORITY)%"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host and its aliases."""
        return (self.server.host, *self.server.aliases)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: the keys that it alone answers for, where it runs, and its function.

    ``reads`` are keys of other rules that it may look at. ``when`` "set" runs it where an
    annotation sets one of its keys; "given" also where the host or the controller's ConfigMap does,
    and for the keys that it reads; "always" at every place of its scope, for rules whose defaults
    matter. An ``alike`` rule runs once for the locations of an Ingress on a host that are all
    redirects to ``/x/`` or none, and that all have an upstream or none: of the location it looks at
    nothing else.
    """

    name: str
    keys: tuple[str, ...]
    scope: Scope
    when: When
    reads: tuple[str, ...]
    translate: Callable[[Here], Iterable[Edit | Finding]]
    doc: str
    source: str = ""
    alike: bool = False


def rule(
    *keys: str,
    scope: Scope = "location",
    when: When = "set",
    reads: tuple[str, ...] = (),
    alike: bool = False,
) -> Callable[[Callable[[Here], Iterable[Edit | Finding]]], Rule]:
    """Makes a generator function the rule that owns ``keys``.

    ``scope`` is where it runs: at each location, once a server, once an upstream of a location
    (``here.settings`` then holds the upstream's settings, canaries' included), or once a
    conversion.
    """

    def decorate(function: Callable[[Here], Iterable[Edit | Finding]]) -> Rule:
        return Rule(
            function.__name__.strip("_").replace("_", "-"),
            keys,
            scope,
            when,
            reads,
            function,
            function.__doc__ or "",
            function.__module__,
            alike,
        )

    return decorate
