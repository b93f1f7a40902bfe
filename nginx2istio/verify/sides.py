"""Both sides of a conversion, as the proof compares them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from nginx2istio.base.options import Options
from nginx2istio.base.outcome import Outcome, Request
from nginx2istio.bridge.checks.check import check_at
from nginx2istio.convert.convert import Conversion
from nginx2istio.istio.objects import ROOT_NAMESPACE
from nginx2istio.istio.serve.gateway_config import GatewayConfig, gateway_config
from nginx2istio.istio.serve.pilot.scope import GatewayProxies
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import DEFAULT_SERVER, Server, www_twin
from nginx2istio.nginx.serve.choose import choose_location, choose_server, host_header, host_name
from nginx2istio.nginx.uri import BadTarget, normalized_text
from nginx2istio.verify.judged.announce import hosts_named, names_path
from nginx2istio.verify.judged.declared import ANY_HOST, CoveringHosts, Declared, bare_host
from nginx2istio.verify.judged.exchange import FindingData, RequestRecord
from nginx2istio.verify.judged.predicates import holds, is_about, predicates
from nginx2istio.verify.record import request_record

HOSTS_REMEMBERED = 64
"""Of so many hosts the findings are kept: a proof asks for one after the other."""

OF_PLACES = frozenset({"scheme", "target"})
"""What predicates ask of requests that is the same for all of a class."""


@dataclass(frozen=True)
class Sides:
    """The nginx configuration, what a gateway would be given, and what the report announces.

    ``findings`` are as the JSON report has them. ``converted`` are the conversion's own objects
    where others are judged: the report speaks of those.
    """

    config: NginxConfig
    gateway: GatewayConfig
    findings: Sequence[FindingData]
    declared: Declared
    converted: GatewayConfig | None = None
    auth_service: bool = False
    """Whether the gateway asks an auth service of ours, which is an nginx with the same checks."""
    options: Options = field(default_factory=Options)
    by_host: dict[str, tuple[tuple[FindingData, str], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """The findings about a host, once they are asked for."""
    _asked: dict[int, Mapping[str, tuple[str, Any]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def gateways(self) -> Sequence[GatewayConfig]:
        """The judged objects, and the conversion's own where these are others."""
        return [self.gateway, *filter(None, [self.converted])]

    def findings_about(self, host: str) -> Sequence[tuple[FindingData, str]]:
        """The findings that include a host, in their order, each with how (`finding_covers`)."""
        if host not in self.by_host:
            if len(self.by_host) >= HOSTS_REMEMBERED:
                self.by_host.clear()
            known = self.declared.hosts_of(host)
            specific = self._by_name.covering(bare_host(host)) | self._by_name.named(*known)
            if ANY_HOST in known:
                specific |= self._by_name.named("")
            ways = dict.fromkeys(self._of_all, "global") | dict.fromkeys(specific, "specific")
            self.by_host[host] = tuple((self.findings[n], ways[n]) for n in sorted(ways))
        return self.by_host[host]

    def covering(
        self, request: RequestRecord, aspects: Set[str] | None = None
    ) -> list[tuple[FindingData, str]]:
        """The findings that include a request, each with how; only those about some ``aspects``."""
        return [
            (finding, way)
            for finding, way in self.findings_about(request["host"])
            if (aspects is None or not aspects.isdisjoint(finding.get("aspects") or ()))
            and is_about(finding, request)
            and names_path(self.declared, finding, request["host"], request["target"])
        ]

    def announcing(self, host: str) -> Callable[[Request], frozenset[str]]:
        """Tells what findings about a host ask of requests, as far as it is true of a request."""
        asked: dict[str, tuple[str, Any]] = {}
        for finding, _ in self.findings_about(host):
            asked |= self._asked_by(finding)

        def announced(request: Request) -> frozenset[str]:
            record = request_record(request)
            return frozenset(
                name for name, (key, value) in asked.items() if holds({key: value}, record)
            )

        return announced

    def _asked_by(self, finding: FindingData) -> Mapping[str, tuple[str, Any]]:
        """What a finding asks of requests but for places, by its text, which may be long."""
        known = self._asked.get(id(finding))
        if known is None:
            known = self._asked[id(finding)] = {
                f"{key} {value!r}": (key, value)
                for each in predicates(finding)
                for key, value in each.items()
                if key not in OF_PLACES
            }
        return known

    @cached_property
    def _by_name(self) -> CoveringHosts[int]:
        """The numbers of findings by the hosts and patterns that they name, but ``*``."""
        return CoveringHosts((host, number) for number, host in self._named if host != "*")

    @cached_property
    def _of_all(self) -> Sequence[int]:
        """The numbers of findings for all hosts."""
        return [number for number, host in self._named if host == "*"]

    @property
    def _named(self) -> Iterator[tuple[int, str]]:
        for number, finding in enumerate(self.findings):
            for host in hosts_named(self.declared, finding):
                yield number, host

    def at_gateway(self, request: Request, nginx: Outcome) -> Request:
        """A request as the gateway is given it, what it asks answering as it would.

        The auth service answers what nginx would in its access phase, and 200 to all else.
        """
        if not self.auth_service or self._asked_directly(request, nginx):
            return request
        if not any(step.phase == "access" for step in nginx.trace) or nginx.status is None:
            return replace(request, auth_status=200)
        status = nginx.status if nginx.status < 500 else self._status_on_error()
        location = [("location", nginx.location)] if nginx.location else []
        headers = (*nginx.response_headers, *location)
        return replace(request, auth_status=status, auth_headers=headers)

    def _asked_directly(self, request: Request, nginx: Outcome) -> bool:
        """Whether nginx refuses for a service that the gateway asks itself, and not by ours."""
        refusal = next((step for step in nginx.trace if step.phase == "access"), None)
        if refusal is None or not refusal.by.endswith("auth-url"):
            return False
        server, _ = choose_server(self.config, host_name(host_header(request)))
        if server is None:
            return False
        try:
            location = choose_location(server, normalized_text(request.target))
        except (BadTarget, re.error):
            return False
        check = location and check_at(self.config, self.options, server, location)
        return not (check and check.external)

    def _status_on_error(self) -> int:
        """Envoy's answer where a service answers 5xx."""
        providers = self.gateway.mesh.get("extensionProviders", ())
        statuses = (p.get("envoyExtAuthzHttp", {}).get("statusOnError") for p in providers)
        return int(next(filter(None, statuses), 403))


def sides(
    conversion: Conversion,
    findings: Sequence[Mapping[str, Any]],
    objects: Sequence[Mapping[str, Any]] | None = None,
) -> Sides:
    """Both sides; ``objects`` are those to apply if they are not the conversion's own.

    EnvoyFilters of others among the input change what the gateway does, too.
    """
    foreign, mesh = conversion.foreign_filters, conversion.mesh
    pods = GatewayProxies(
        [(each.gateway_namespace, each.gateway_selector) for each in conversion.options.each],
        str(mesh.get("rootNamespace") or ROOT_NAMESPACE),
    )
    converted = gateway_config([*conversion.objects, *foreign], mesh, pods)
    other = None if objects is None else gateway_config([*objects, *foreign], mesh, pods)
    service = conversion.options.auth_service
    return Sides(
        conversion.config,
        converted if other is None else other,
        findings,
        declared(conversion.config),
        None if other is None else converted,
        service,
        conversion.options,
    )


def declared(config: NginxConfig) -> Declared:
    """The hosts of a configuration with their paths, as findings are matched to requests."""
    result = Declared(keys={setting.key for setting in config.settings})
    for server in config.servers:
        name = "_" if server.host == DEFAULT_SERVER else server.host
        paths = result.paths.setdefault(name, {})
        for location in server.locations:
            if not location.implicit and not location.slash_redirect:
                paths.setdefault(location.declared, set()).add(location.path_type)
                keys = *server.settings, *location.settings
                result.add_keys(name, location.declared, keys)
        if server.regex:
            result.regex.add(name)
        for alias in _other_names(server):
            result.names.setdefault(alias, set()).add(name)
        for origin in server.ingresses:
            result.ingresses.setdefault((origin.namespace, origin.name), set()).add(name)
    return result


def _other_names(server: Server) -> Sequence[str]:
    twins = [www_twin(server.host)] if server.www else []
    return [name.lower() for name in (*server.aliases, *twins) if name]
