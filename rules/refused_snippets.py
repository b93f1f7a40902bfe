"""Snippets that nginx refuses: the controller keeps the configuration from before them."""

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.rule import (
    FLOWING,
    ONCE_A_LOCATION,
    Edit,
    Finding,
    Message,
    Place,
    broken_snippets,
    closing_edits,
    listed,
    refused_directives,
    rule,
    snippet_directives,
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
MISPLACED = Message(
    "N2I498",
    "unsupported",
    "error",
    "Directive that nginx refuses here",
    "nginx refuses the snippet: {why} ({text}). The controller keeps the configuration from before "
    "the snippet.",
    "Correct or delete the directive, and convert again.",
)
_Part = Edit | Finding


@rule(when="configured", reads=("configuration-snippet", "location-snippet"), protects=True)
def refused_location_snippets(place: Place) -> Iterator[_Part]:
    """Snippets of a location with an error of syntax, or a directive that the template has, too.

    What nginx did before is not known. A snippet that can't be read and has the name of a check in
    it closes the location.
    """
    if place.slash_redirect:
        return
    yield from _broken(place, "location")
    for written in snippet_directives(place, "location"):
        if written.directive.name in ONCE_A_LOCATION and not listed(place, written.directive):
            yield written.finding(DUPLICATE)
    yield from _misplaced(place, "location")


@rule(at="server", when="configured", reads=("server-snippet", "http-snippet"), protects=True)
def refused_server_snippets(place: Place) -> Iterator[_Part]:
    """Snippets of a host, or of all hosts, with an error of syntax."""
    yield from _broken(place, "http")
    yield from _broken(place, "server")
    yield from _misplaced(place, "server")


def _misplaced(place: Place, level: str) -> Iterator[Finding]:
    for written in snippet_directives(place, level):
        if written.directive.name not in FLOWING:  # which another rule reports
            for directive, why in refused_directives([written.directive], ("http", level)):
                yield replace(written, directive=directive).finding(MISPLACED, why=why)


def _broken(place: Place, level: str) -> Iterator[_Part]:
    for snippet in broken_snippets(place, level):
        if level != "http":  # which another rule reports once, for all hosts
            yield snippet.finding(BROKEN)
        if snippet.protects:
            yield from closing_edits(place, level)
