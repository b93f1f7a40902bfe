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
from nginx2istio.verify.gateway_view import SCHEMES, GatewayView
from nginx2istio.verify.shapes.names import NameNumbers, Networks

_CERTIFICATES = frozenset({"credentialName", "credentialNames"})


@dataclass(frozen=True, slots=True)
class AtLocation:
    """What all classes of paths of a location share at a scheme: its parts, names and networks."""

    part: int
    lists: int
    names: NameNumbers
    networks: Networks
    copied: bool = False
    """Whether paths only go into redirects."""


def sent_to_https(decisions: HostDecisions, kind: str, location: Location) -> bool:
    """Whether plain requests to a location end at the redirect to https, or before it.

    That is what its first request does: what it meets before would be asked for all else. ``kind``
    is that of the host's name (``choose_server``).
    """
    server, config = decisions.server, decisions.sides.config
    if server.denied or location.slash_redirect or kind == "twin":
        return False
    texts = (str(setting.value) for setting in location.settings.values())
    if any("service_" in text for text in texts):
        return False
    variables = Variables(config, Request(host=decisions.name), EVERYTHING_READY)
    return to_https(Visit(variables, server, location, location.path)) is not None


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
