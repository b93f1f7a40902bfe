"""By which means a location's external auth is converted, or why it can't be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nginx2istio.bridge.auth.provider import (
    address_suffices,
    auth_plan,
    auth_provider,
    provider,
    service_name,
)
from nginx2istio.bridge.auth.question import unaskable
from nginx2istio.bridge.checks.check import check_at, unaskable_by_nginx
from nginx2istio.bridge.place import Place
from nginx2istio.istio.policy.ext_authz import Provider
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.facts.answered_early import early
from nginx2istio.nginx.facts.auth_service import AuthService, answerer, unserved
from nginx2istio.nginx.facts.external_auth import ExternalAuth, external_auth

BY_FILTER = "convert with --envoy-filters, which asks as nginx does"
BY_OTHERS = "convert with --auth-service or --envoy-filters, which ask as nginx does"
REMEDY_FOR_SEVERAL = (
    f"{BY_OTHERS}; or let one service answer for all; or set istiod's "
    "PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS and add a provider and a policy by hand"
)
OAUTH2_PROXY = "/oauth2/auth"
"""Where oauth2-proxy is asked by default; it says yes by 202 there (its ``AuthOnly``)."""


@dataclass(frozen=True, slots=True)
class AuthMeans:
    """The means for one location.

    ``kind`` "withheld": none, for ``reason``, against which ``remedy`` helps; "missing": the
    service does not exist; "filter": the Lua filter; "policy": a CUSTOM policy with ``provider``;
    "service": the auth service asks it; "without-backend": none is needed, as nothing is served.
    ``service`` is what is asked, None where that can't be said.
    """

    kind: Literal["withheld", "missing", "filter", "policy", "service", "without-backend"]
    auth: ExternalAuth
    service: AuthService | None = None
    provider: Provider | None = None
    reason: str = ""
    remedy: str = ""

    @property
    def service_name(self) -> str:
        """The service as a report names it."""
        return service_name(self.service) if self.service else ""

    @property
    def asks_oauth2_proxy(self) -> bool:
        """Whether the service is oauth2-proxy, by the address that it has by default."""
        return self.auth.path.partition("?")[0].endswith(OAUTH2_PROXY)


def auth_means(place: Place) -> AuthMeans | None:
    """The means for the external auth of a location, None when nginx asks no service there."""
    auth = external_auth(place.config, place.location, place.server)
    if auth is None or early(place.config, place.server, place.location).always:
        return None
    service = answerer(auth, place.server, place.config)
    if isinstance(service, str):
        remedy = "name the authentication service directly"
        if unserved(auth, place.server, place.config):
            remedy = f"add the Ingress that serves {auth.path.partition('?')[0]} to the input"
        return AuthMeans("withheld", auth, reason=service, remedy=remedy)
    if auth.unclear:
        remedy = "use other annotations for it"
        return AuthMeans("withheld", auth, service, reason=auth.unclear, remedy=remedy)
    if service.missing:
        return AuthMeans("missing", auth, service)
    check = check_at(place.config, place.options, place.server, place.location)
    if check and check.external:
        return AuthMeans("service", auth, service)
    if not place.options.filters("external-auth") or address_suffices(place.config, place.location):
        return _by_policy(place, auth, service)
    reason = unaskable(auth, service)
    if reason:
        remedy = "do without it (plain HTTP, known variables)"
        return AuthMeans("withheld", auth, service, reason=reason, remedy=remedy)
    return AuthMeans("filter", auth, service)


def checked_paths(place: Place) -> list[str]:
    """The declared paths of the host whose requests a policy checks before routes see them."""
    others = (
        Place(place.config, place.server, x, x.settings, place.options, place.ports)
        for x in place.server.locations
    )
    return list(dict.fromkeys(other.path for other in others if checked_before_routes(other)))


def checked_before_routes(place: Place) -> bool:
    """Whether a policy checks a location's requests, before routes see them."""
    if addresses(place.config, place.location):
        return True
    means = auth_means(place)
    check = check_at(place.config, place.options, place.server, place.location)
    return check is not None or (means is not None and means.kind == "policy")


def _by_policy(place: Place, auth: ExternalAuth, service: AuthService) -> AuthMeans:
    """Whether a CUSTOM policy can have the service asked."""

    def withheld(reason: str, remedy: str = BY_OTHERS) -> AuthMeans:
        return AuthMeans("withheld", auth, service, reason=reason, remedy=remedy)

    if place.options.auth_service:
        reason = unaskable_by_nginx(auth)
        if reason:
            return withheld(reason, BY_FILTER)
        return withheld("nginx checks a digest, too", "use auth-type: basic")
    own, shared = provider(auth, service), auth_provider(place.config).provider
    if isinstance(own, str):
        return withheld(own)
    if own != shared:
        other = f"{shared.host}{shared.path}" if shared else "another"
        reason = f"a gateway of Istio asks one service one question, and more paths ask {other}"
        return withheld(reason, REMEDY_FOR_SEVERAL)
    plan = auth_plan(place.config, place.server)
    if plan.without_backend(place.location):
        return AuthMeans("without-backend", auth, service)
    if plan.unsayable(place.location):
        return withheld("no AuthorizationPolicy can tell the pattern from the host's other paths")
    return AuthMeans("policy", auth, service, own)
