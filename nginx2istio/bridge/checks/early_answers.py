"""What nginx answers before it checks anything: CORS preflights and the redirect to https.

The gateway's routes answer these, so the auth service lets them through.
"""

from __future__ import annotations

from collections.abc import Iterator

from nginx2istio.bridge.checks.nginx_text import unreadable, variable_map, variable_part
from nginx2istio.bridge.names import own_pattern
from nginx2istio.istio.objects import short_hash
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.answered_early import early
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Server
from nginx2istio.nginx.values.origins import origin_pattern

TLS_HEADER = "X-Nginx2istio-Tls"
"""Names the version of TLS, by which the gateway got the request; absent or ``-`` without TLS."""


def early_directives(
    config: NginxConfig, server: Server, location: Location, number: int
) -> Iterator[str]:
    """Directives of a location, the ``number``th of its host, that let these through.

    Each returns at once: an ``if`` that goes on would lose what follows it.
    """
    before = early(config, server, location)
    if before.origins == ("*",):
        yield "if ($request_method = OPTIONS) { return 200; }"
    elif before.origins:
        yield f"if ($preflight_{_id(server, number)}) {{ return 200; }}"
    if before.to_https and server.host != DEFAULT_SERVER:
        yield f"if ($redirected_{_id(server, number)}) {{ return 200; }}"


def early_maps(
    config: NginxConfig, server: Server, location: Location, number: int
) -> Iterator[str]:
    """The variables of these directives, for the http level."""
    before = early(config, server, location)
    if before.origins and before.origins != ("*",):
        patterns = [f"^OPTIONS .*{origin_pattern(origin)}$" for origin in before.origins]
        listed = [f'"~*{p}" 1' for p in patterns if not unreadable(p)] + ['default ""']
        yield from variable_map(
            '"$request_method $http_origin"', f"$preflight_{_id(server, number)}", listed
        )
    if before.to_https and server.host != DEFAULT_SERVER:
        # As the policies and the routes behind them tell plain HTTP (``ProtectionPlan``).
        forwarded = config.controller.on("use-forwarded-headers")
        scheme = "x_forwarded_proto" if forwarded else variable_part(TLS_HEADER)
        plain = "http" if forwarded else "(-|)"
        patterns = [f"^{plain} {own_pattern(server, name)}$" for name in before.to_https]
        listed = [f'"~*{p}" 1' for p in patterns if not unreadable(p)] + ['default ""']
        yield from variable_map(
            f'"$http_{scheme} $host"', f"$redirected_{_id(server, number)}", listed
        )


def _id(server: Server, number: int) -> str:
    """What tells a location apart in the name of a variable."""
    return f"{short_hash(server.host)}_{number}"
