"""Lists of addresses in snippets: ``allow`` and ``deny``, of which the first match decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nginx2istio.base.memo import memo
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.snippet import Directive, parse_snippet
from nginx2istio.nginx.model import Location, Setting
from nginx2istio.nginx.values.networks import EVERYBODY as EVERYBODY

LISTING = frozenset({"allow", "deny"})


@dataclass(frozen=True, slots=True)
class Listed:
    """Nobody of ``deny`` is let in, and of all others only ``allow`` if there is any.

    ``beyond`` tells why that does not say what the directives say, "" when it does. ``said`` is
    whether there are any, if only to let everybody in.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    beyond: str = ""
    said: bool = True

    def __bool__(self) -> bool:
        return self.said


def listed(directives: Iterable[Directive]) -> Listed:
    """What a sequence of allow and deny comes to."""
    directives = list(directives)
    if not directives:
        return Listed(said=False)
    allow: list[str] = []
    deny: list[str] = []
    late: list[str] = []
    for one in directives:
        address = one.args[0] if one.args else ""
        if address == "unix:":
            continue
        if one.name == "deny" and address == "all":
            return Listed(tuple(allow), tuple(deny)) if allow else Listed((), EVERYBODY)
        if one.name == "allow" and address == "all":
            break
        if one.name == "allow":
            allow.append(address)
        else:
            (late if allow else deny).append(address)
    if late:
        return Listed((), tuple(deny), "a deny after an allow, with no deny all behind")
    return Listed((), tuple(deny))


def of_location(config: NginxConfig, location: Location) -> Listed:
    """The lists in the snippets of a location itself."""
    if location.denied:
        return Listed(said=False)
    given = config.given("location-snippet")
    return listed(_lines(location.settings.get("configuration-snippet"), given))


def inherited(config: NginxConfig, location: Location) -> Listed:
    """The lists of the snippets of its server, or else of all servers."""
    return _of_servers(config).get(id(location)) or _of_all(config)


@memo
def _of_servers(config: NginxConfig) -> Mapping[int, Listed]:
    """The lists that servers have, by the identity of their locations."""
    wide = config.given("server-snippet")
    found: dict[int, Listed] = {}
    for server in config.servers:
        own = server.settings.get("server-snippet")
        if own or wide:
            said = listed(_lines(own, wide))
            if said:
                found.update((id(location), said) for location in server.locations)
    return found


@memo
def _of_all(config: NginxConfig) -> Listed:
    return listed(_lines(config.given("http-snippet")))


def _lines(*settings: Setting | None) -> list[Directive]:
    found = [parse_snippet(s.text).directives for s in settings if s]
    return [one for directives in found for one in directives if one.name in LISTING]
