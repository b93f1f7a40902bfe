"""Whether the edits of a location enforce each protection that nginx has there.

Rules translate; this module checks their result against the nginx configuration. What is not
enforced answers 503, whatever the reason is: a rule that failed, or one that does not know a case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from nginx2istio.istio.assemble.effective_edits import ANSWERS
from nginx2istio.istio.edits import Edit, ExtraObject, HostRoute, Route, RouteBefore
from nginx2istio.nginx.facts.protections import KEYS, Protection, protections, refused_somewhere
from nginx2istio.nginx.model import Location
from nginx2istio.rule import Place

PROTECTION_NAMES: Mapping[Protection, str] = {
    "addresses": "the address list",
    "external-auth": "the check by the authentication service",
    "basic-auth": "the check of user and password",
    "client-certificate": "the check of the client's certificate",
    "certificate-subject": "the check of the certificate's subject",
    "answer": "the answer that nginx gives before any check",
    "snippet": "the snippet's check",
}
EVERY_PATH: tuple[Mapping[str, object], ...] = ({}, {"uri": {"prefix": "/"}})
UNKNOWN_PROTECTIONS: tuple[tuple[Protection, ...], ...] = (("snippet",),)


def guards(place: Place, failed: bool) -> tuple[tuple[Protection, ...], ...]:
    """The protections of a location; what can't be worked out counts as a protection.

    ``failed``: a rule failed there, and with it perhaps the translation of a snippet's refusal.
    """
    config, server, location = place.config, place.server, place.location
    try:
        if failed and refused_somewhere(config, server, location):
            return UNKNOWN_PROTECTIONS
        return protections(config, server, location, place.tls)
    except Exception:  # the location may be protected, so it is treated as one that is
        return UNKNOWN_PROTECTIONS


def protecting_key(protection: Protection, place: Place) -> str:
    """The key of the setting that a protection comes from, "" when none is known."""
    keys = KEYS[protection]
    everywhere = (key for key in keys if place.config.configured(key))
    in_force = (key for key in keys if key in place.settings or key in place.server.settings)
    return next(in_force, "") or next(everywhere, "")


def unenforced(
    required: Iterable[tuple[Protection, ...]], place: Place, edits: Sequence[Edit]
) -> tuple[Protection, ...]:
    """The protections that no edit enforces, empty when all are enforced.

    ``edits`` are those of the location and of its host.
    """
    if closed(place.location, edits, place.ports):
        return ()
    enforced = {e.protects for e in edits if isinstance(e, ExtraObject | HostRoute)}
    return tuple(group[0] for group in required if enforced.isdisjoint(group))


def closed(location: Location, edits: Sequence[Edit], ports: Sequence[int]) -> bool:
    """Whether no request of the location reaches a Service."""
    answered = {e.port for e in edits if isinstance(e, RouteBefore | HostRoute) and _answers_all(e)}
    if 0 in answered or answered.issuperset(ports):
        return True
    asks = (isinstance(e, Route) and e.field == "route" for e in edits)
    before = (isinstance(e, RouteBefore) and "route" in e.fields for e in edits)
    return not location.upstream and not any(asks) and not any(before)


def _answers_all(edit: RouteBefore | HostRoute) -> bool:
    whole = edit.match in EVERY_PATH if isinstance(edit, HostRoute) else not edit.match
    return whole and not ANSWERS.isdisjoint(edit.fields)
