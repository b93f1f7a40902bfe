"""A request at the location that nginx chose for it, and the answers that nginx makes itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from types import MappingProxyType

from nginx2istio.base.outcome import Aspect, Outcome, TraceStep
from nginx2istio.base.records import record
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.headers import WITH_LOCATION
from nginx2istio.nginx.model import Location, Server, Upstream
from nginx2istio.nginx.serve.variables import ValueNotKnown, Variables
from nginx2istio.nginx.values.go import Value


@record(frozen=True, slots=True)
class Visit:
    """A request at the location that nginx chose for it.

    ``path`` is the normalized path, or what snippets made of it (``changed``), ``args`` the query.
    ``values`` are the variables that snippets set; ``unknown`` aspects are those on which a
    directive may bear that is not followed.
    """

    variables: Variables
    server: Server
    location: Location
    path: str
    args: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    changed: bool = False
    unknown: frozenset[Aspect] = frozenset()

    @property
    def config(self) -> NginxConfig:
        """The configuration."""
        return self.variables.config

    def value(self, key: str) -> Value | None:
        """The value in force at the location."""
        return self.config.in_force(self.location, key)

    def text(self, template: str, more: Mapping[str, str] = MappingProxyType({})) -> str:
        """A text with its variables filled in. Raises ValueNotKnown."""
        upstream = self.config.upstreams.get(self.location.upstream)
        own = {
            "uri": self.path,
            "document_uri": self.path,
            "args": self.args,
            "namespace": self.location.ingress.namespace,
            "ingress_name": self.location.ingress.name,
            "service_name": upstream.service if upstream else "",
            "service_port": upstream.declared_port if upstream else "",
            "location_path": self.location.declared,
        }
        return self.variables.text(template, {**self.values, **own, **more})

    def filled(self, template: str) -> str:
        """The same, with a text in place of one that can't be told."""
        try:
            return self.text(template)
        except ValueNotKnown:
            return "<unknown>"


def upstream_name(upstream: Upstream) -> str:
    """A Service and its port: ``namespace/name:port``."""
    port = upstream.external_port if upstream.external_name else upstream.port
    return f"{upstream.namespace}/{upstream.service}:{port or upstream.port}"


NginxPhase = Callable[[Visit], Outcome | None]


def own_answer(status: int, aspect: Aspect, phase: str, text: str, by: str = "") -> Outcome:
    """An answer that nginx makes itself."""
    return Outcome(status=status, aspect=aspect, trace=(TraceStep(phase, text, by),))


def redirect(visit: Visit, status: int, to: str, phase: str, by: str) -> Outcome:
    """A redirect; an address without a host is completed unless relative-redirects says not to."""
    if to.startswith("/") and not visit.value("relative-redirects"):
        to = visit.variables.completed(to)
    text = f"{status} to {to}"
    where = "" if status not in WITH_LOCATION else to
    return Outcome(
        status=status, aspect="redirect", location=where, trace=(TraceStep(phase, text, by),)
    )
