"""Who may ask, by address: the lists in force at a location."""

from __future__ import annotations

from dataclasses import dataclass

from nginx2istio.base.memo import memo
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.checks.basic_auth import basic_auth_at
from nginx2istio.nginx.facts.external_auth import external_auth
from nginx2istio.nginx.facts.snippet_access import inherited, of_location
from nginx2istio.nginx.model import Location
from nginx2istio.nginx.values.networks import ALL_NETWORKS, networks

GLOBAL_LISTS = (
    "whitelist-source-range",
    "denylist-source-range",
    "block-cidrs",
    "configuration-snippet",
    "server-snippet",
    "location-snippet",
    "http-snippet",
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """The clients that nginx serves: none of ``deny``, and of all others only ``allow`` if any.

    Addresses and networks in CIDR notation. ``or_credentials``: the authentication service may
    let others in as well, ``or_password``: so may a password.
    ``unreadable`` are members that are no network: nginx refuses a configuration with one
    (``testTemplate``) and works on with the one before.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    or_credentials: bool = False
    or_password: bool = False
    unreadable: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.allow or self.deny or self.unreadable)


EVERYBODY = Addresses()


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

    @property
    def everybody(self) -> bool:
        return set(ALL_NETWORKS) <= set(self.networks)


@memo
def addresses(config: NginxConfig, location: Location) -> Addresses:
    """The lists in force at a location.

    The ConfigMap's lists hold where the Ingress has none; allow and deny of a snippet come after
    them. Those of the server and of all servers (block-cidrs) hold where the location has neither.
    """
    allow = _networks(config.in_force(location, "allowlist-source-range"))
    deny = _networks(config.in_force(location, "denylist-source-range"))
    snippet = of_location(config, location)
    if snippet and not allow:  # which would end with a deny all
        allow, deny = _networks(snippet.allow), deny.joined(_networks(snippet.deny))
    if not allow and not deny and not snippet:
        wide = inherited(config, location)
        allow, deny = _networks(wide.allow), _networks(wide.deny)
        if not wide:
            deny = _blocked(config)
    if not allow and not deny:
        return EVERYBODY
    auth = external_auth(config, location)
    basic = basic_auth_at(config, location)
    any_does = config.in_force(location, "satisfy") == "any"
    return Addresses(
        () if allow.everybody else allow.networks,
        ALL_NETWORKS if deny.everybody else deny.networks,
        auth is not None and any_does,
        basic is not None and not basic.digest and any_does,
        allow.joined(deny).unreadable,
    )


def key_of_member(config: NginxConfig, member: str) -> str:
    """The key of the ConfigMap whose list or snippet holds a member, "" when there is none."""
    settings = ((key, config.configured(key)) for key in GLOBAL_LISTS)
    return next((key for key, setting in settings if setting and member in setting.text), "")


@memo
def _blocked(config: NginxConfig) -> _Networks:
    """The networks of block-cidrs, which hold for all servers."""
    return _networks(config.controller.config["block-cidrs"])


NO_NETWORKS = _Networks()


def _networks(value: object) -> _Networks:
    if not value or not isinstance(value, tuple):
        return NO_NETWORKS
    members = [str(member).strip() for member in value]
    readings = {member: networks(member) for member in members}
    return _Networks(
        tuple(dict.fromkeys(n for reading in readings.values() for n in reading or ())),
        tuple(member for member, reading in readings.items() if reading is None),
    )
