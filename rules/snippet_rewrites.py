"""Rewrites in snippets of hosts to fixed paths, as for well-known addresses."""

from collections.abc import Iterator

from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    PerRequest,
    Place,
    fixed_rewrites,
    rule,
    snippet_directives,
)

QUERY = Message(
    "N2I617",
    "approximated",
    "info",
    "Rewrite that adds a query",
    "{text} puts a query in front of the request's own in nginx. The gateway rewrites only "
    "requests without a query.",
    "Check that clients ask for these paths without a query.",
    frozenset({"path"}),
)


@rule(when="configured", reads="server-snippet")
def server_rewrites(place: Place) -> Iterator[Edit | Finding]:
    """nginx rewrites the path before it looks for a location; the first that matches counts.

    Where that is the location that would have taken the request anyhow, only its path changes.
    """
    if place.slash_redirect:
        return
    for rewrite in fixed_rewrites(place.config, place.server):
        if rewrite.location is not place.location:
            continue
        yield PerRequest(rewrite.match, rewrite.fields, group="server rewrite")
        for written in snippet_directives(place, "server"):
            if rewrite.query and written.directive == rewrite.directive:
                yield written.finding(QUERY)
