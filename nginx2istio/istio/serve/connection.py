"""The connection to a gateway: which server takes it, and whether the handshake succeeds."""

from __future__ import annotations

from fractions import Fraction

from nginx2istio.base.outcome import ASPECTS, Outcome, Request, TraceStep, World
from nginx2istio.istio.serve.gateway_config import GatewayConfig, GatewayServer, most_specific
from nginx2istio.istio.serve.manager import ended
from nginx2istio.istio.serve.router import destination_name


def chosen_server(config: GatewayConfig, request: Request) -> GatewayServer | None:
    """The server whose hosts have the name of the handshake."""
    by_host = config.servers_by_name.get(443, {})
    chosen = most_specific(by_host, (request.sni or "").lower())
    return by_host[chosen] if chosen else None


def refused_handshake(server: GatewayServer, request: Request, world: World) -> str:
    """Why a handshake fails, "" where it succeeds."""
    names = server.tls.get("credentialNames") or [server.tls.get("credentialName", "")]
    if all(name in world.missing_secrets for name in names):
        return f"Secret {names[0]} does not exist"
    authority = server.tls.get("caCertCredentialName", "")
    if authority in world.missing_secrets:
        return f"Secret {authority} does not exist"
    mode = server.tls.get("mode")
    if mode == "MUTUAL" and request.certificate != "valid":
        return "no valid client certificate"
    if mode == "OPTIONAL_MUTUAL" and request.certificate == "other":
        return "the client certificate is not valid"
    return ""


def passed_on(config: GatewayConfig, server: GatewayServer, request: Request) -> Outcome:
    """A connection that goes on unopened."""
    name = request.sni or request.host
    for route in config.tls_routes(server):
        if any(name in match.get("sniHosts", ()) for match in route.get("match", ())):
            target = destination_name(route["route"][0]["destination"])
            others = frozenset(a for a in ASPECTS if a != "routing")
            return Outcome(
                backends={target: Fraction(1)},
                unknown=others,
                trace=(TraceStep("connection", f"passed on to {target}"),),
            )
    return ended(0, "no route for the name in the handshake")
