"""All that a rule imports.

A rule is a generator: it looks at one place of the nginx configuration (``Place``) and yields
``Edit`` values, which say what the Istio objects should be, and ``Finding`` values, which say what
will be different. It changes nothing, and the order in which rules run does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from nginx2istio.base.memo import kept as kept
from nginx2istio.base.memo import once_per as once_per
from nginx2istio.base.records import record
from nginx2istio.bridge.conditions import Condition as Condition
from nginx2istio.bridge.conditions import condition as condition
from nginx2istio.bridge.conditions import path_regex as path_regex
from nginx2istio.bridge.conditions import reaches as reaches
from nginx2istio.bridge.place import Here as Here
from nginx2istio.bridge.protection import ProtectionPlan as ProtectionPlan
from nginx2istio.bridge.protection import authorization as authorization
from nginx2istio.bridge.protection import withheld as withheld
from nginx2istio.bridge.protection import zones as zones
from nginx2istio.bridge.redirects import carried as carried
from nginx2istio.bridge.redirects import joined as joined
from nginx2istio.bridge.redirects import returned as returned
from nginx2istio.bridge.redirects import rewritten as rewritten
from nginx2istio.bridge.variables import UnknownVariable as UnknownVariable
from nginx2istio.bridge.variables import by_port as by_port
from nginx2istio.bridge.variables import envoy_value as envoy_value
from nginx2istio.istio.edits import Edit as Edit
from nginx2istio.istio.edits import Phase as Phase
from nginx2istio.istio.envoy.filters import http_filter as http_filter
from nginx2istio.istio.envoy.filters import on_host as on_host
from nginx2istio.istio.envoy.filters import on_manager as on_manager
from nginx2istio.istio.envoy.filters import on_route as on_route
from nginx2istio.istio.envoy.filters import typed as typed
from nginx2istio.nginx.config import NginxConfig as NginxConfig
from nginx2istio.nginx.facts.addresses import addresses as addresses
from nginx2istio.nginx.facts.headers import HEADER_DIRECTIVES as HEADER_DIRECTIVES
from nginx2istio.nginx.facts.headers import HeaderLine as HeaderLine
from nginx2istio.nginx.facts.headers import Unclear as Unclear
from nginx2istio.nginx.facts.headers import answer_headers as answer_headers
from nginx2istio.nginx.facts.headers import header_lines as header_lines
from nginx2istio.nginx.facts.headers import request_headers as request_headers
from nginx2istio.nginx.facts.headers import snippets as snippets
from nginx2istio.nginx.facts.snippet import Directive as Directive
from nginx2istio.nginx.facts.snippet import directive_origin as directive_origin
from nginx2istio.nginx.facts.snippet import parse_snippet as parse_snippet
from nginx2istio.nginx.model import Location as Location
from nginx2istio.nginx.model import Origin
from nginx2istio.nginx.model import Server as Server
from nginx2istio.nginx.model import Setting as Setting
from nginx2istio.nginx.model import Upstream as Upstream
from nginx2istio.nginx.values.go import Value as Value
from nginx2istio.rule.edits import action as action
from nginx2istio.rule.edits import alias as alias
from nginx2istio.rule.edits import answer as answer
from nginx2istio.rule.edits import destination as destination
from nginx2istio.rule.edits import elsewhere as elsewhere
from nginx2istio.rule.edits import envoy_filter as envoy_filter
from nginx2istio.rule.edits import front as front
from nginx2istio.rule.edits import gateway as gateway
from nginx2istio.rule.edits import literal as literal
from nginx2istio.rule.edits import mesh as mesh
from nginx2istio.rule.edits import other_host as other_host
from nginx2istio.rule.edits import outside as outside
from nginx2istio.rule.edits import resource as resource
from nginx2istio.rule.edits import route as route
from nginx2istio.rule.edits import secret as secret
from nginx2istio.rule.edits import split as split
from nginx2istio.rule.edits import tls_route as tls_route
from nginx2istio.rule.edits import to as to
from nginx2istio.rule.edits import variant as variant
from nginx2istio.rule.entry import Entry as Entry
from nginx2istio.rule.entry import Fate as Fate

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

    def for_every_host(self) -> Finding:
        """The same, said of every host: a baseline difference."""
        return replace(self, everywhere="all")


def route_name(location: Location) -> str:
    """The name of a location's routes, by which an EnvoyFilter finds them."""
    return f"{location.ingress.object} {location.declared}"


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
