"""Snippets at a location and a host: denied clients, redirects, answers of nginx, and routes."""

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.rule import (
    FLOWING,
    LISTING,
    ONCE_A_LOCATION,
    Edit,
    Finding,
    Flow,
    FlowRemark,
    Message,
    Place,
    SnippetDirective,
    access_list_problem,
    aspects_of,
    block_headers,
    checked_before_routes,
    checked_paths,
    closing_edits,
    fixed_rewrites,
    flow_steps,
    opaque,
    protects,
    refuses,
    requests_when,
    rule,
    server_locations,
    snippet_directives,
    subject,
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
FLOW = Message(
    "N2I465",
    "unsupported",
    "error",
    "Directive that decides the answer",
    "The conversion leaves out {text}: {why}.",
    "Use annotations, a VirtualService of your own, or the backend.",
    frozenset({"routing", "path", "redirect", "status"}),
)
PROTECTION = Message(
    "N2I466",
    "unsupported",
    "error",
    "Directive that protects",
    "{text} decides which clients are denied. The conversion can't express it{why}, so {so}.",
    "Write it as an annotation or as an AuthorizationPolicy, and delete it here.",
    frozenset({"access", "auth", "routing"}),
)
LOOSER = Message(
    "N2I467",
    "unsupported",
    "error",
    "One of several conditions",
    "{text} admits clients that meet one of several conditions. After the conversion they "
    "have to meet all.",
    "Use the annotation satisfy.",
    frozenset({"access", "auth", "status"}),
)
ANSWER_FIRST = Message(
    "N2I468",
    "approximated",
    "warning",
    "Answer before the protection",
    "nginx answers {text} before it checks the client. After the conversion a denied client "
    "gets the refusal first.",
    "Check whether denied clients need this answer.",
    frozenset({"status", "access", "auth", "redirect", "response-headers", "cors"}),
)
OPAQUE = Message(
    "N2I469",
    "unsupported",
    "error",
    "File that is not in the input",
    "{text} reads a file that may deny clients, and the conversion can't see it{why}. So {so}.",
    "Replace the directive by what the file holds, or delete it.",
    frozenset({"access", "auth", "status", "routing", "redirect", "response-headers"}),
)
REMARKS = {"idle": WITHOUT_EFFECT, "closed": CLOSED, "left out": FLOW}
_Part = Edit | Finding


@rule(
    "configuration-snippet",
    "location-snippet",
    when="configured",
    reads=("relative-redirects", "rewrite-target", "auth-url", "global-auth-url"),
    protects=True,
)
def location_snippets(place: Place) -> Iterator[_Part]:
    """A location's snippets: nginx runs return, if and rewrite in order, then checks the client."""
    if not place.slash_redirect:
        yield from _level(place, "location")


@rule(
    "server-snippet",
    at="server",
    when="configured",
    reads=("relative-redirects", "http-snippet"),
    protects=True,
)
def server_snippets(place: Place) -> Iterator[_Part]:
    """A host's snippets: nginx runs return, if and rewrite before it looks for a location.

    Answers become routes before those of all locations.
    """
    yield from _level(place, "http")
    yield from _level(place, "server")


def _level(place: Place, level: str) -> Iterator[_Part]:
    flow = Flow(level, bool(place["relative-redirects"]))
    flow.path_rewritten = level == "location" and "rewrite-target" in place
    rewrites = fixed_rewrites(place.config, place.server) if level == "server" else ()
    fixed = [rewrite.directive for rewrite in rewrites]
    for written in snippet_directives(place, level):
        directive = written.directive
        if directive.name in FLOWING:
            if level != "http" and directive not in fixed:  # see snippet_rewrites
                yield from _rewriting(place, flow, written)
        elif opaque(directive):
            yield from _unsure(place, level, written, OPAQUE)
        elif directive.name in LISTING:
            reason = access_list_problem(place.config, place.location, level, directive)
            if reason:
                yield from _unsure(place, level, written, PROTECTION, f": {reason}")
        elif directive.name == "satisfy":
            yield written.finding(LOOSER)
        elif protects(directive):
            yield from _unsure(place, level, written, PROTECTION)
        elif subject(directive.name) == "rewrite" and level != "http":
            yield written.finding(FLOW, why="nginx refuses it inside of a host")
            if any(refuses(inner) for inner in directive.all()):
                yield from closing_edits(place, level)
        elif (
            directive.name in ONCE_A_LOCATION
            and level == "server"
            and not server_locations(place.config, place.server)  # which have none of their own
        ):
            yield written.finding(WITHOUT_EFFECT, why="every location has its own")
    yield from block_headers(flow)


def _unsure(
    place: Place, level: str, written: SnippetDirective, message: Message, why: str = ""
) -> Iterator[_Part]:
    """A check that can't be had: nobody gets in, unless the user wants it open."""
    so = "it is open to everybody" if place.options.allow_unprotected else "it answers 503"
    yield written.finding(message, why=why, so=so)
    yield from closing_edits(place, level)


def _rewriting(place: Place, flow: Flow, written: SnippetDirective) -> Iterator[_Part]:
    """A directive of the rewrite phase; one that denies requests closes where it can't be said."""
    for step in flow_steps(place, flow, written.directive):
        if not isinstance(step, FlowRemark):
            yield step
        elif step.kind == "check":
            yield from _unsure(place, flow.level, written, PROTECTION, f": {step.reason}")
        elif step.kind == "ending":  # before which a policy acts; routes come behind
            first = written.finding(ANSWER_FIRST).for_requests(*requests_when(step.when))
            if not flow.at_location:
                for path in checked_paths(place):
                    yield replace(first, path=path)
            elif checked_before_routes(place):
                yield first
        else:
            message = REMARKS[step.kind]
            if message is FLOW:
                message = replace(FLOW, aspects=aspects_of(step.directive, FLOW.aspects))
            yield replace(written, directive=step.directive).finding(message, why=step.reason)
