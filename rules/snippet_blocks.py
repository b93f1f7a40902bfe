"""Location blocks in the snippets of a host: paths that nginx answers apart from all Ingresses."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nginx2istio.bridge.response_headers import by_host
from nginx2istio.istio.re2 import Untranslatable
from nginx2istio.nginx.facts.directives import refuses, subject
from nginx2istio.nginx.facts.headers import HEADER_DIRECTIVES, Unclear, block_lines, snippets
from nginx2istio.nginx.facts.snippet import Directive, directive_origin, parse_snippet
from nginx2istio.nginx.model import Setting
from nginx2istio.rule import (
    Edit,
    Finding,
    HostRoute,
    Message,
    Phase,
    Place,
    RouteBefore,
    UnknownVariable,
    path_regex,
    rule,
    translate_return,
)

UNTOLD = Message(
    "N2I490",
    "unsupported",
    "error",
    "Location block without a translation",
    "The conversion leaves out {text}: {why}.",
    "Let a Service answer these paths, by an Ingress of their own.",
    frozenset({"routing", "path", "redirect", "status"}),
)
CLOSED = Message(
    "N2I491",
    "unsupported",
    "error",
    "Location block that protects",
    "{text} decides which clients are denied. The conversion can't express it: {why}. As a "
    "consequence, {so}.",
    "Give these paths an Ingress of their own with annotations for the protection.",
    frozenset({"access", "auth", "status"}),
)
WITHOUT_EFFECT = Message(
    "N2I492",
    "ineffective",
    "info",
    "Location block without effect",
    "{text} has no effect in nginx: {why}.",
    "Delete it.",
)
DUPLICATE = Message(
    "N2I493",
    "unsupported",
    "error",
    "Location block that an Ingress has, too",
    "nginx refuses {text}, because an Ingress has this path. The controller keeps the "
    "configuration from before the snippet.",
    "Delete the block, and convert again.",
)
NAMED = "it is there for other directives only, which are reported themselves"
BEATEN = "the paths of the host are regular expressions, which go before it"
DENY_ALL = ("deny", ("all",))
Part = Edit | Finding


@rule(at="server", when="configured", reads=("server-snippet", "relative-redirects"))
def server_blocks(place: Place) -> Iterator[Part]:
    """Blocks that go before all paths of Ingresses: exact ones and regular expressions."""
    for key, setting, directive in _blocks(place):
        block = _Block(place, key, setting, directive)
        if block.plain:
            continue
        if block.path.startswith("@"):
            yield block.say(WITHOUT_EFFECT, why=NAMED)
        elif place.server.regex and block.modifier == "":
            yield block.say(WITHOUT_EFFECT, why=BEATEN)
        else:
            yield from block.routes()


@rule(when="configured", reads=("server-snippet", "relative-redirects"))
def location_blocks(place: Place) -> Iterator[Part]:
    """Blocks with a plain path: routes of the location that would have their requests otherwise.

    Longer paths of Ingresses stand before that location, and so before the block.
    """
    if place.location.slash_redirect:
        return
    for key, setting, directive in _blocks(place):
        block = _Block(place, key, setting, directive)
        if not block.plain:
            continue
        if any(x.path == block.path and x.match == "prefix" for x in place.server.locations):
            yield block.say(DUPLICATE)
        elif block.comes_here():
            yield from block.routes()


def _blocks(place: Place) -> Iterator[tuple[str, Setting, Directive]]:
    for key, setting in snippets(place.config, place.server, place.location, "server"):
        for directive in parse_snippet(setting.text).directives:
            if directive.name == "location" and directive.args:
                yield key, setting, directive


@dataclass(frozen=True, slots=True)
class _Block:
    """One block, at the place whose routes it may become."""

    place: Place
    key: str
    setting: Setting
    directive: Directive

    @property
    def modifier(self) -> str:
        return self.directive.args[0] if len(self.directive.args) > 1 else ""

    @property
    def path(self) -> str:
        return self.directive.args[-1]

    @property
    def plain(self) -> bool:
        """Whether it is a prefix among the prefixes of the host."""
        modifier, regex = self.modifier, self.place.server.regex
        return modifier in ("", "^~") and not regex and not self.path.startswith("@")

    def say(self, message: Message, **facts: Any) -> Finding:
        said = message(self.key, text=self.directive.text, **facts)
        return said.for_directive(
            self.directive.text, directive_origin(self.setting, self.directive)
        )

    def comes_here(self) -> bool:
        """Whether requests for a plain path come to this location, were there no block for it."""
        around = [x for x in self.place.server.locations if self.path.startswith(x.path)]
        around = [x for x in around if x.match == "prefix"]
        return max(around, key=lambda x: len(x.path), default=None) is self.place.location

    def uri(self) -> dict[str, str]:
        if self.modifier.startswith("~"):
            return {"regex": path_regex(self.path, self.modifier == "~*", query=False)}
        return {"exact" if self.modifier == "=" else "prefix": self.path}

    def route(
        self,
        uri: Mapping[str, str],
        fields: Mapping[str, Any],
        port: int = 0,
        inner: Iterable[Directive] = (),
    ) -> Iterator[Edit]:
        """A route for the block, with the headers of the host and its own. Raises Untranslatable.

        Nothing of the Ingress's location holds here.
        """
        try:
            own = block_lines(self.key, self.setting, inner)
            answers = list(by_host(self.place, fields, port, own))
        except (Unclear, UnknownVariable) as why:
            raise Untranslatable(f"it holds {why}") from None
        for at, whole in answers:
            if self.plain:
                yield RouteBefore(Phase.SERVER, whole, {"uri": uri}, at, bare=True)
            else:
                yield HostRoute(Phase.FIND, {"uri": uri}, whole, at)

    def routes(self) -> Iterator[Part]:
        """The block as an answer to its paths; one that protects and can't be said closes them."""
        uri = {"prefix": "/"}
        try:
            uri = self.uri()
            yield from self.answers(uri)
        except Untranslatable as why:
            if not any(refuses(one) for one in self.directive.all()):
                yield self.say(UNTOLD, why=why)
                return
            open_ = self.place.options.allow_unprotected
            closed = "the host answers 503" if uri == {"prefix": "/"} else "its paths answer 503"
            yield self.say(CLOSED, why=why, so="they are open to everybody" if open_ else closed)
            if not open_:
                yield from self.route(uri, {"directResponse": {"status": 503}})

    def answers(self, uri: Mapping[str, str]) -> list[Edit]:
        """The routes of a block that answers by itself. Raises Untranslatable."""
        block = self.directive.block or ()
        inner = [x for x in block if subject(x.name) not in ("logging", "nothing")]
        closed = [x for x in inner if x.name == "internal" or (x.name, x.args) == DENY_ALL]
        returns = [x for x in inner if x.name == "return"]
        rest = [x for x in inner if x not in closed and x not in returns]
        for one in rest:
            if one.name not in HEADER_DIRECTIVES:
                raise Untranslatable(f"it holds {one.text.rstrip(';')}")
        if any(x.name == "internal" for x in closed):
            return list(self.route(uri, {"directResponse": {"status": 404}}, inner=rest))
        if returns:
            relative = bool(self.place["relative-redirects"])
            return [
                edit
                for port, fields in translate_return(self.place, returns[0], relative)
                for edit in self.route(uri, fields, port, rest)
            ]
        if closed:
            return list(self.route(uri, {"directResponse": {"status": 403}}, inner=rest))
        raise Untranslatable("it does more than to answer by itself")
