"""rewrite-target, use-regex, x-forwarded-prefix: what path the backend sees."""

import re
from collections.abc import Iterator

from nginx2istio.istio import re2
from nginx2istio.rule import (
    OF_LOCATION,
    Directive,
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    Requests,
    Route,
    RouteBefore,
    literal,
    patterns_of_snippets,
    rule,
    translate_rewrite,
)

ESCAPES = Message(
    "N2I121",
    "approximated",
    "info",
    "Escaped characters in a rewritten path",
    "nginx rewrites the decoded path and encodes the result again. Envoy rewrites the path as"
    " the client sent it, so the backend can see other escapes such as %2F.",
    "Check the backend if its paths hold escaped slashes or double escapes.",
    frozenset({"path"}),
)
CAPTURE = Message(
    "N2I122",
    "unsupported",
    "error",
    "Redirect with a part of the path",
    "rewrite-target redirects to another host with a part of the path ({target}). Istio "
    "can't do that ({why}), and the path answers 503.",
    "Redirect to a fixed address, or let the backend redirect.",
    frozenset({"redirect", "status", "routing"}),
)
LINE_ENDS = Message(
    "N2I123",
    "approximated",
    "info",
    "Line ends in requested paths",
    "In a regular expression of nginx a dot matches no line end, and $ also matches before one. "
    "Envoy compares the characters %0A.",
    aspects=OF_LOCATION,
    requests=(Requests(target="%0[Aa]"),),
)


@rule("rewrite-target", "use-regex", "x-forwarded-prefix")
def rewrite(place: Place) -> Iterator[Edit | Finding]:
    """nginx replaces the whole path by the target; what the path's regex captures can be used.

    Envoy does the same with a regular expression for the whole path. `use-regex` turns every path
    of the host into a regular expression, which the routes' matches show.
    """
    target = place.text("rewrite-target") if "rewrite-target" in place else ""
    location = place.location
    if not target or target == location.path:
        return
    try:
        pattern = re2.whole(location.path)
        captured = re2.groups(pattern)
    except re2.Untranslatable:
        return  # the path itself is reported
    if target.startswith(("http://", "https://", "$scheme")):
        yield from _redirect(place, target)
        return
    yield Route("rewrite.uriRegexRewrite", {"match": pattern, "rewrite": groups(target, captured)})
    yield ESCAPES("rewrite-target")
    if "x-forwarded-prefix" in place:
        value = literal(place.text("x-forwarded-prefix"))
        yield Route("headers.request.set", {"X-Forwarded-Prefix": value})


@rule(
    at="server",
    when="always",
    reads=("server-snippet", "configuration-snippet", "location-snippet"),
)
def line_ends(place: Place) -> Iterator[Edit | Finding]:
    """PCRE and RE2 differ about the end of a line, which a path can hold as `%0A`."""
    patterns = [x.path for x in place.server.locations if x.match == "regex"]
    patterns += [pattern for pattern, _ in patterns_of_snippets(place.config, place.server)]
    if any(re.search("[.$]", pattern) for pattern in patterns):
        yield LINE_ENDS("").for_host()


def _redirect(place: Place, target: str) -> Iterator[Edit | Finding]:
    """A redirect to an address, with the path as it is, with a part of it, or without it.

    The query is kept, as by every rewrite (``ngx_http_script_regex_end_code``). nginx
    looks for the pattern anywhere, but the location's paths begin with it.
    """
    path = place.location.path
    start = "" if re2.alternatives(path) else "^"
    directive = Directive("rewrite", (f"(?i){start}{path}", target, "break"), 1)
    try:
        redirect = translate_rewrite(place, directive, relative=False, alone=False)
    except re2.Untranslatable as why:
        yield CAPTURE("rewrite-target", target=target, why=why)
        yield RouteBefore(Phase.RETURN, {"directResponse": {"status": 503}})
        return
    for port, fields in redirect.fields.items():
        yield RouteBefore(Phase.RETURN, fields, port=port)


def groups(target: str, captured: int) -> str:
    """A target with nginx's `$1` as RE2's `\\1`; a group that is not there is empty."""

    def group(match: re.Match[str]) -> str:
        return f"\\{match[1]}" if 0 < int(match[1]) <= captured else ""

    return re.sub(r"\$(\d)", group, target.replace("\\", "\\\\"))
