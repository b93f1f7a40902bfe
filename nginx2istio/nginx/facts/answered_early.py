"""What nginx answers before it checks the client: redirects, preflights, refusals.

nginx's phases decide: a location's ``return`` and the controller's Lua (rewrite phase) come before
limits (preaccess), and those before lists, credentials and external auth (access).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nginx2istio.base.memo import memo
from nginx2istio.nginx.build.certificates import covers
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.headers import snippets
from nginx2istio.nginx.facts.snippet import parse_snippet
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Server, Upstream


@dataclass(frozen=True, slots=True)
class Early:
    """Which requests of a location are answered before the access phase.

    ``always``: all of them. ``origins``: OPTIONS from these origins (enable-cors), ``*`` from any
    or none. ``to_https``: the names of the host under which plain HTTP is redirected.
    """

    always: bool = False
    origins: tuple[str, ...] = ()
    to_https: tuple[str, ...] = ()


def certified(server: Server, name: str) -> bool:
    """Whether nginx has a certificate for a name of this host, as far as can be known.

    That of the catch-all is the certificate of no name that a client asks for
    (``get_pem_cert_uid``).
    """
    certificate = server.certificate
    if certificate is None or name == DEFAULT_SERVER:
        return False
    return name == server.host or any(covers(n, name) for n in certificate.names)


@memo
def early(config: NginxConfig, server: Server, location: Location) -> Early:
    """What of a location's requests nginx answers without checking the client."""
    if _answers_all(server, location, config.upstreams) or _returns(server, location, config):
        return Early(always=True)
    listed = config.in_force(location, "cors-allow-origin")
    shared = config.in_force(location, "enable-cors") and isinstance(listed, tuple)
    return Early(
        origins=tuple(map(str, listed)) if shared and isinstance(listed, tuple) else (),
        to_https=_to_https(server, location, config),
    )


def _answers_all(server: Server, location: Location, upstreams: Mapping[str, Upstream]) -> bool:
    """Whether no request of the location gets as far as a backend.

    Without endpoints the controller's Lua answers 503 in the rewrite phase (``balancer.rewrite``).
    """
    settings = location.settings
    if location.slash_redirect or location.denied or server.denied:
        return True
    if settings.keys() & {"permanent-redirect", "temporal-redirect"}:
        return True
    target = settings.get("rewrite-target")
    if target and str(target.value).startswith(("http://", "https://", "$scheme")):
        return True
    upstream = upstreams.get(location.upstream)
    return bool(upstream and upstream.unavailable and "default-backend" not in settings)


def _returns(server: Server, location: Location, config: NginxConfig) -> bool:
    """Whether a snippet of the location or its host answers every request with a ``return``."""
    for level in ("server", "location"):
        names = (
            directive.name
            for _, setting in snippets(config, server, location, level)
            for directive in parse_snippet(setting.text).directives
        )
        # A break ends what the rewrite module does at its level.
        if next((name for name in names if name in ("return", "break")), "") == "return":
            return True
    return False


def _to_https(server: Server, location: Location, config: NginxConfig) -> tuple[str, ...]:
    """The names of the host under which the location redirects plain HTTP (``ngx_rewrite.lua``)."""
    if config.exempts("no-tls-redirect-locations", location.path):
        return ()
    names = (server.host, *server.aliases)
    if config.in_force(location, "force-ssl-redirect"):
        return names
    if not config.in_force(location, "ssl-redirect"):
        return ()
    return tuple(name for name in names if certified(server, name))
