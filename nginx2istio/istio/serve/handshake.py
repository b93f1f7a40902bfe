"""The TLS handshake at a gateway: which server takes it, and what it asks of the client."""

from __future__ import annotations

import re

from nginx2istio.base.outcome import Request, World
from nginx2istio.istio.serve.gateway_config import GatewayServer, most_specific


def server_by_name(servers: list[GatewayServer], request: Request) -> GatewayServer | None:
    """The server whose hosts have the name of the handshake (``filter_chain_match``)."""
    name = (
        request.sni.lower()
        if request.sni is not None
        else re.sub(r":\d+$", "", request.host.lower())
    )
    by_host = {host.lower(): server for server in servers for _, host in server.hosts}
    chosen = most_specific(by_host, name)
    return by_host[chosen] if chosen else None


def handshake_refusal(server: GatewayServer, request: Request, world: World) -> str:
    """Why a TLS handshake fails at a server, "" where it does not."""
    names = server.tls.get("credentialNames") or [server.tls.get("credentialName", "")]
    if all(name in world.missing_secrets for name in names):
        return f"Secret {names[0]} does not exist"
    mode = server.tls.get("mode")
    if mode == "MUTUAL" and request.certificate != "valid":
        return "no valid client certificate"
    if mode == "OPTIONAL_MUTUAL" and request.certificate == "other":
        return "the client certificate is not valid"
    return ""
