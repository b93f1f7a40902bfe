"""All that a rule imports.

A rule is a generator: it looks at one place of the nginx configuration (``Here``) and yields
``Edit`` values, which say what the Istio objects should be, and ``Finding`` values, which say what
will be different. It changes nothing, and the order in which rules run does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from nginx2istio.conditions import condition as condition
from nginx2istio.conditions import path_regex as path_regex
from nginx2istio.conditions import reaches as reaches
from nginx2istio.copies import copy_secret, secret_name
from nginx2istio.edit import Edit as Edit
from nginx2istio.edit import Phase as Phase
from nginx2istio.istio import envoy
from nginx2istio.istio.envoy import http_filter as http_filter
from nginx2istio.istio.envoy import on_host as on_host
from nginx2istio.istio.envoy import on_manager as on_manager
from nginx2istio.istio.envoy import on_route as on_route
from nginx2istio.istio.envoy import typed as typed
from nginx2istio.kept import kept as kept
from nginx2istio.nginx.access import addresses as addresses
from nginx2istio.nginx.annotations import effective
from nginx2istio.nginx.catalogue import ANNOTATIONS
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
from nginx2istio.protection import in_force as in_force
from nginx2istio.protection import withheld as withheld
from nginx2istio.protection import zones as zones
from nginx2istio.rewriting import carried as carried
from nginx2istio.rewriting import joined as joined
from nginx2istio.rewriting import returned as returned
from nginx2istio.rewriting import rewritten as rewritten
from nginx2istio.variables import UnknownVariable as UnknownVariable
from nginx2istio.variables import by_port as by_port
from nginx2istio.variables import envoy_value as envoy_value

Fate = Literal["translated", "approximated", "unsupported", "neutral", "ineffective", "unmapped"]
Severity = Literal["error", "warning", "info"]
Scope = Literal["server", "location", "upstream", "once"]
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
    it announces to be different, empty when nothing differs.
    """

    code: str
    fate: Fate
    severity: Severity
    text: str
    instead: str
    aspects: frozenset[Aspect] = frozenset()

    def about(self, key: str, /, **facts: object) -> Finding:
        """A finding of this kind about an annotation (canonical key) in force here."""
        return Finding(self, key, self.text.format(**facts), self.instead.format(**facts))


@dataclass(frozen=True, slots=True)
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
        if key in self.settings:
            return self.settings[key].value
        controller = self.config.controller
        if key not in ANNOTATIONS:
            return controller.config[key]
        return effective(key, {}, controller)

    def setting(self, key: str) -> Setting:
        """The annotation in force; raises KeyError when it is not set."""
        self._mine(key)
        return self.settings[key]

    def at(self, location: Location, key: str) -> Value | None:
        """The effective value at another location of the host."""
        self._mine(key)
        setting = location.settings.get(key)
        if setting is not None:
            return setting.value
        controller = self.config.controller
        return effective(key, {}, controller) if key in ANNOTATIONS else controller.config[key]

    def global_setting(self, key: str) -> Setting | None:
        """The entry of the controller's ConfigMap, None when it is not set there."""
        self._mine(key)
        return self.config.given(key)

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

    ``reads`` are keys of other rules that it may look at. ``when`` "set" runs it where one of its
    keys is in force, "always" at every place of its scope, for rules whose defaults matter.
    """

    name: str
    keys: tuple[str, ...]
    scope: Scope
    when: Literal["set", "always"]
    reads: tuple[str, ...]
    translate: Callable[[Here], Iterable[Edit | Finding]]
    doc: str
    source: str = ""


def rule(
    *keys: str,
    scope: Scope = "location",
    when: Literal["set", "always"] = "set",
    reads: tuple[str, ...] = (),
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
        )

    return decorate


def route(path: str, value: Any, port: int = 0) -> Edit:
    """Sets a field of this location's HTTPRoute; dots in ``path`` are levels of Istio fields.

    Header names go into the value. Mappings are merged leaf by leaf, lists are extended.
    """
    return Edit("route", path, value, port)


def variant(
    phase: Phase, match: Mapping[str, Any] | None = None, port: int = 0, **fields: Any
) -> Edit:
    """A copy of this location's route that stands before it, for requests that also match.

    Fields replace the copy's; a field given as None is left out. With ``redirect`` or
    ``directResponse`` the copy asks no Service. Without ``match`` it takes every request of the
    location (on ``port``), and what nginx does in later phases is never reached.
    """
    return Edit("variant", "", fields, port, phase, match or {})


def answer(status: int, location: str) -> dict[str, Any]:
    """Fields of a route that answers with a redirect to exactly ``location``, query and all.

    Istio's own redirect keeps the request's query; where nginx drops it, a direct response says
    it. ``location`` may hold Envoy's ``%REQ(...)%``; other percent signs have to be doubled.
    """
    return {
        "directResponse": {"status": status},
        "headers": {"response": {"set": {"Location": location}}},
    }


def literal(text: str) -> str:
    """A text for a header value in which Envoy would read ``%`` as the start of an operator."""
    return text.replace("%", "%%")


def split(match: Mapping[str, Any], port: int = 0, group: str = "", **fields: Any) -> Edit:
    """A copy of each of this location's routes that ask a Service, for requests that also match.

    It stands before its original, so that it goes with every variant: for what differs by method.
    ``headers`` are added to those of the original. Of one group's splits the first match counts.
    """
    return Edit("split", group, fields, port, Phase.SPLIT, match)


def front(
    phase: Phase, match: Mapping[str, Any], port: int = 0, shared: bool = False, **fields: Any
) -> Edit:
    """A route of the whole host that stands before those of its locations.

    ``shared``: its answer carries the response headers that all locations of the host set.
    """
    return Edit("front", "shared" if shared else "", fields, port, phase, match)


def destination(path: str, value: Any, port: int = 0, upstream: str = "") -> Edit:
    """Sets a field of the trafficPolicy with which this location's requests reach its upstreams.

    ``port`` and ``upstream`` (a name) restrict it to requests on a port, and to one of them.
    """
    return Edit("destination", path, value, port, upstream=upstream)


def gateway(path: str, value: Any) -> Edit:
    """Sets a field of the host's https server in the Gateway."""
    return Edit("gateway", path, value)


def tls_route(upstream: Upstream) -> Edit:
    """Passes TLS for the host on to an upstream as it comes."""
    return Edit("tls-route", upstream.name, None)


def alias(name: str, tls: bool = False, pattern: str = "") -> Edit:
    """Serves the host under another name too; ``tls`` when the host's certificate covers it.

    ``pattern`` narrows a name with a star: a regular expression for the whole name.
    """
    return Edit("alias", name, {"tls": tls, "pattern": pattern})


def other_host(name: str, tls: bool, routes: list[dict[str, Any]]) -> Edit:
    """A host of its own, with routes of its own (the www twin that only redirects)."""
    return Edit("other-host", name, {"tls": tls, "http": routes})


def resource(obj: Mapping[str, Any]) -> Edit:
    """An object of its own. Objects of the same kind, namespace and name must be equal."""
    return Edit("resource", "", obj)


def elsewhere(host: str, port: int, policy: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A route's destination, or a mirror's, that is no upstream of nginx's: a host and a port.

    ``policy`` is its trafficPolicy. A host outside of the cluster needs ``outside``, too.
    """
    return {"host": host, "port": port} | ({"policy": policy} if policy else {})


def outside(host: str, port: int, tls: bool = False) -> Edit:
    """Makes a port of a host outside of the cluster known to the gateway.

    Routes may then lead to it; ``tls`` says that the port is for TLS, which the trafficPolicy of
    their destination has to open.
    """
    return Edit("outside", host, "TLS" if tls or port == 443 else "HTTP", port)


def envoy_filter(here: Here, name: str, *patches: Mapping[str, Any], note: str = "") -> Edit:
    """An EnvoyFilter of the gateway's pods, made of ``http_filter``, ``on_route`` and the like.

    ``name`` is any text; what is said twice of one name must be equal. Filters of ours are called
    ``nginx2istio.something``, so that they meet no other filter.
    """
    options = here.options
    made = envoy.envoy_filter(
        name,
        [dict(p) for p in patches],
        options.gateway_namespace,
        options.gateway_selector,
        note=note,
    )
    return resource(made)


def mesh(path: str, value: Any) -> Edit:
    """Mesh configuration that has to be set: a field of MeshConfig. Lists are joined by name."""
    return Edit("mesh", path, value)


def action(kind: str, text: str, **fields: str) -> Edit:
    """Something that a person has to do: ``fields`` as in the report's ``actions``."""
    return Edit("action", kind, {"text": text, **fields})


def secret(here: Here, reference: str, what: str) -> tuple[str, tuple[Edit, ...]]:
    """Say by which name the gateway finds a Secret (``namespace/name``), and how it gets a copy.

    ``what`` says in the report what the Secret holds. Use it in ``credentialName``.
    """
    namespace, _, name = reference.partition("/")
    there = secret_name(namespace, name, here.options)
    if namespace == here.options.gateway_namespace:
        return there, ()
    wanted = copy_secret(namespace, name, there, here.options, what)
    return there, (Edit("action", wanted.pop("kind"), wanted),)


def to(
    upstream: Upstream,
    weight: int | None = None,
    policy: Mapping[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """A route's destination for an upstream.

    ``policy`` replaces whole fields of the trafficPolicy of the location, for this destination
    only; ``fields`` are others of Istio's HTTPRouteDestination (headers).
    """
    given = {"weight": weight, "policy": policy, **fields}
    return {"upstream": upstream.name} | {k: v for k, v in given.items() if v is not None}
