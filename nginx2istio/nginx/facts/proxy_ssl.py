"""How nginx speaks TLS to the backends of a server as a whole."""

from __future__ import annotations

from collections.abc import Mapping

from nginx2istio.base.memo import memo
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.headers import snippets
from nginx2istio.nginx.facts.snippet import parse_snippet
from nginx2istio.nginx.model import Location, Server, Setting


@memo
def proxy_ssl_of_host(config: NginxConfig, server: Server) -> Mapping[str, Setting]:
    """The settings of the first Ingress of a host that names a Secret (``getBackendServers``)."""
    by_ingress = {
        location.ingress.object: location.settings
        for location in server.locations
        if "proxy-ssl-secret" in location.settings
    }
    order = {origin.object: i for i, origin in reversed([*enumerate(server.ingresses)])}
    first = min(by_ingress, key=lambda name: order.get(name, len(order)), default=None)
    return by_ingress[first] if first else {}


def name_in_snippets(config: NginxConfig, server: Server, location: Location) -> str:
    """The server name (SNI) that snippets send to a backend, with nginx's variables; "" for none.

    The annotations do so only with ``proxy-ssl-secret``.
    """
    written = {"proxy_ssl_name": "upstream_balancer", "proxy_ssl_server_name": "off"}
    for level in ("server", "location"):
        for _, setting in snippets(config, server, location, level):
            for directive in parse_snippet(setting.text).directives:
                if directive.name in written and len(directive.args) == 1:
                    written[directive.name] = directive.args[0]
    return written["proxy_ssl_name"] if written["proxy_ssl_server_name"] == "on" else ""


def speaks_tls(config: NginxConfig, location: Location) -> bool:
    """Whether proxy_pass opens TLS to the backend; grpc_pass has directives of its own."""
    protocol = str(config.in_force(location, "backend-protocol") or "").upper()
    return protocol in ("HTTPS", "AUTO_HTTP")
