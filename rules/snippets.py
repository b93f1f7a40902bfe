"""Snippets at a location and a host: who is let in, where requests go, what nginx answers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nginx2istio.bridge.response_headers import by_host
from nginx2istio.istio.re2 import Untranslatable
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.facts.directives import ONCE_A_LOCATION, refuses, subject
from nginx2istio.nginx.facts.headers import answer_headers, snippets
from nginx2istio.nginx.facts.snippet import Directive, directive_origin, parse_snippet
from nginx2istio.nginx.facts.snippet_access import LISTING, inherited, of_location
from nginx2istio.nginx.model import Setting
from nginx2istio.rule import (
    Condition,
    Edit,
    Finding,
    HostRoute,
    Message,
    PerRequest,
    Phase,
    Place,
    Route,
    RouteBefore,
    UnknownVariable,
    combine_matches,
    condition,
    envoy_filter,
    on_route,
    reaches,
    response_headers_of,
    rule,
    translate_return,
    translate_rewrite,
    unavailable,
)

BROKEN = Message(
    "N2I460",
    "unsupported",
    "error",
    "Snippet that nginx can't read",
    "nginx can't read this snippet ({text}). The controller keeps the configuration from "
    "before the snippet.",
    "Correct the snippet and convert again.",
)
DUPLICATE = Message(
    "N2I461",
    "unsupported",
    "error",
    "Directive that the template has, too",
    "nginx refuses {text}, because the controller's template has it already. The controller "
    "keeps the configuration from before the snippet.",
    "Use the annotation for it, and convert again.",
)
WITHOUT_EFFECT = Message(
    "N2I462",
    "ineffective",
    "info",
    "Directive without effect",
    "{text} has no effect in nginx: {why}.",
    "Delete it.",
)
CLOSED = Message(
    "N2I463",
    "approximated",
    "info",
    "Connection that nginx closes",
    "{text} closes the connection without a response. The gateway answers 403.",
    aspects=frozenset({"status", "access"}),
)
PART = Message(
    "N2I464",
    "unsupported",
    "error",
    "Redirect with a part of the path",
    "{text} redirects with a part of the path, which takes an EnvoyFilter. The gateway sends "
    "the request to the backend.",
    "Convert with --envoy-filters, or redirect in the application.",
    frozenset({"redirect", "status", "routing"}),
)
FLOW = Message(
    "N2I465",
    "unsupported",
    "error",
    "Directive that decides the answer",
    "The conversion leaves out {text}: {why}.",
    "Use annotations, a VirtualService of your own, or the application.",
    frozenset({"routing", "path", "redirect", "status"}),
)
PROTECTION = Message(
    "N2I466",
    "unsupported",
    "error",
    "Directive that protects",
    "{text} decides which clients are denied. The conversion can't express it{why}. As a "
    "consequence, {so}.",
    "Write it as an annotation or as an AuthorizationPolicy, and delete it here.",
    frozenset({"access", "auth", "status"}),
)
LOOSER = Message(
    "N2I467",
    "unsupported",
    "error",
    "One of several conditions",
    "{text} admits clients that meet one of several conditions. After the conversion they "
    "have to meet all.",
    "Use the annotation satisfy.",
    frozenset({"access", "auth"}),
)
ELSEWHERE = "no path of this location begins like the pattern"
EVERYWHERE = "every location has its own"
ORDER = Message(
    "N2I468",
    "approximated",
    "warning",
    "Answer before the protection",
    "nginx answers {text} before it checks the client. After the conversion a denied client "
    "gets the refusal first.",
    "Check whether denied clients need this answer.",
    frozenset({"status", "access", "auth", "redirect"}),
)
BEHIND = "an unconditional return or break stands before it"
CONTROLLERS = frozenset(
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
FLOWING = frozenset({"break", "if", "return", "rewrite", "set"})
Part = Edit | Finding


@rule(
    "configuration-snippet",
    "location-snippet",
    when="configured",
    reads=("relative-redirects", "rewrite-target", "auth-url", "auth-type", "global-auth-url"),
)
def location_snippets(place: Place) -> Iterator[Part]:
    """A location's snippets: nginx runs return, if and rewrite in order, then looks at who asks.

    Answers become routes before the location's own, in the order of the snippet; conditions become
    their matches. Lists of addresses are said together with those of the annotations. What can't
    be said and lets somebody in or keeps him out closes the location.
    """
    if place.location.slash_redirect:
        return
    flow = _Flow(place, "location")
    for key, setting in snippets(place.config, place.server, place.location, "location"):
        yield from flow.run(key, setting)


@rule("server-snippet", at="server", when="configured", reads="relative-redirects")
def server_snippets(place: Place) -> Iterator[Part]:
    """A host's snippets: nginx runs return, if and rewrite before it looks for a location.

    Answers become routes before those of all locations.
    """
    flow = _Flow(place, "server")
    for key, setting in snippets(place.config, place.server, place.location, "server"):
        yield from flow.run(key, setting)


class _Flow:
    """The directives of one level in order; ``stopped`` once nginx would go no further."""

    def __init__(self, place: Place, level: str):
        self.place, self.level = place, level
        self.relative = bool(place["relative-redirects"])
        self.stopped = False
        self.count = 0
        self.path_rewritten = level == "location" and "rewrite-target" in place

    def run(self, key: str, setting: Setting) -> Iterator[Part]:
        read = parse_snippet(setting.text)
        if read.error:
            yield BROKEN(key, text=read.error).for_directive(setting.text, setting.origin)
        for directive in read.directives:
            yield from self.one(key, setting, directive)

    def say(
        self, message: Message, key: str, setting: Setting, directive: Directive, **facts: Any
    ) -> Finding:
        said = message(key, text=directive.text, **facts)
        return said.for_directive(directive.text, directive_origin(setting, directive))

    def one(self, key: str, setting: Setting, directive: Directive) -> Iterator[Part]:
        name = directive.name
        if name in FLOWING and self.stopped:
            yield self.say(WITHOUT_EFFECT, key, setting, directive, why=BEHIND)
        elif name in FLOWING:
            try:
                yield from self.flowing(key, setting, directive)
            except Untranslatable as why:
                if any(refuses(one) for one in directive.all()):
                    yield from self.close(key, setting, directive, f": {why}")
                else:
                    yield self.say(FLOW, key, setting, directive, why=why)
        elif name in LISTING:
            wide = of_location if self.level == "location" else inherited
            beyond = wide(self.place.config, self.place.location).beyond
            if beyond:
                yield from self.close(key, setting, directive, f": it is {beyond}")
        elif name == "satisfy":
            yield self.say(LOOSER, key, setting, directive)
        elif subject(name) == "protection" and directive.args[:1] != ("off",):
            yield from self.close(key, setting, directive, "")
        elif name in ONCE_A_LOCATION and self.level == "location":
            yield self.say(DUPLICATE, key, setting, directive)
        elif name in ONCE_A_LOCATION:
            yield self.say(WITHOUT_EFFECT, key, setting, directive, why=EVERYWHERE)

    def close(self, key: str, setting: Setting, directive: Directive, why: str) -> Iterator[Part]:
        """A protection that can't be had: nobody gets in, unless the user wants it open."""
        open_ = self.place.options.allow_unprotected
        so = "it is open to everybody" if open_ else "it answers 503"
        yield self.say(PROTECTION, key, setting, directive, why=why, so=so)
        if not open_ and self.level == "location":
            yield unavailable()
        elif not open_:
            yield from self.answer({}, {"directResponse": {"status": 503}})

    def answer(
        self, match: Mapping[str, Any], fields: Mapping[str, Any], port: int = 0
    ) -> Iterator[Edit]:
        """A route for the requests that match, which answers by itself. Raises Untranslatable."""
        if self.level == "location":
            yield RouteBefore(Phase.RETURN, fields, match, port=port)
            return
        whole = {"uri": {"prefix": "/"}, **match}
        try:
            answers = list(by_host(self.place, fields, port))
        except UnknownVariable as unknown:
            raise Untranslatable(f"Envoy has no equal for {unknown} in a header") from None
        for at, answer in answers:
            yield HostRoute(Phase.SERVER, whole, answer, at)

    def flowing(self, key: str, setting: Setting, directive: Directive) -> Iterator[Part]:
        match directive.name:
            case "break":
                self.stopped = True
            case "return":
                yield from self.returns(key, setting, directive, {}, 0)
                self.stopped = True
            case "rewrite":
                yield from self.rewrites(key, setting, directive, {}, 0)
            case "if":
                when = condition(directive.args)
                inner = [one for one in directive.block or () if one.name != "break"]
                acts = [one for one in inner if one.name in ("return", "rewrite")]
                rest = [one for one in inner if one.name not in ("return", "rewrite", "set")]
                extra = response_headers_of(self.place, rest)
                if extra and not acts and self.level == "location":
                    yield from self.adorns(rest, extra, when)
                    return
                if len(acts) != 1 or (acts[0].name == "rewrite" and extra):
                    raise Untranslatable("a condition has to end in one return or redirect")
                does = self.returns if acts[0].name == "return" else self.rewrites
                yield from does(key, setting, acts[0], when.match, when.port, extra)
                if self.level == "location" and self.asks():
                    yield self.say(ORDER, key, setting, directive)
            case "set" if directive.args[0].strip("${}") in CONTROLLERS:
                raise Untranslatable("the controller goes by this variable")

    def asks(self) -> bool:
        """Whether a policy looks at who asks, which acts before all routes."""
        place = self.place
        if addresses(place.config, place.location):
            return True
        return any(place[key] for key in ("auth-url", "auth-type", "global-auth-url"))

    def adorns(
        self, directives: Sequence[Directive], extra: Mapping[str, str], when: Condition
    ) -> Iterator[Part]:
        """Headers for the answers to some requests: a copy of each route of the location."""
        place = self.place
        said = answer_headers(place.config, place.server, place.location)
        if any(one.name != "more_set_headers" for one in directives):
            raise Untranslatable("add_header in a condition takes those outside of it away")
        if {x.name.lower() for x in said} & {name.lower() for name in extra}:
            raise Untranslatable("the header is set outside of the condition, too")
        self.count += 1
        headers = {"response": {"set": dict(extra)}}
        yield PerRequest(when.match, {"headers": headers}, port=when.port, group=f"if {self.count}")

    def returns(
        self,
        key: str,
        setting: Setting,
        directive: Directive,
        match: Mapping[str, Any],
        port: int,
        extra: Mapping[str, str] | None = None,
    ) -> Iterator[Part]:
        for own, fields in translate_return(self.place, directive, self.relative):
            if not port or not own or port == own:
                if extra:
                    headers = fields.get("headers", {}).get("response", {}).get("set", {})
                    fields = fields | {"headers": {"response": {"set": {**headers, **extra}}}}
                yield from self.answer(match, fields, port or own)
        if directive.args[:1] == ("444",):
            yield self.say(CLOSED, key, setting, directive)

    def rewrites(
        self,
        key: str,
        setting: Setting,
        directive: Directive,
        match: Mapping[str, Any],
        port: int,
        _: Mapping[str, str] | None = None,
    ) -> Iterator[Part]:
        place, paths = self.place, [x.path for x in self.place.server.locations]
        if self.level == "location" and not reaches(place.location, directive.args[0]):
            yield self.say(WITHOUT_EFFECT, key, setting, directive, why=ELSEWHERE)
            return
        made = translate_rewrite(place, directive, self.relative, alone=paths == ["/"])
        both = combine_matches(match, made.match)
        if made.path is not None:
            if match or port or self.level == "server" or self.path_rewritten:
                raise Untranslatable("Istio rewrites the path of a route once, and all its paths")
            self.path_rewritten = True
            if place.upstream is not None:
                yield Route("rewrite.uriRegexRewrite", made.path)
            return
        if made.patch and not place.options.envoy_filters:
            yield self.say(PART, key, setting, directive)
            return
        for own, fields in made.fields.items():
            if port and own and port != own:
                continue
            if made.patch:
                self.count += 1
                name = f"{place.route_name} {self.level} rewrite {self.count}"
                if self.level == "server":
                    name = f"{place.server.host} server rewrite {self.count}"
                yield envoy_filter(place, name, on_route(name, {"redirect": made.patch}))
                fields = {**fields, "name": name}
            yield from self.answer(both, fields, port or own)
