"""From which addresses one may ask: nginx's ``allow`` and ``deny`` at a location."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nginx2istio.base.memo import memo
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.external_auth import external_auth
from nginx2istio.nginx.facts.snippet_access import inherited, of_location
from nginx2istio.nginx.model import Location
from nginx2istio.nginx.values.networks import ALL_NETWORKS, networks


@dataclass(frozen=True, slots=True)
class Addresses:
    """Who is let in: nobody of ``deny``, and of all others only ``allow`` if there is any.

    Addresses and networks in CIDR notation. ``or_credentials``: credentials do as well.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    or_credentials: bool = False

    def __bool__(self) -> bool:
        return bool(self.allow or self.deny)


@memo
def addresses(config: NginxConfig, location: Location) -> Addresses:
    """The lists in force at a location.

    The ConfigMap's lists hold where the Ingress has none; allow and deny of a snippet come after
    them. Those of the server and of all servers (block-cidrs) hold where the location has neither.
    nginx does not load a list with a member that it refuses: here an allow list keeps its other
    members, and lets nobody in when none is left.
    """
    allow = _members(config.in_force(location, "allowlist-source-range"))
    deny = _networks(_members(config.in_force(location, "denylist-source-range")))
    snippet = of_location(config, location)
    if not allow:  # which would end with a deny all
        allow, deny = snippet.allow, _unique(deny + _networks(snippet.deny))
    if not allow and not deny and not snippet:
        wide = inherited(config, location)
        allow, deny = wide.allow, _networks(wide.deny)
        if not wide:
            deny = _networks(_members(config.controller.config["block-cidrs"]))
    if not allow and not deny:
        return Addresses()
    auth = external_auth(config, location)
    allowed = _networks(allow)
    if allow and not allowed:
        deny = ALL_NETWORKS
    return Addresses(
        () if set(ALL_NETWORKS) <= set(allowed) else allowed,
        ALL_NETWORKS if set(ALL_NETWORKS) <= set(deny) else deny,
        auth is not None and auth.satisfy_any,
    )


def _members(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, tuple) else ()


def _networks(members: Iterable[str]) -> tuple[str, ...]:
    """The networks of a list; members that nginx refuses are left out."""
    return _unique(name for member in members for name in networks(member.strip()) or ())


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
