"""From the paths of a host to its ``location`` blocks, in the order of nginx.conf."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nginx2istio.nginx.model import Location


def _target(location: Location) -> str:
    setting = location.settings.get("rewrite-target")
    return str(setting.value) if setting else ""


def _rewritten(location: Location) -> bool:
    """Whether the rewrite target does anything (``needsRewrite``)."""
    target = _target(location)
    return bool(target) and target != location.path


def _regex(location: Location) -> bool:
    setting = location.settings.get("use-regex")
    return _rewritten(location) or bool(setting and setting.value)


def build_locations(
    locations: Iterable[Location],
) -> tuple[tuple[Location, ...], bool, tuple[Location, ...]]:
    """The location blocks of one server, whether all of them are regular expressions, and repeats.

    Input: one Location a path, in the order in which the controller met them, ``match`` being
    "exact" or "prefix". The longest path comes first, equal lengths from Z to A (end of
    ``getBackendServers``). A Prefix gets a twin for the path itself unless an Exact has it
    (``updateServerLocations``). One rewrite or regex turns the whole server into regular
    expressions, Exact paths included (``enforceRegexModifier``).

    A block that is there already is a repeat: nginx then refuses the whole configuration
    ("duplicate location"), unless it is a regular expression. The controller looks for an earlier
    path of the same type only as far as the first of another type.
    """
    ordered = sorted(locations, key=lambda loc: loc.path, reverse=True)
    ordered.sort(key=lambda loc: len(loc.path), reverse=True)
    exact = {loc.path for loc in ordered if loc.match == "exact"}
    blocks: list[Location] = []
    for loc in ordered:
        if loc.path == "/" or loc.path_type != "Prefix" or _regex(loc):
            blocks.append(loc)
            continue
        blocks.append(replace(loc, path=loc.path if loc.path.endswith("/") else loc.path + "/"))
        if loc.path not in exact:
            blocks.append(replace(loc, match="exact"))
    # Judged on the blocks, not on the paths: target /foo of the Prefix /foo does nothing at
    # `= /foo`, but its twin /foo/ needs a rewrite, and with it the whole server turns regex.
    if any(_regex(loc) for loc in blocks):
        return tuple(replace(loc, match="regex") for loc in blocks), True, ()
    first = {(loc.match, loc.path): loc for loc in reversed(blocks)}
    repeats = tuple(loc for loc in blocks if first[loc.match, loc.path] is not loc)
    blocks = [loc for loc in blocks if first[loc.match, loc.path] is loc]
    return tuple(blocks + list(slash_redirects(blocks))), False, repeats


def slash_redirects(locations: Iterable[Location]) -> Iterable[Location]:
    """The 301 to ``/x/`` that nginx itself answers to ``/x`` where only ``/x/`` is a location.

    ngx_http_core_find_static_location does so for every location with a proxy_pass, exact ones
    too, unless another location is exactly the path without the slash.
    """
    locations = list(locations)
    taken = {location.path for location in locations if location.match == "exact"}
    for location in locations:
        bare = location.path.rstrip("/") if location.path.endswith("/") else ""
        if bare and bare + "/" == location.path and bare not in taken:
            taken.add(bare)
            yield replace(location, path=bare, match="exact", slash_redirect=True)
