"""From which addresses one may ask: nginx's ``allow`` and ``deny`` at a location."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from nginx2istio.base.memo import memo
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.external_auth import external_auth
from nginx2istio.nginx.facts.snippet_access import inherited, of_location
from nginx2istio.nginx.model import Location


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
    """
    allow = _networks(config.in_force(location, "allowlist-source-range"))
    deny = _networks(config.in_force(location, "denylist-source-range"))
    own = of_location(config, location)
    if not allow:  # which would end with a deny all
        allow, deny = _networks(own.allow), tuple(dict.fromkeys(deny + _networks(own.deny)))
    if not allow and not deny and not own:
        wide = inherited(config, location)
        allow, deny = _networks(wide.allow), _networks(wide.deny)
        if not wide:
            deny = _networks(config.controller.config["block-cidrs"])
    if not allow and not deny:
        return Addresses()
    auth = external_auth(config, location)
    return Addresses(allow, deny, auth is not None and auth.satisfy_any)


@lru_cache(maxsize=1024)
def _networks(value: object) -> tuple[str, ...]:
    found = []
    for text in value if isinstance(value, tuple) else ():
        try:
            network = ipaddress.ip_network(str(text).strip(), strict=False)
        except ValueError:
            continue  # nginx would not have started with it
        whole = network.prefixlen == network.max_prefixlen
        found.append(str(network.network_address if whole else network))
    return tuple(dict.fromkeys(found))
