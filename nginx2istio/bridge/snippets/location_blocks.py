"""``location`` blocks of snippets in Istio's words: their requests, and their answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nginx2istio.bridge.body_limits import limit_of_block, longer_than
from nginx2istio.bridge.paths import uris
from nginx2istio.bridge.place import Place
from nginx2istio.bridge.response_headers import by_host, with_lines
from nginx2istio.bridge.snippets.block_proxy import (
    INPUT_HEADERS,
    SET_HEADERS,
    WITHOUT_EFFECT_ON_ANSWERS,
    BlockProxy,
    translate_proxy,
)
from nginx2istio.bridge.snippets.conditions import path_regex
from nginx2istio.bridge.snippets.redirects import Fields, translate_return
from nginx2istio.bridge.variables import UnknownVariable
from nginx2istio.istio.re2 import Untranslatable
from nginx2istio.nginx.facts.directives import opaque, protects, subject
from nginx2istio.nginx.facts.headers import (
    HEADER_DIRECTIVES,
    HeaderLine,
    Unclear,
    answer_headers,
    header_lines,
    snippets,
)
from nginx2istio.nginx.facts.nested_locations import NestedLocation
from nginx2istio.nginx.facts.snippet import Directive, parse_snippet
from nginx2istio.nginx.facts.snippet_access import LISTING
from nginx2istio.nginx.model import Location, Origin, Server

_ALL = ("all",)
PROXYING = frozenset({"proxy_pass", "rewrite"}) | WITHOUT_EFFECT_ON_ANSWERS


@dataclass(frozen=True, slots=True)
class BlockRoutes:
    """A block as routes: its ``matches``, and ``answers`` (match; port, 0 for all; fields).

    ``reason`` says why there are no answers; without ``matches`` its paths can't be said either.
    ``proxy`` is whom the answers ask, None where they are the gateway's own; ``file`` is whether
    nginx looks among files of its own, where it has none.
    """

    matches: tuple[Mapping[str, Any], ...] = ()
    answers: tuple[tuple[Mapping[str, Any], int, Fields], ...] = ()
    reason: str = ""
    proxy: BlockProxy | None = None
    file: bool = False


def translate_block(
    place: Place, block: NestedLocation, relative: bool, inside: bool
) -> BlockRoutes:
    """A block as routes, without answers where it does more than Istio can say.

    ``relative`` is whether a Location may be relative; ``inside`` whether the block is in a
    location.
    """
    matches: tuple[Mapping[str, Any], ...] = ()
    try:
        matches = block_matches(block, inside)
        same = block_answers(place, block, relative, inside)
        answers = [(match, port, fields) for port, fields in same.answers for match in matches]
        limit = 0 if inside else limit_of_block(place, block)
        if limit:
            longer = [{**match, **longer_than(limit)} for match in matches]
            answers[:0] = [(x, port, fields) for port, fields in same.refusals for x in longer]
        if same.proxy and block.match == "prefix" and block.path.endswith("/"):
            answers += _slash(block.path)
        return BlockRoutes(matches, tuple(answers), proxy=same.proxy, file=same.file)
    except Untranslatable as reason:
        return BlockRoutes(matches, reason=str(reason))


def block_matches(block: NestedLocation, inside: bool) -> tuple[Mapping[str, Any], ...]:
    """HTTPMatchRequests for the paths of a block, any of which may match. Raises Untranslatable.

    ``inside``: the block is in a location, whose own ``uri`` has to match a pattern's paths, too.
    """
    if block.match == "regex":
        any_case = block.modifier == "~*"
        if inside:
            return ({"headers": {":path": {"regex": path_regex(block.path, any_case)}}},)
        return ({"uri": {"regex": path_regex(block.path, any_case, query=False)}},)
    match: Literal["exact", "prefix"] = "exact" if block.match == "exact" else "prefix"
    return tuple({"uri": uri} for uri in uris(Location(block.path, match, "", Origin())))


def comes_to(server: Server, location: Location, block: NestedLocation) -> bool:
    """Whether requests for a plain path come to this location, were there no block for it."""
    around = [x for x in server.locations if block.path.startswith(x.path)]
    prefixes = [x for x in around if x.match == "prefix"]
    return max(prefixes, key=lambda x: len(x.path), default=None) is location


def in_order(blocks: Sequence[NestedLocation]) -> list[NestedLocation]:
    """The blocks of one level as nginx prefers them. Raises Untranslatable.

    Exact paths go first, then ``^~`` prefixes, regular expressions as written, and other prefixes;
    of prefixes the longest. (``ngx_http_core_find_location``)
    """
    exact = [x for x in blocks if x.match == "exact"]
    regexes = [x for x in blocks if x.match == "regex"]
    prefixes = [x for x in blocks if x.match == "prefix"]
    by_length = sorted(prefixes, key=lambda block: -len(block.path))
    strong = [x for x in by_length if x.modifier == "^~"]
    plain = [x for x in by_length if x.modifier != "^~"]
    if not regexes:
        return exact + by_length
    if any(x.path.startswith(y.path) for x in plain for y in strong):
        raise Untranslatable("a longer prefix inside of a ^~ prefix gives way to patterns")
    return exact + strong + regexes + plain


def _slash(path: str) -> list[tuple[Mapping[str, Any], int, Fields]]:
    """What nginx adds to a location that ends in a slash and has a proxy_pass."""
    redirect = {"redirect": {"uri": path, "redirectCode": 301}}
    return [({"uri": {"exact": path.removesuffix("/")}}, 0, redirect)] if path != "/" else []


@dataclass(frozen=True, slots=True)
class BlockAnswers:
    """Answers for all paths of a block: (port, 0 for all; fields); the rest as in BlockRoutes.

    ``refusals`` are those to a body over its limit.
    """

    answers: tuple[tuple[int, Fields], ...]
    refusals: tuple[tuple[int, Fields], ...]
    proxy: BlockProxy | None
    file: bool


def block_answers(
    place: Place, block: NestedLocation, relative: bool, inside: bool
) -> BlockAnswers:
    """The answers of a block that answers by itself, or asks a Service.

    ``relative`` is whether a Location may be relative. Without ``inside`` the answers have the
    headers of the host and of the block. Raises Untranslatable.
    """
    if block.nested:
        raise Untranslatable("it has location blocks inside")
    sized = {"client_max_body_size"} if not inside else set[str]()  # limit_of_block
    directives = [x for x in block.directives if not (_unnoticed(x) or x.name in sized)]
    lists = [x for x in directives if x.name in LISTING]
    returns = [x for x in directives if x.name == "return"]
    internal = [x for x in directives if x.name == "internal"]
    proxied = not (returns or internal or inside) and any(
        x.name == "proxy_pass" for x in directives
    )
    types = [x.args[0] for x in directives if x.name == "default_type" and len(x.args) == 1]
    headers = [x for x in directives if x.name in HEADER_DIRECTIVES]
    for directive in directives:
        if (
            directive not in (*lists, *returns, *internal, *headers)
            and not (types and directive.name == "default_type")
            and not (proxied and directive.name in PROXYING)
        ):
            raise Untranslatable(f"it holds {directive.text.rstrip(';')}")
    denies = bool(lists) and (lists[0].name, lists[0].args) == ("deny", _ALL)
    if lists and not denies and lists[0].args != _ALL:
        raise Untranslatable(f"it holds {lists[0].text.rstrip(';')}")
    proxy, file = None, False
    if internal:
        answers: Iterable[tuple[int, Fields]] = [(0, {"directResponse": {"status": 404}})]
    elif returns:
        answers = translate_return(place, returns[0], relative)
    elif denies:
        answers = [(0, {"directResponse": {"status": 403}})]
    elif proxied:
        proxy = _proxy(place, block, directives)
        answers = proxy.answers
    else:
        answers, file = [(0, _no_file(place, block, inside))], True
    own = [x for x in headers if x.name not in SET_HEADERS | INPUT_HEADERS]
    refusals = _with_headers(place, block, own, {"directResponse": {"status": 413}}, 0, inside)
    with_headers = [
        each
        for port, fields in answers
        for each in _with_headers(place, block, own, _typed(fields, types), port, inside)
    ]
    return BlockAnswers(tuple(with_headers), tuple(refusals), proxy, file)


def _proxy(place: Place, block: NestedLocation, directives: Sequence[Directive]) -> BlockProxy:
    """Whom a block asks; checks of the host hold in it, too. Raises Untranslatable."""
    for level in ("http", "server"):
        for _, setting in snippets(place.config, place.server, place.location, level):
            for directive in parse_snippet(setting.text).directives:
                if protects(directive) or opaque(directive):
                    raise Untranslatable(f"the host has {directive.text.rstrip(';')}")
    return translate_proxy(place, block, directives)


def _no_file(place: Place, block: NestedLocation, inside: bool) -> Fields:
    """The answer to a block without content: nginx has no such file. Raises Untranslatable."""
    pages = place.config.controller.config["custom-http-errors"]
    file = block.match == "exact" and not block.path.endswith(("/", ".html"))
    if inside or pages or not file:
        raise Untranslatable("it does not answer by itself")
    return {"directResponse": {"status": 404}}


def closing_answers(place: Place, inside: bool) -> list[tuple[int, Fields]]:
    """503 in place of a block that protects, as ``block_answers`` has it."""
    fields: Fields = {"directResponse": {"status": 503}}
    try:
        return [(0, fields)] if inside else list(by_host(place, fields))
    except UnknownVariable:
        return [(0, fields)]


def _unnoticed(directive: Directive) -> bool:
    """Whether a directive changes no answer: logs, buffers, and checks that are off."""
    if subject(directive.name) in ("logging", "nothing"):
        return True
    return subject(directive.name) == "protection" and directive.args == ("off",)


def _typed(fields: Fields, types: Sequence[str]) -> Fields:
    """The answer with the default_type of its block, where it has a text."""
    if not types or "body" not in fields.get("directResponse", {}):
        return fields
    return {**fields, "headers": {"response": {"set": {"Content-Type": types[-1]}}}}


def _with_headers(
    place: Place,
    block: NestedLocation,
    directives: Iterable[Directive],
    fields: Fields,
    port: int,
    inside: bool,
) -> list[tuple[int, Fields]]:
    try:
        own = [
            HeaderLine(kind, name, value, block.key, block.origin, directive.text, codes)
            for directive in directives
            for kind, name, value, codes in header_lines(directive)
        ]
        if not inside:
            return list(by_host(place, fields, port, own))
        outer = answer_headers(place.config, place.server, place.location)
        cleared = {line.name.lower() for line in own if line.kind == "clear"}
        if any(line.name.lower() in cleared for line in outer) or (
            any(line.kind == "add" for line in own) and any(line.kind == "add" for line in outer)
        ):
            raise Untranslatable("it replaces response headers of the location")
        return list(with_lines(place, fields, own, port))
    except (Unclear, UnknownVariable) as reason:
        raise Untranslatable(f"it holds {reason}") from None
