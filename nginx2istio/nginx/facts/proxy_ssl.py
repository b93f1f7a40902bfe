"""How nginx speaks TLS to the backends of a server as a whole."""

from __future__ import annotations

from collections.abc import Mapping

from nginx2istio.base.memo import memo
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Server, Setting


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
