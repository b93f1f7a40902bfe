"""What all classes of paths of a host, or of a location, share in their shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nginx2istio.base.outcome import EVERYTHING_READY, Request
from nginx2istio.nginx.model import Location
from nginx2istio.nginx.serve.location_phases import to_https
from nginx2istio.nginx.serve.variables import Variables
from nginx2istio.nginx.serve.visit import Visit
from nginx2istio.verify.decisions import HostDecisions
from nginx2istio.verify.gateway_view import SCHEMES, GatewayView, Scheme
from nginx2istio.verify.shapes.names import NameNumbers, Networks

_CERTIFICATES = frozenset({"credentialName", "credentialNames"})


@dataclass(frozen=True, slots=True)
class AtLocation:
    """What all classes of paths of a location share at a scheme: its parts, names and networks."""

    part: int
    lists: int
    names: NameNumbers
    networks: Networks
    sizes: tuple[int, ...]
    """Those of the bodies that are asked for, in bytes."""
    copied: bool = False
    """Whether paths only go into redirects."""
    passed: bool = False
    """Whether nginx puts no part of a path into an answer."""


def sent_to_https(decisions: HostDecisions, kind: str, location: Location) -> bool:
    """Whether plain requests to a location end at the redirect to https, or before it.

    That is what its first request does: what it meets before would be asked for all else. ``kind``
    is that of the host's name (``choose_server``).
    """
    if decisions.server.denied or location.slash_redirect or kind == "twin":
        return False
    texts = (str(setting.value) for setting in location.settings.values())
    if any("service_" in text for text in texts):
        return False
    return _redirected(decisions, location)


def puts_path_into_answers(
    decisions: HostDecisions, kind: str, location: Location, scheme: Scheme
) -> bool:
    """Whether nginx may put a part of a path, or what it has of slashes, into an answer."""
    config = decisions.sides.config
    upstream = config.upstreams.get(location.upstream)
    sticky = upstream is not None and upstream.affinity is not None  # whose cookie has a path
    if sticky or location.slash_redirect or kind == "twin":
        return True
    plain = scheme == "http" or config.controller.on("use-forwarded-headers")
    return plain and _redirected(decisions, location)


def _redirected(decisions: HostDecisions, location: Location) -> bool:
    request = Request(host=decisions.name)
    variables = Variables(decisions.sides.config, request, EVERYTHING_READY)
    return to_https(Visit(variables, decisions.server, location, location.path)) is not None


def gateway_part(view: GatewayView, names: NameNumbers, judged: bool) -> Sequence[object]:
    """``judged``: with the names of certificates, which no answer shows where all exist."""
    tls = view.server and view.server.tls
    if tls and not judged:
        tls = {key: value for key, value in tls.items() if key not in _CERTIFICATES}
    hosts = (view.hosts[scheme] for scheme in SCHEMES)
    return (
        tls if tls is None else names.value(tls, "tls"),
        [host and host.to_https for host in hosts],
        sorted(view.config.policies_of),
    )
