"""Lists of addresses in snippets: ``allow`` and ``deny``, of which the first match decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Location, Server, Setting
from nginx2istio.nginx.snippet import Directive, parse_snippet

LISTING = frozenset({"allow", "deny"})


@dataclass(frozen=True, slots=True)
class Listed:
    """Nobody of ``deny`` is let in, and of all others only ``allow`` if there is any.

    ``beyond`` tells why that does not say what the directives say, "" when it does.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    beyond: str = ""

    def __bool__(self) -> bool:
        return bool(self.allow or self.deny)


def listed(directives: Iterable[Directive]) -> Listed:
    """What a sequence of allow and deny comes to."""
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


EVERYBODY = ("0.0.0.0/0", "::/0")


def of_location(config: NginxConfig, location: Location) -> Listed:
    """The lists in the snippets of a location itself."""
    if location.denied:
        return Listed()
    given = config.given("location-snippet")
    return listed(_lines(location.settings.get("configuration-snippet"), given))


def inherited(config: NginxConfig, location: Location) -> Listed:
    """The lists of the snippets of its server, or else of all servers."""
    wide = config.given("server-snippet")
    if wide or any("server-snippet" in server.settings for server in config.servers):
        server = _server(config, location)
        found = listed(_lines(server.settings.get("server-snippet") if server else None, wide))
        if found or found.beyond:
            return found
    return listed(_lines(config.given("http-snippet")))


def _server(config: NginxConfig, location: Location) -> Server | None:
    return next((s for s in config.servers if any(x is location for x in s.locations)), None)


def _lines(*settings: Setting | None) -> list[Directive]:
    found = [parse_snippet(s.text).directives for s in settings if s]
    return [one for directives in found for one in directives if one.name in LISTING]
