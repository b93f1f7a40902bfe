"""From which addresses nginx serves a location: its ``allow`` and ``deny`` there."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from nginx2istio.base.memo import kept
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.external_auth import external_auth
from nginx2istio.nginx.facts.snippet_access import EVERYBODY, inherited, of_location
from nginx2istio.nginx.model import Location


@dataclass(frozen=True, slots=True)
class Addresses:
    """The clients that nginx serves: nobody of ``deny``, and of all others only ``allow`` if any.

    Addresses and networks in CIDR notation. ``or_credentials``: credentials do as well.
    ``unreadable`` are members that are no network: nginx refuses a configuration with one
    (``testTemplate``) and works on with the one before.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    or_credentials: bool = False
    unreadable: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.allow or self.deny or self.unreadable)


@dataclass(frozen=True, slots=True)
class _Networks:
    """A list: its networks, and its members that are none."""

    networks: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.networks or self.unreadable)

    def joined(self, other: _Networks) -> _Networks:
        return _Networks(
            tuple(dict.fromkeys(self.networks + other.networks)),
            tuple(dict.fromkeys(self.unreadable + other.unreadable)),
        )


@kept
def addresses(config: NginxConfig, location: Location) -> Addresses:
    """The lists in force at a location.

    The ConfigMap's lists hold where the Ingress has none; allow and deny of a snippet come after
    them. Those of the server and of all servers (block-cidrs) hold where the location has neither.
    """
    allow = _networks(config.in_force(location, "allowlist-source-range"))
    deny = _networks(config.in_force(location, "denylist-source-range"))
    own = of_location(config, location)
    if not allow:  # which would end with a deny all
        allow, deny = _networks(own.allow), deny.joined(_networks(own.deny))
    if not allow and not deny and not own:
        wide = inherited(config, location)
        allow, deny = _networks(wide.allow), _networks(wide.deny)
        if not wide:
            deny = _networks(config.controller.config["block-cidrs"])
    if not allow and not deny:
        return Addresses()
    auth = external_auth(config, location)
    either = auth is not None and auth.satisfy_any
    unreadable = allow.joined(deny).unreadable
    return Addresses(allow.networks, deny.networks, either, unreadable)


@lru_cache(maxsize=1024)
def _networks(value: object) -> _Networks:
    members = value if isinstance(value, tuple) else ()
    texts = [str(member).strip() for member in members]
    networks: list[str] = []
    for text in texts:
        networks += EVERYBODY if text == "all" else _network(text)
    bad = [text for text in texts if text not in ("all", "unix:") and not _network(text)]
    return _Networks(tuple(dict.fromkeys(networks)), tuple(dict.fromkeys(bad)))


def _network(text: str) -> Iterable[str]:
    """An address or a network as nginx reads it (``ngx_ptocidr``), nothing for other texts."""
    if not re.fullmatch(r"[0-9a-fA-F:.]+(/[0-9]+)?", text):
        return ()
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return ()
    whole = network.prefixlen == network.max_prefixlen
    return (str(network.network_address if whole else network),)
