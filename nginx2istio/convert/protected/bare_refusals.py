"""Refusals of a policy at locations that Envoy answers itself: they lack the route's headers.

Envoy adds a route's response headers to the answers of its filters only where the route asks a
Service (``finalizeResponseHeaders``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from nginx2istio.convert.protected.fail_closed import closed, protecting_key
from nginx2istio.findings.placed import BARE_REFUSAL
from nginx2istio.istio.edits import Edit, ExtraObject
from nginx2istio.nginx.facts.headers import answer_headers
from nginx2istio.nginx.facts.protections import KEYS
from nginx2istio.rule import Aspect, Finding, Place
from nginx2istio.rule.requests import requests_elsewhere


def bare_refusals(place: Place, edits: Sequence[Edit]) -> Iterator[Finding]:
    """That refusals lack headers; ``edits`` are all of the location and of its host."""
    protecting = {e.protects for e in edits if isinstance(e, ExtraObject)}
    by = next((name for name in KEYS if name in protecting), None)
    carried = _carried(place) if by and closed(place.location, edits, place.ports) else {}
    if by and carried:
        key, what = protecting_key(by, place), ", ".join(dict.fromkeys(carried))
        finding = BARE_REFUSAL(key, path=place.location.declared, what=what)
        message = replace(BARE_REFUSAL, aspects=frozenset(carried.values()))
        elsewhere = () if place.proxied else requests_elsewhere(place.server, place.location)
        yield replace(finding, message=message).for_requests(*elsewhere)


def _carried(place: Place) -> dict[str, Aspect]:
    """What nginx sends with each refusal at the place, and the aspects in which it shows."""
    config, location = place.config, place.location
    carried: dict[str, Aspect] = {}
    if config.in_force(location, "enable-cors"):
        carried["CORS headers"] = "cors"
    if place.tls and config.controller.on("hsts"):
        carried["Strict-Transport-Security"] = "response-headers"
    for line in answer_headers(config, place.server, location):
        if line.kind in ("set", "add") and (not line.codes or _REFUSALS.intersection(line.codes)):
            carried[line.name] = "response-headers"
    return carried


_REFUSALS = frozenset({401, 403})
