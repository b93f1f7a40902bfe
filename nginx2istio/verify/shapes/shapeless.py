"""Hosts whose classes of paths have shapes: all but those at which something could tell names."""

from __future__ import annotations

import re

from nginx2istio.nginx.model import DEFAULT_SERVER
from nginx2istio.nginx.serve.choose import choose_server
from nginx2istio.verify.decisions import HostDecisions
from nginx2istio.verify.gateway_view import SCHEMES
from nginx2istio.verify.sides import Sides

_LOOKING = re.compile("snippet|secret|backend$|custom-headers|auth-|mirror|x-forwarded-prefix")
"""Settings that name other objects, or that look at the host as a text."""
_FOLLOWED = frozenset(
    {
        *("auth-type", "auth-realm", "auth-secret", "auth-secret-type"),
        *("auth-url", "auth-signin", "auth-signin-redirect-param", "auth-method"),
        *("auth-response-headers", "auth-request-redirect", "auth-always-set-cookie"),
        *("auth-tls-secret", "auth-tls-verify-client", "auth-tls-verify-depth"),
        *("auth-tls-pass-certificate-to-upstream", "default-backend"),
        *("mirror-target", "mirror-host", "mirror-request-body"),
    }
)
"""Those of them that the parts of locations have, where no EnvoyFilter asks anybody."""


def has_shapes(sides: Sides, decisions: HostDecisions, filters: bool) -> bool:
    """Whether the classes of a host have shapes. ``filters``: whether there are EnvoyFilters."""
    server, name = decisions.server, decisions.name
    if server.host == DEFAULT_SERVER or server.wildcard or server.aliases:
        return False
    if server.passthrough or (server.denied and filters):
        return False
    if choose_server(sides.config, name)[0] is not server:
        return False
    if sides.declared.hosts_of(name) != {server.host}:
        return False
    settings = (server.settings, *(each.settings for each in server.locations))
    for each in settings:
        looking = [key for key in each if _LOOKING.search(key)]
        if looking and (filters or not _FOLLOWED.issuperset(looking)):
            return False
        if "auth-url" in each and "$" in str(each["auth-url"].value):
            return False
    for view in decisions.gateways:
        plain, secure = (view.hosts[scheme] for scheme in SCHEMES)
        if plain is None or plain.domain.lower() != name:
            return False
        if view.server and (secure is None or secure.domain.lower() != name):
            return False
        if plain.unsure or (secure and secure.unsure):
            return False
    return True
