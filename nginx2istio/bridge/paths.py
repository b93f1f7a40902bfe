"""How the paths of a location match in Istio."""

from __future__ import annotations

from collections.abc import Mapping

from nginx2istio.istio import re2
from nginx2istio.istio.path_spellings import string_match
from nginx2istio.nginx.model import Location


def uris(location: Location) -> tuple[Mapping[str, str], ...]:
    """StringMatches for a location, any of which may match. Raises ``re2.Untranslatable``.

    nginx compares decoded paths; Envoy compares them as they came, in any of their spellings.
    """
    if location.match == "regex":
        return ({"regex": re2.starting_with(location.path)},)
    match = string_match(location.match, location.path)
    if "regex" in match:
        re2.compiled(match["regex"])
    if location.literal == "= /":
        return match, {"exact": "//"}  # the one path whose slashes Envoy does not merge
    return (match,)
