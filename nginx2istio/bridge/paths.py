"""How the paths of a location match in Istio."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from nginx2istio.istio import re2
from nginx2istio.nginx.model import Location


def uris(location: Location) -> tuple[Mapping[str, str], ...]:
    """StringMatches for a location, any of which may match. Raises ``re2.Untranslatable``.

    nginx compares decoded paths, Envoy compares them as they came.
    """
    if location.match == "regex":
        return ({"regex": re2.starting_with(location.path)},)
    encoded = quote(location.path, safe="/!$&'()*+,;=:@~-._")
    # A declared %C3 is three characters for nginx, which a request spells %25C3.
    spellings = [encoded] if "%" in location.path else [location.path, encoded]
    if location.literal == "= /":
        spellings.append("//")  # the one path whose slashes Envoy does not merge
    return tuple({location.match: p} for p in dict.fromkeys(spellings))
