"""Whom a gateway asks about requests, for a whole configuration: Istio knows one such service.

With several, istiod refuses all requests that any of them would be asked about (``buildHTTP`` in
pilot's authz builder), unless it runs with PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from nginx2istio.base.memo import memo
from nginx2istio.bridge.protection import ProtectionPlan, protection_plan
from nginx2istio.istio.policy.ext_authz import Provider, operators
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.facts.answered_early import early
from nginx2istio.nginx.facts.auth_service import AuthService, answerer
from nginx2istio.nginx.facts.external_auth import ExternalAuth, external_auth
from nginx2istio.nginx.model import Location, Server


@dataclass(frozen=True, slots=True)
class AuthProvider:
    """The one service that a gateway asks, and what the locations that ask it want of its answers.

    ``identity`` are headers of its answer, in lower case, that backends get; ``cookies`` whether
    some locations want its cookies with refusals, too.
    """

    provider: Provider | None = None
    identity: tuple[str, ...] = ()
    cookies: bool = False


def service_host(service: AuthService) -> str:
    """The host by which Istio knows a service."""
    if not service.namespace:
        return service.name
    return f"{service.name}.{service.namespace}.svc.cluster.local"


def service_name(service: AuthService) -> str:
    """A service as a report names it: ``namespace/name``, or the host outside of the cluster."""
    return f"{service.namespace}/{service.name}" if service.namespace else service.name


def provider(auth: ExternalAuth, service: AuthService) -> Provider | str:
    """The extension provider that asks a question, or why there is none."""
    if not service.namespace:
        return f"Istio would ask {service.name} with the request's own Host, which it can't know"
    if service.tls:
        return f"Service {service_name(service)} is asked over TLS"
    if "?" in auth.path:
        return "auth-url has a query, to which Istio would let clients add parameters of their own"
    if "$" in auth.path:
        return "auth-url depends on the request"
    headers: dict[str, str] = {}
    for name, text in auth.headers.items():
        value = operators(text)
        if value is None:
            return f"the value of the header {name}, {text}, has no counterpart in Istio"
        headers[name] = value
    return Provider(service_host(service), service.port, auth.path, tuple(sorted(headers.items())))


@memo
def auth_provider(config: NginxConfig) -> AuthProvider:
    """The service that most locations ask."""
    questions = [
        question
        for server in config.servers
        for location in server.locations
        if (question := _question(config, server, location))
    ]
    if not questions:
        return AuthProvider()
    counts = Counter(provider for provider, _ in questions)
    best = min(counts, key=lambda p: (-counts[p], p.name))
    of_best = [auth for provider, auth in questions if provider == best]
    names = sorted({name.lower() for auth in of_best for name in auth.identity})
    return AuthProvider(best, tuple(names), any(auth.always_set_cookie for auth in of_best))


def _question(
    config: NginxConfig, server: Server, location: Location
) -> tuple[Provider, ExternalAuth] | None:
    """The service that a location asks, and what; None where Istio could ask none."""
    auth = external_auth(config, location, server)
    if auth is None or auth.unclear:
        return None
    if early(config, server, location).always:
        return None
    service = answerer(auth, server, config)
    if isinstance(service, str) or service.missing:
        return None
    asked = provider(auth, service)
    return None if isinstance(asked, str) else (asked, auth)


@memo
def auth_plan(config: NginxConfig, server: Server) -> ProtectionPlan:
    """The locations of a host that ask the one service, apart where they ask about others."""
    best = auth_provider(config).provider

    def group(location: Location) -> str:
        question = _question(config, server, location)
        if question is None or question[0] != best:
            return ""
        return f"{question[0].name} {auth_sources(config, location)}"

    return protection_plan(config, server, group)


def auth_sources(config: NginxConfig, location: Location) -> list[Mapping[str, object]]:
    """The sources (Istio's Source) whose requests are asked about, none for all.

    nginx checks the address first; or, with ``satisfy any``, credentials after a wrong one only.
    """
    lists = addresses(config, location)
    allow, deny = list(lists.allow), list(lists.deny)
    if lists.or_credentials:
        others: list[Mapping[str, object]] = [{"notRemoteIpBlocks": allow}] if allow else []
        return [*others, {"remoteIpBlocks": deny}] if allow and deny else others
    checked: dict[str, object] = {"remoteIpBlocks": allow} if allow else {}
    checked |= {"notRemoteIpBlocks": deny} if deny else {}
    return [checked] if checked else []


def address_suffices(config: NginxConfig, location: Location) -> bool:
    """Whether some addresses are let in without credentials."""
    lists = addresses(config, location)
    return lists.or_credentials and bool(lists.allow)
