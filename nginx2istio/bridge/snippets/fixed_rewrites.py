"""``rewrite`` of a host's snippet to a fixed path in the location that the request came to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nginx2istio.base.memo import memo
from nginx2istio.bridge.snippets.conditions import path_regex, reaches
from nginx2istio.istio.re2 import Untranslatable
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.auth_service import location_taking
from nginx2istio.nginx.facts.headers import snippets
from nginx2istio.nginx.facts.nested_locations import nested_location_of, server_locations
from nginx2istio.nginx.facts.snippet import Directive, parse_snippet
from nginx2istio.nginx.model import Location, Server

ELSEWHERE = ("http://", "https://", "$scheme")


@dataclass(frozen=True, slots=True)
class FixedRewrite:
    """A rewrite and the location whose requests it changes; ``query`` is what the target adds."""

    directive: Directive
    location: Location
    query: str

    @property
    def match(self) -> Mapping[str, Any]:
        """The requests; those with a query of their own are none where the target has one."""
        match = {"uri": {"regex": path_regex(self.directive.args[0], query=False)}}
        without = {"withoutHeaders": {":path": {"regex": r".*\?.*"}}}
        return match | without if self.query else match

    @property
    def fields(self) -> Mapping[str, Any]:
        """Fields of the location's route for them."""
        rewrite = self.directive.args[1].replace("\\", "\\\\")
        return {"rewrite": {"uriRegexRewrite": {"match": "^.*$", "rewrite": rewrite}}}


@memo
def fixed_rewrites(config: NginxConfig, server: Server) -> tuple[FixedRewrite, ...]:
    """The rewrites of a host's snippets that are translated, in their order."""
    if not server.locations:
        return ()
    directives = [
        directive
        for _, setting in snippets(config, server, server.locations[0], "server")
        for directive in parse_snippet(setting.text).directives
    ]
    results = []
    for i, directive in enumerate(directives):
        try:
            results.append(_fixed(config, server, directive, directives[i + 1 :]))
        except (Untranslatable, re.error):
            continue
    return tuple(results)


def _fixed(
    config: NginxConfig, server: Server, directive: Directive, behind: Sequence[Directive]
) -> FixedRewrite:
    """Raises Untranslatable where it is no such rewrite, and re.error for a pattern of PCRE."""
    pattern, target, flag = (*directive.args, "", "", "")[:3]
    path, _, query = target.partition("?")
    if (
        directive.name != "rewrite"
        or flag not in ("", "last")
        or "$" in target
        or target.startswith(ELSEWHERE)
        or not path.startswith("/")
        or target.endswith("?")
    ):
        raise Untranslatable("it is no rewrite to a fixed path")
    taken = location_taking(server, path)
    served = [x for x in server.locations if not x.slash_redirect]
    if taken is None or any(x is not taken and reaches(x, pattern) for x in served):
        raise Untranslatable("nginx looks for another location with the new path")
    if {"rewrite-target", "upstream-vhost"} & taken.settings.keys():
        raise Untranslatable("the location rewrites the path, too")
    blocks = server_locations(config, server)
    sample = re.sub(r"\\(.)", r"\1", re.match(r"\^?([^()\[\]{}*+?|$]*)", pattern)[1])  # type: ignore[index]
    if any(nested_location_of(blocks, x) for x in (path, sample)):
        raise Untranslatable("a location block takes the path")
    for later in behind:
        again = later.name == "rewrite" and flag == "" and re.search(later.args[0], path)
        if later.name in ("if", "return", "break") or again:
            raise Untranslatable("a later directive decides, too")
    return FixedRewrite(directive, taken, query)
