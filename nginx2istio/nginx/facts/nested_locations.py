"""The ``location`` blocks that snippets write into a location or a server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from nginx2istio.base.memo import memo
from nginx2istio.base.records import record
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.directives import refuses, subject
from nginx2istio.nginx.facts.headers import snippets
from nginx2istio.nginx.facts.sizes import DEFAULT_BODY_LIMIT, max_body_size
from nginx2istio.nginx.facts.snippet import Directive, directive_origin, parse_snippet
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Origin, Server, Setting

Modifier = Literal["", "=", "^~", "~", "~*", "@"]
MODIFIERS: tuple[Modifier, ...] = ("=", "^~", "~*", "~")


@record(frozen=True, slots=True)
class NestedLocation:
    """One ``location`` block of a snippet.

    ``key`` names the snippet ("" for the controller's own blocks), ``origin`` the line of the
    block, ``text`` is its head. ``modifier`` is "" for a prefix and "@" for a named location.
    ``path`` is a prefix, a whole path or a regular expression, by the modifier. ``directives`` are
    its own; ``nested`` the blocks inside it. ``refused`` says why nginx refuses its whole
    configuration for the block, "" when it takes it.

    Protections of the surrounding location hold in the block, unless it has directives of the same
    kind; what answers there (``proxy_pass``, ``return``) does not.
    """

    key: str
    origin: Origin
    text: str
    modifier: Modifier
    path: str
    directives: tuple[Directive, ...]
    nested: tuple[NestedLocation, ...] = ()
    refused: str = ""

    @property
    def match(self) -> Literal["exact", "prefix", "regex", "named"]:
        """How the path is compared, in the words of ``Location``."""
        match self.modifier:
            case "=":
                return "exact"
            case "~" | "~*":
                return "regex"
            case "@":
                return "named"
            case _:
                return "prefix"

    @property
    def content(self) -> Directive | None:
        """The directive that answers the requests; None: files of nginx, which is mostly 404."""
        return next(
            (d for d in self.directives if d.name == "return" or subject(d.name) == "content"), None
        )

    @property
    def protections(self) -> tuple[Directive, ...]:
        """The directives that keep requests out, also inside ``if``."""
        return tuple(
            inner for directive in self.directives for inner in directive.all() if refuses(inner)
        )

    @property
    def protects(self) -> bool:
        """Whether the block, or one inside it, keeps requests out."""
        return bool(self.protections) or any(inner.protects for inner in self.nested)

    def takes(self, path: str) -> bool:
        """Whether the block matches a decoded path. Raises re.error for a regex of PCRE alone."""
        match self.modifier:
            case "=":
                return path == self.path
            case "~" | "~*":
                flags = re.IGNORECASE if self.modifier == "~*" else 0
                return re.search(self.path, path, flags) is not None
            case "@":
                return False
            case _:
                return path.startswith(self.path)


@memo
def nested_locations(
    config: NginxConfig, server: Server, location: Location
) -> tuple[NestedLocation, ...]:
    """The blocks inside a location, of its own snippet and of the ConfigMap's, as written."""
    if location.slash_redirect:
        return ()  # no block of nginx.conf, but a redirect of nginx itself
    blocks = tuple(
        block
        for key, setting in snippets(config, server, location, "location")
        for block in _blocks(
            key, setting, parse_snippet(setting.text).directives, location.match, location.path
        )
    )
    return _mark_doubles(blocks)


@memo
def server_locations(config: NginxConfig, server: Server) -> tuple[NestedLocation, ...]:
    """The blocks beside the host's locations: of snippets, and the controller's own."""
    own = controllers_locations(config) if server.host == DEFAULT_SERVER else ()
    blocks = tuple(
        block
        for key, setting in snippets(config, server, _ANYWHERE, "server")
        for block in _blocks(key, setting, parse_snippet(setting.text).directives, "server", "")
    )
    written: list[tuple[str, str]] = [(x.match, x.path) for x in own]
    written += [(x.match, x.path) for x in server.locations if not x.slash_redirect]
    return *own, *_mark_doubles(blocks, written)


@memo
def controllers_locations(config: NginxConfig) -> tuple[NestedLocation, ...]:
    """What the template puts into the server of unknown hosts: health check and status page.

    Both are plain prefixes, so patterns and longer paths of Ingresses go before them.
    """
    controller = config.controller
    health = Directive("return", ("200",), 0)
    readers = [
        Directive("allow", (network,), 0)
        for key in ("nginx-status-ipv4-whitelist", "nginx-status-ipv6-whitelist")
        for network in map(str, _listed(controller.config[key]))
    ]
    status = (*readers, Directive("deny", ("all",), 0), Directive("stub_status", ("on",), 0))
    return tuple(
        NestedLocation("", Origin(), f"location {path}", "", path, directives)
        for path, directives in (
            (str(controller.flags["health-check-path"]), (health,)),
            ("/nginx_status", status),
        )
    )


def body_limit_of_block(config: NginxConfig, server: Server, block: NestedLocation) -> int:
    """The client_max_body_size of a block beside the host's locations, 0 for no limit.

    proxy-body-size is for locations only: here nginx's own default holds, or that of a snippet
    around the block (``ngx_http_core_find_config_phase``).
    """
    written = written_body_limit(config, server, block)
    return DEFAULT_BODY_LIMIT if written is None else written


def written_body_limit(config: NginxConfig, server: Server, block: NestedLocation) -> int | None:
    """The client_max_body_size that a snippet sets for such a block, None for none."""
    outer = (
        parse_snippet(setting.text).directives
        for level in ("server", "http")
        for _, setting in snippets(config, server, _ANYWHERE, level)
    )
    for directives in (block.directives, *outer):
        for directive in directives:
            if directive.name == "client_max_body_size" and directive.args:
                return max_body_size(directive.args[0])
    return None


_ANYWHERE = Location("/", "prefix", "", Origin())


def _listed(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def patterns_of_snippets(config: NginxConfig, server: Server) -> Iterator[tuple[str, bool]]:
    """The regular expressions that snippets of a host compare paths with, and whether in any case.

    Those of their location blocks are among them.
    """
    texts = {
        setting.text
        for location in server.locations
        for level in ("server", "location")
        for _, setting in snippets(config, server, location, level)
    }
    for text in sorted(texts):
        for directive in parse_snippet(text).directives:
            for inner in directive.all():
                match inner.name, list(inner.args):
                    case "if", [name, "~" | "~*" | "!~" | "!~*" as how, pattern]:
                        if name.strip("${}") in _PATHS:
                            yield pattern, "*" in how
                    case "rewrite", [pattern, *_]:
                        yield pattern, False
                    case "location", ["~" | "~*" as how, pattern]:
                        yield pattern, "*" in how


_PATHS = ("uri", "document_uri", "request_uri")


def nested_location_of(blocks: Sequence[NestedLocation], path: str) -> NestedLocation | None:
    """The block that takes a decoded path, None for none (``ngx_http_core_find_location``).

    An exact one goes first, then the longest prefix with ``^~``, then the first regular expression,
    then the longest prefix; and so on inside it.
    """
    exact = next((x for x in blocks if x.match == "exact" and x.takes(path)), None)
    if exact:
        return exact
    prefixes = [x for x in blocks if x.match == "prefix" and x.takes(path)]
    longest = max(prefixes, key=lambda x: len(x.path), default=None)
    inner = nested_location_of(longest.nested, path) if longest else None
    if inner and inner.match != "prefix":
        return inner
    if longest is None or longest.modifier != "^~":
        regex = next((x for x in blocks if x.match == "regex" and x.takes(path)), None)
        if regex:
            return nested_location_of(regex.nested, path) or regex
    return inner or longest


def _blocks(
    key: str,
    setting: Setting,
    directives: Sequence[Directive],
    outer: str,
    outer_path: str,
) -> Iterator[NestedLocation]:
    """The blocks among directives of a location, or of the server (``outer`` is "server")."""
    for directive in directives:
        if directive.name != "location":
            continue
        modifier, path, wrong = _read_head(directive.args)
        inside = directive.block or ()
        block = NestedLocation(
            key,
            directive_origin(setting, directive),
            directive.text,
            modifier,
            path,
            tuple(x for x in inside if x.name != "location"),
        )
        nested = _mark_doubles(tuple(_blocks(key, setting, inside, block.match, path)))
        refused = wrong or _misplaced(block, outer, outer_path)
        refused = refused or next((x.refused for x in nested if x.refused), "")
        yield replace(block, nested=nested, refused=refused)


def _read_head(args: Sequence[str]) -> tuple[Modifier, str, str]:
    """The modifier and the path of a block, and what is wrong with them."""
    if len(args) == 2:
        for modifier in MODIFIERS:
            if args[0] == modifier:
                return modifier, args[1], ""
        return "", args[1], f"invalid location modifier {args[0]!r}"
    if len(args) != 1:
        return "", "", "invalid number of arguments of location"
    for modifier in MODIFIERS:  # the blank between modifier and path may be missing
        if args[0].startswith(modifier):
            return modifier, args[0].removeprefix(modifier), ""
    return ("@" if args[0].startswith("@") else ""), args[0], ""


def _misplaced(block: NestedLocation, outer: str, outer_path: str) -> str:
    """Why nginx takes no such block inside another (``ngx_http_core_location``)."""
    if outer == "server":
        return ""
    if outer in ("exact", "named"):
        return f"a location can not be inside the {outer} location {outer_path}"
    if block.match == "named":
        return "a named location can be on the server level only"
    if block.match != "regex" and (outer == "regex" or not block.path.startswith(outer_path)):
        return f"location {block.path} is outside location {outer_path}"
    return ""


def _mark_doubles(
    blocks: tuple[NestedLocation, ...], written: Sequence[tuple[str, str]] = ()
) -> tuple[NestedLocation, ...]:
    """The blocks, those that say a location for the second time marked as refused."""
    names = set(written)
    marked = []
    for block in blocks:
        name = block.match, block.path
        if block.match != "regex" and name in names and not block.refused:
            block = replace(block, refused=f"location {block.path} is written twice")
        names.add(name)
        marked.append(block)
    return tuple(marked)
