"""What the auth service (--auth-service) checks at a location, in place of ingress-nginx.

It is an nginx that knows the hosts and their locations, so it decides as the old one did, in the
same order: limits, addresses, passwords, the authentication service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from nginx2istio.base.memo import memo
from nginx2istio.base.options import Options
from nginx2istio.bridge.auth.provider import address_suffices
from nginx2istio.bridge.checks.nginx_text import LONGEST_TEXT, unreadable, unwritable
from nginx2istio.bridge.protection import ProtectionPlan, protection_plan
from nginx2istio.istio.policy.path_patterns import PolicyPaths
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.answered_early import early
from nginx2istio.nginx.facts.auth_service import AuthService, answerer
from nginx2istio.nginx.facts.checks.basic_auth import BasicAuth, basic_auth_at
from nginx2istio.nginx.facts.checks.rate_limits import RateLimit, counts_addresses, rate_limits
from nginx2istio.nginx.facts.external_auth import ExternalAuth, external_auth
from nginx2istio.nginx.model import Location, Server

CHECKED = "checked"


@dataclass(frozen=True, slots=True)
class Check:
    """What is checked at a location; ``service`` answers the question of ``external``."""

    location: Location
    basic: BasicAuth | None = None
    external: ExternalAuth | None = None
    service: AuthService | None = None
    limits: tuple[RateLimit, ...] = ()

    @property
    def key(self) -> str:
        """The key of the setting that it is about first."""
        if self.basic:
            return "auth-type"
        return self.external.key if self.external else self.limits[0].key

    @property
    def secret_namespace(self) -> str:
        """Where its Secret is, "" without one."""
        return self.basic.namespace if self.basic else ""


@memo
def check_at(
    config: NginxConfig, options: Options, server: Server, location: Location
) -> Check | None:
    """What the auth service checks at a location, None where it is not needed or can't."""
    if not options.auth_service or early(config, server, location).always:
        return None
    basic = basic_auth_at(config, location)
    if (basic and (basic.digest or not _possible(basic))) or unwritable_path(location):
        return None
    external = external_auth(config, location, server)
    by_filter = options.filters("external-auth") and not address_suffices(config, location)
    if external and by_filter and not basic:
        external = None
    service = None
    if external:
        asked = answerer(external, server, config)
        if isinstance(asked, str) or unaskable_by_nginx(external) or asked.missing:
            return None
        service = asked
    limited = counts_addresses(config) and not options.filters("rate-limit")
    limits = rate_limits(config, location) if limited else ()
    if not (basic or external or limits):
        return None
    return Check(location, basic, external, service, limits)


def unwritable_path(location: Location) -> bool:
    """Whether nginx might not read the location: it is left out then, and another takes its paths.

    What a location ahead is not known for is checked by those behind it, or not checked at all; so
    the location itself answers 503 where it is protected.
    """
    if location.match == "regex":
        return unreadable(location.path)
    return len(location.path) > LONGEST_TEXT


def _possible(basic: BasicAuth) -> bool:
    """Whether there can be a Secret of the name, which becomes a part of paths."""
    names = (basic.namespace, basic.secret)
    return all(re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,252}", name) for name in names)


def unaskable_by_nginx(auth: ExternalAuth) -> str:
    """Why the auth service can't ask as ingress-nginx did, "" when it can."""
    if auth.unclear:
        return auth.unclear
    texts = (auth.host, auth.path, auth.signin, auth.cache_key, *auth.headers.values())
    return unwritable((*auth.headers, *auth.identity), auth.method, *texts)


@memo
def check_plan(config: NginxConfig, options: Options, server: Server) -> ProtectionPlan:
    """The requests of a host that the gateway asks the auth service about.

    Those of the locations that it checks; or all of the host's, where no policy tells them apart
    exactly. The service lets through what it need not check, so nothing is refused by mistake.
    """

    def group(location: Location) -> str:
        return CHECKED if check_at(config, options, server, location) else ""

    plan = protection_plan(config, server, group)
    whole = plan.empty or any(_inexact(plan.paths[id(x)]) for x in plan.members.get(CHECKED, ()))
    if whole:
        everywhere = PolicyPaths()
        groups = {id(x): group(x) for x in server.locations}
        members: dict[str, list[Location]] = {}
        for location in server.locations:
            members.setdefault(groups[id(location)], []).append(location)
        paths = {id(x): everywhere for x in server.locations}
        plan = replace(plan, groups=groups, paths=paths, members=members, empty=frozenset())
    # The service answers CORS preflights itself: a policy can't say each origin.
    return replace(plan, before={k: replace(e, origins=()) for k, e in plan.before.items()})


def asked_about(plan: ProtectionPlan, location: Location, path: str) -> bool:
    """Whether the gateway asks about a plain path for the sake of a location."""
    patterns = plan.paths[id(location)].paths
    return not patterns or any(
        path.startswith(p[:-1]) if p.endswith("*") else path == p for p in patterns
    )


def _inexact(paths: PolicyPaths) -> bool:
    return bool(paths.refuse or paths.wider or paths.cased or paths.loose or paths.impossible)


@memo
def checked_hosts(
    config: NginxConfig, options: Options
) -> tuple[tuple[Server, tuple[Check | None, ...]], ...]:
    """The hosts with something to check, and for each of their locations what."""
    return tuple(_checked_hosts(config, options))


def _checked_hosts(
    config: NginxConfig, options: Options
) -> Iterator[tuple[Server, tuple[Check | None, ...]]]:
    for server in config.servers if options.auth_service else ():
        checks = tuple(check_at(config, options, server, x) for x in server.locations)
        if any(checks):
            yield server, checks
