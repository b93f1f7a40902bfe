"""nginx's rewrite phase in snippets: ``return``, ``rewrite``, ``if`` and ``break`` as routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nginx2istio.bridge.place import Place
from nginx2istio.bridge.protection import unavailable
from nginx2istio.bridge.response_headers import by_host, condition_headers
from nginx2istio.bridge.snippets.conditions import Condition, reaches
from nginx2istio.bridge.snippets.flags import UNCONDITIONAL, Flags
from nginx2istio.bridge.snippets.redirects import (
    Fields,
    combine_matches,
    response_headers_of,
    translate_return,
    translate_rewrite,
)
from nginx2istio.bridge.variables import UnknownVariable
from nginx2istio.istio.edits import Edit, HostRoute, PerRequest, Phase, Route, RouteBefore
from nginx2istio.istio.re2 import Untranslatable
from nginx2istio.nginx.facts.directives import refuses
from nginx2istio.nginx.facts.snippet import Directive

FLOWING = frozenset({"break", "if", "return", "rewrite", "set"})
"""The directives of the rewrite phase that decide where a request goes."""
_CLOSED: Fields = {"directResponse": {"status": 503}}
_ENDING = frozenset({"return", "rewrite"})
_CONTROLLERS = frozenset(
    {
        "best_http_host",
        "force_no_ssl_redirect",
        "force_ssl_redirect",
        "pass_access_scheme",
        "pass_port",
        "pass_server_port",
        "preserve_trailing_slash",
        "proxy_host",
        "proxy_upstream_name",
        "ssl_redirect",
        "use_port_in_redirects",
    }
)
"""Variables that the controller's template and Lua go by."""
_BUILT_IN = frozenset({"args", "limit_rate"})
"""Variables of nginx's own that it acts on once they are set."""
_BEHIND = "an unconditional return or break stands before it"
_ELSEWHERE = "no path of this location begins like the pattern"


@dataclass(slots=True)
class Flow:
    """What nginx has met of one level; ``stopped`` once it goes no further.

    ``relative`` is whether a Location may be relative. ``path_rewritten`` is whether the location
    has a rewrite of its path. ``count`` numbers what needs a name. ``blocks`` are the conditions
    whose requests go on, with what each says of the answer's headers (fields of a route). ``left``
    is whether requests of a condition have gone no further.
    """

    level: str
    relative: bool
    path_rewritten: bool = False
    stopped: bool = False
    left: bool = False
    flags: Flags = field(default_factory=Flags)
    blocks: list[tuple[Condition, Fields]] = field(default_factory=list)

    @property
    def at_location(self) -> bool:
        """Whether the directives are those of a location."""
        return self.level == "location"


@dataclass(frozen=True, slots=True)
class FlowRemark:
    """What differs at a directive.

    "idle": it has no effect, for ``reason``; "closed": nginx closes the connection; "ending":
    it answers some requests itself; "left out" and "check": there is no translation, for
    ``reason``, and with "check" nginx denies requests there. ``when``: it is reached on any of
    these conditions only, and always without them.
    """

    kind: Literal["idle", "closed", "ending", "left out", "check"]
    directive: Directive
    reason: str = ""
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class FlowRoute:
    """A route that answers requests as a ``return`` or ``rewrite`` does.

    With ``path`` it does not answer: the requests go on with another path, by Istio's rewrite.
    """

    match: Mapping[str, Any]
    fields: Fields = field(default_factory=dict)
    port: int = 0
    path: Mapping[str, Any] | None = None


FlowStep = Edit | FlowRemark


def flow_steps(place: Place, flow: Flow, directive: Directive) -> Iterator[FlowStep]:
    """What a directive of the rewrite phase becomes; it changes ``flow`` for the next one."""
    if flow.stopped:
        yield FlowRemark("idle", directive, _BEHIND)
        return
    try:
        if flow.left and directive.name in FLOWING:
            raise Untranslatable("some requests have left by a break in a condition before it")
        match directive.name:
            case "set" | "rewrite" if len(directive.args) < 2:
                raise Untranslatable("nginx refuses it without arguments")
            case "break":
                flow.stopped = True
            case "return":
                yield from _ending(place, flow, ConditionBlock(UNCONDITIONAL, directive, {}))
                flow.stopped = True
            case "rewrite":
                steps = list(_ending(place, flow, ConditionBlock(UNCONDITIONAL, directive, {})))
                yield from steps
                if any(isinstance(step, RouteBefore | HostRoute) for step in steps):
                    yield FlowRemark("ending", directive)
            case "if":
                yield from _condition(place, flow, directive)
            case "set":
                _set(flow, directive, UNCONDITIONAL)
    except Untranslatable as reason:
        denies = any(refuses(inner) for inner in directive.all())
        yield FlowRemark("check" if denies else "left out", directive, str(reason))


def closing_edits(place: Place, level: str) -> Iterator[Edit]:
    """503 for a location, or for a host, whose snippet has a check that can't be translated."""
    if place.options.allow_unprotected:
        return
    if level == "location":
        yield unavailable()
        return
    try:
        yield from list(_answers(place, level, FlowRoute({}, _CLOSED)))
    except Untranslatable:  # a header of the host
        yield HostRoute(Phase.SERVER, {"uri": {"prefix": "/"}}, _CLOSED)


def _answers(place: Place, level: str, route: FlowRoute) -> Iterator[Edit]:
    """A route for the requests that match, which answers by itself. Raises Untranslatable."""
    if level == "location":
        yield RouteBefore(Phase.RETURN, route.fields, route.match, port=route.port)
        return
    match = {"uri": {"prefix": "/"}, **route.match}
    try:
        answers = list(by_host(place, route.fields, route.port))
    except UnknownVariable as unknown:
        raise Untranslatable(f"Envoy has no equal for {unknown} in a header") from None
    for port, fields in answers:
        yield HostRoute(Phase.SERVER, match, fields, port)


def block_headers(flow: Flow) -> Iterator[Edit]:
    """The headers that conditions add to answers of the backend, once the whole level was met.

    A location takes the directives of the last block whose condition holds, of the others none
    (``ngx_http_script_if_code``).
    """
    if any(fields for _, fields in flow.blocks):
        for when, fields in reversed(flow.blocks):
            yield PerRequest(when.match, fields, port=when.port, group="if")


@dataclass(frozen=True, slots=True)
class ConditionBlock:
    """A block that answers: when, the directive that ends it, the headers of its answers."""

    condition: Condition
    ending: Directive
    headers: Mapping[str, str]


def _set(flow: Flow, directive: Directive, when: Condition) -> None:
    """A variable that directives behind may ask for. Raises Untranslatable."""
    name = directive.args[0].strip("${}")
    if name in _CONTROLLERS:
        raise Untranslatable("the controller goes by this variable")
    if name in _BUILT_IN:
        raise Untranslatable("nginx goes by this variable")
    flow.flags.assign(name, directive.args[1], when)


def _condition(place: Place, flow: Flow, directive: Directive) -> Iterator[FlowStep]:
    """An ``if``. Raises Untranslatable."""
    inner = [x for x in directive.block or () if x.name != "break"]
    endings = [x for x in inner if x.name in _ENDING]
    others = [x for x in inner if x.name not in _ENDING and x.name != "set"]
    if len(endings) > 1 or (others and not endings and not flow.at_location):
        raise Untranslatable("a condition has to end in one return or redirect")
    conditions = flow.flags.conditions(directive.args)
    if endings:
        headers = response_headers_of(place, others)
        if endings[0].name == "rewrite" and headers:
            raise Untranslatable("a condition has to end in one return or redirect")
        for when in conditions:
            yield from _ending(place, flow, ConditionBlock(when, endings[0], headers))
        yield FlowRemark("ending", directive, when=tuple(conditions))
        return
    flow.left = any(x.name == "break" for x in directive.block or ())
    fields = condition_headers(place, others)
    for when in conditions:
        for variable in inner:
            if variable.name == "set" and len(variable.args) > 1:
                _set(flow, variable, when)
        flow.blocks.append((when, fields))


def _ending(place: Place, flow: Flow, block: ConditionBlock) -> Iterator[FlowStep]:
    """The return or rewrite that ends a block. Raises Untranslatable."""
    ending = block.ending
    rewrites = ending.name == "rewrite"
    if rewrites and flow.at_location and not reaches(place.location, ending.args[0]):
        yield FlowRemark("idle", ending, _ELSEWHERE)
        return
    for route in flow_routes(place, ending, block, flow.relative):
        if route.path is not None:
            if block.condition != UNCONDITIONAL or not flow.at_location or flow.path_rewritten:
                raise Untranslatable("Istio rewrites the path of a route once, and all its paths")
            flow.path_rewritten = True
            if place.proxied:
                yield Route("rewrite.uriRegexRewrite", route.path)
        else:
            yield from _answers(place, flow.level, route)
    if ending.args[:1] == ("444",) and not rewrites:
        yield FlowRemark("closed", ending)


def flow_routes(
    place: Place, directive: Directive, block: ConditionBlock, relative: bool
) -> Iterator[FlowRoute]:
    """The routes of a ``return`` or ``rewrite``. Raises Untranslatable.

    ``relative`` is whether a Location may be relative.
    """
    match, port = block.condition.match, block.condition.port
    if directive.name == "return":
        answers = translate_return(place, directive, relative)
        routes = [FlowRoute(match, _add(fields, block.headers), own) for own, fields in answers]
    else:
        alone = [x.path for x in place.server.locations] == ["/"]
        rewrite = translate_rewrite(place, directive, relative, alone)
        match = combine_matches(match, rewrite.match)
        if rewrite.path is not None:
            yield FlowRoute(match, path=rewrite.path)
        routes = [FlowRoute(match, f, own) for own, f in rewrite.fields.items()]
    for route in routes:
        if not port or route.port in (0, port):
            yield FlowRoute(route.match, route.fields, port or route.port)


def _add(fields: Fields, headers: Mapping[str, str]) -> Fields:
    """An answer with more response headers."""
    if not headers:
        return fields
    own = fields.get("headers", {}).get("response", {}).get("set", {})
    return fields | {"headers": {"response": {"set": {**own, **headers}}}}
