"""Lists of addresses in snippets: ``allow`` and ``deny``, of which the first match decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nginx2istio.base.memo import memo
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.headers import snippets
from nginx2istio.nginx.facts.snippet import Directive, parse_snippet
from nginx2istio.nginx.model import Location, Server, Setting
from nginx2istio.nginx.values.networks import ALL_NETWORKS as ALL_NETWORKS
from nginx2istio.nginx.values.networks import networks

LISTING = frozenset({"allow", "deny"})


@dataclass(frozen=True, slots=True)
class AccessList:
    """Denies ``deny``, and of all others those that are not in ``allow``, if there is any.

    ``beyond`` tells why that does not say what the directives say, "" when it does. ``present`` is
    whether there are any, if only to let everybody in.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    beyond: str = ""
    present: bool = True

    def __bool__(self) -> bool:
        return self.present


NO_LIST = AccessList(present=False)


def read_access_list(directives: Iterable[Directive]) -> AccessList:
    """What a sequence of allow and deny comes to."""
    directives = list(directives)
    if not directives:
        return NO_LIST
    allow: list[str] = []
    deny: list[str] = []
    late: list[str] = []
    for directive in directives:
        address = directive.args[0] if directive.args else ""
        if address == "unix:":
            continue
        if directive.name == "deny" and address == "all":
            return AccessList(tuple(allow), tuple(deny)) if allow else AccessList((), ALL_NETWORKS)
        if directive.name == "allow" and address == "all":
            break
        if directive.name == "allow":
            allow.append(address)
        else:
            (late if allow else deny).append(address)
    if late:
        return AccessList((), tuple(deny), "a deny after an allow, with no deny all behind")
    return AccessList((), tuple(deny))


def of_location(config: NginxConfig, location: Location) -> AccessList:
    """The lists in the snippets of a location itself."""
    if location.denied:
        return NO_LIST
    everywhere = config.configured("location-snippet")
    own = location.settings.get("configuration-snippet")
    return read_access_list(_lines(own, everywhere)) if own or everywhere else NO_LIST


def inherited(config: NginxConfig, location: Location) -> AccessList:
    """The lists of the snippets of its server, or else of all servers."""
    return _of_servers(config).get(id(location)) or _of_all(config)


def satisfies_any(config: NginxConfig, server: Server, location: Location) -> bool:
    """Whether one check that passes is enough: by the annotation, or a snippet's ``satisfy``."""
    annotation = location.settings.get("satisfy")
    if annotation is not None:
        return annotation.value == "any"
    for level in ("location", "server", "http"):
        for _, setting in snippets(config, server, location, level):
            for directive in parse_snippet(setting.text).directives:
                if directive.name == "satisfy":
                    return tuple(directive.args) == ("any",)
    return False


def access_list_problem(
    config: NginxConfig, location: Location, level: str, directive: Directive
) -> str:
    """Why lists of addresses don't say what an allow or deny of a level does, "" when they do."""
    address = directive.args[0] if len(directive.args) == 1 else ""
    if networks(address) is None:
        return f"nginx refuses the address {' '.join(directive.args)}"
    lists = of_location(config, location) if level == "location" else inherited(config, location)
    return f"it is {lists.beyond}" if lists.beyond else ""


@memo
def _of_servers(config: NginxConfig) -> Mapping[int, AccessList]:
    """The lists that servers have, by the identity of their locations."""
    wide = config.configured("server-snippet")
    lists: dict[int, AccessList] = {}
    for server in config.servers:
        annotation = server.settings.get("server-snippet")
        if annotation or wide:
            access_list = read_access_list(_lines(annotation, wide))
            if access_list:
                lists.update((id(location), access_list) for location in server.locations)
    return lists


@memo
def _of_all(config: NginxConfig) -> AccessList:
    return read_access_list(_lines(config.configured("http-snippet")))


def _lines(*settings: Setting | None) -> list[Directive]:
    snippets = [parse_snippet(s.text).directives for s in settings if s]
    return [
        directive
        for directives in snippets
        for directive in directives
        if directive.name in LISTING
    ]
