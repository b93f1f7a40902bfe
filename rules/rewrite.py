"""rewrite-target, use-regex, x-forwarded-prefix: what path the back end sees."""

import re
from collections.abc import Iterator

from nginx2istio.istio import re2
from nginx2istio.rule import (
    Directive,
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    Route,
    RouteBefore,
    answer,
    envoy_filter,
    literal,
    on_route,
    rule,
    translate_rewrite,
)

ESCAPES = Message(
    "N2I121",
    "approximated",
    "info",
    "",
    "nginx rewrites the decoded path and encodes the result again; Envoy rewrites the path as it "
    "came, so that escaped characters such as %2F can look different to the back end",
    "nothing, unless the back end's paths hold escaped slashes or double escapes",
    frozenset({"path"}),
)
CAPTURE = Message(
    "N2I122",
    "unsupported",
    "error",
    "",
    "the target redirects to another host with a part of the path ({target}), which Istio can't: "
    "{why}",
    "redirect to a fixed address, or let the back end redirect",
    frozenset({"redirect", "status", "routing"}),
)


@rule("rewrite-target", "use-regex", "x-forwarded-prefix")
def rewrite(place: Place) -> Iterator[Edit | Finding]:
    """Nginx replaces the whole path by the target; what the path's regex captures can be used.

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
        if "$" in target:
            yield from _elsewhere(place, target)
        else:
            # nginx appends the query here, as it does to every rewrite
            yield RouteBefore(Phase.RETURN, answer(302, literal(target)))
        return
    yield Route("rewrite.uriRegexRewrite", {"match": pattern, "rewrite": groups(target, captured)})
    yield ESCAPES("rewrite-target")
    if "x-forwarded-prefix" in place:
        value = literal(place.text("x-forwarded-prefix"))
        yield Route("headers.request.set", {"X-Forwarded-Prefix": value})


def _elsewhere(place: Place, target: str) -> Iterator[Edit | Finding]:
    """A redirect with a part of the path, which only an EnvoyFilter cuts out."""
    directive = Directive("rewrite", (f"(?i){place.location.path}", target, "break"), 1)
    try:
        made = translate_rewrite(place, directive, relative=False, alone=False)
        if made.patch is None:
            raise re2.Untranslatable("it holds a variable of nginx")
        if not place.options.envoy_filters:
            raise re2.Untranslatable("that takes --envoy-filters")
    except re2.Untranslatable as why:
        yield CAPTURE("rewrite-target", target=target, why=why)
        yield RouteBefore(Phase.RETURN, {"directResponse": {"status": 503}})
        return
    name = f"{place.server.host} {place.route_name} elsewhere"
    yield RouteBefore(Phase.RETURN, {"name": name, **made.fields[0]})
    yield envoy_filter(place, name, on_route(name, {"redirect": made.patch}))


def groups(target: str, captured: int) -> str:
    """A target with nginx's `$1` as RE2's `\\1`; a group that is not there is empty."""

    def one(match: re.Match[str]) -> str:
        return f"\\{match[1]}" if 0 < int(match[1]) <= captured else ""

    return re.sub(r"\$(\d)", one, target.replace("\\", "\\\\"))
