"""What an Istio gateway does with a request: the objects, followed in Envoy's order.

Reads only what a user would apply, but no EnvoyFilter: what these change is not followed. Knows
nothing of nginx.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

from nginx2istio.base.outcome import (
    ASPECTS,
    EVERYTHING_READY,
    SOME_CERTIFICATE,
    Aspect,
    Headers,
    Outcome,
    Request,
    TraceStep,
    World,
)
from nginx2istio.istio.serve.gateway_config import (
    GatewayConfig,
    GatewayServer,
    Json,
    RoutedHost,
    most_specific,
)
from nginx2istio.istio.serve.matching import Arrived, route_fits
from nginx2istio.istio.serve.normalize import NotNormalizable, normalized_target
from nginx2istio.istio.serve.policies import PolicyNotRead, of_action, policy_fits
from nginx2istio.istio.serve.router import (
    cors_origin,
    destination_name,
    hash_cookie,
    response_headers,
    routed,
)
from nginx2istio.istio.serve.settings import settings_of_route, settings_of_server


def serve_as_istio(
    config: GatewayConfig, request: Request, world: World = EVERYTHING_READY
) -> Outcome:
    """What becomes of a request at the gateway."""
    port = 443 if request.scheme == "https" else 80
    servers = [s for s in config.servers if s.port == port]
    settings: dict[Aspect, str] = {}
    if not servers:
        return _ended(0, f"no listener for {request.scheme}")
    if request.scheme == "https":
        server = _by_name(servers, request)
        if server is None:
            return _ended(0, "no server for the name in the handshake")
        if server.tls.get("mode") == "PASSTHROUGH":
            return _passed_on(config, server, request)
        refusal = _handshake(server, request, world)
        if refusal:
            return _ended(0, refusal)
        servers, settings = [server], settings_of_server(server)
    try:
        target = normalized_target(request.target, _normalization(config))
    except NotNormalizable:
        return _own(400, "the path can't be normalized")
    if request.http == "1.0":
        return _own(426, "HTTP/1.0")
    arrived = _arrived(config, request, target, port)
    if not arrived.host:
        return _own(400, "no host")
    hosts = config.hosts_at(servers)
    domain = most_specific(hosts, arrived.host)
    virtual_host = hosts[domain] if domain else None
    route = _route(virtual_host, arrived)
    outcome = _filtered(config, world, arrived, route)
    text = f"VirtualService {virtual_host.service}" if virtual_host else "no VirtualService"
    return replace(
        outcome,
        trace=(TraceStep("host", text, domain or ""), *outcome.trace),
        settings={**settings, **outcome.settings},
    )


def _arrived(config: GatewayConfig, request: Request, target: str, port: int) -> Arrived:
    """The request after the connection manager (``mutateRequestHeaders``)."""
    topology = config.mesh.get("defaultConfig", {}).get("gatewayTopology", {})
    hops = int(topology.get("numTrustedProxies", 0))
    source = request.source
    forwarded = (request.header("x-forwarded-for") or "").replace(" ", "").split(",")
    if hops and len(forwarded) >= hops and forwarded[-hops]:
        source = forwarded[-hops]
    shown = request.scheme == "https" and request.certificate != "none"
    certificate = ""
    if shown and topology.get("forwardClientCertDetails") == "SANITIZE_SET":
        certificate = f'Hash=0;Cert="{SOME_CERTIFICATE}";Subject="{request.subject}"'
    return Arrived(request, target, port, source, hops > 0, certificate)


def _own(status: int, text: str) -> Outcome:
    return Outcome(status=status, aspect="status", trace=(TraceStep("connection", text),))


def _ended(status: int, text: str) -> Outcome:
    return Outcome(status=status, aspect="tls", trace=(TraceStep("connection", text),))


def _by_name(servers: list[GatewayServer], request: Request) -> GatewayServer | None:
    """The server whose hosts have the name of the handshake (``filter_chain_match``)."""
    name = (
        request.sni.lower()
        if request.sni is not None
        else re.sub(r":\d+$", "", request.host.lower())
    )
    by_host = {host.lower(): server for server in servers for _, host in server.hosts}
    chosen = most_specific(by_host, name)
    return by_host[chosen] if chosen else None


def _handshake(server: GatewayServer, request: Request, world: World) -> str:
    names = server.tls.get("credentialNames") or [server.tls.get("credentialName", "")]
    if all(name in world.missing_secrets for name in names):
        return f"Secret {names[0]} does not exist"
    mode = server.tls.get("mode")
    if mode == "MUTUAL" and request.certificate != "valid":
        return "no valid client certificate"
    if mode == "OPTIONAL_MUTUAL" and request.certificate == "other":
        return "the client certificate is not valid"
    return ""


def _passed_on(config: GatewayConfig, server: GatewayServer, request: Request) -> Outcome:
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
    return _ended(0, "no route for the name in the handshake")


def _normalization(config: GatewayConfig) -> str:
    return str(config.mesh.get("pathNormalization", {}).get("normalization", "BASE"))


def _route(host: RoutedHost | None, arrived: Arrived) -> Json | None:
    if host is None:
        return None
    return next((r for r in host.routes if route_fits(r, arrived)), None)


def _filtered(config: GatewayConfig, world: World, arrived: Arrived, route: Json | None) -> Outcome:
    """Authorization, CORS, the router."""
    steps: list[TraceStep] = []
    identity: Headers = ()
    try:
        for policy in of_action(config.policies, "CUSTOM"):
            if not policy_fits(policy, arrived):
                continue
            provider = _provider(config, policy)
            denial = _asked(arrived, provider, policy)
            if denial is not None:
                return _refused(arrived, route, denial)
            passed = provider.get("headersToUpstreamOnAllow", ())
            identity = tuple(
                (n, v)
                for n, v in arrived.request.auth_headers
                if n.lower() in [p.lower() for p in passed]
            )
            steps.append(TraceStep("authorization", "the service lets it pass", _name(policy)))
        for policy in of_action(config.policies, "DENY"):
            if policy_fits(policy, arrived):
                step = TraceStep("authorization", "denied", _name(policy))
                return _refused(arrived, route, Outcome(403, "access", trace=(step,)))
        allowing = list(of_action(config.policies, "ALLOW"))
        if allowing and not any(policy_fits(policy, arrived) for policy in allowing):
            step = TraceStep("authorization", "no policy allows it")
            return _refused(arrived, route, Outcome(403, "access", trace=(step,)))
    except PolicyNotRead:
        return Outcome(status=403, aspect="access", unknown=frozenset(ASPECTS))
    if route is None:
        return Outcome(status=404, aspect="routing", trace=(*steps, TraceStep("route", "no route")))
    policy = route.get("corsPolicy", {})
    origin = cors_origin(policy, arrived)
    if (
        origin
        and arrived.request.method == "OPTIONS"
        and "access-control-request-method" in arrived.headers
    ):
        step = TraceStep("cors", "a preflight", str(route.get("name", "")))
        return Outcome(
            status=200,
            aspect="cors",
            trace=(step,),
            response_headers=tuple(_preflight(policy, origin)),
        )
    outcome = routed(world, arrived, route, identity)
    return _answered(config, arrived, route, outcome, policy, origin)


def _refused(arrived: Arrived, route: Json | None, outcome: Outcome) -> Outcome:
    """A refusal by a policy: it has the headers that the route sets on answers."""
    levels = (route,) if route else ()
    fields, unknown = response_headers(
        arrived, levels, list(outcome.response_headers), outcome.status or 0
    )
    more: frozenset[Any] = frozenset({"response-headers"}) if unknown else frozenset()
    return replace(outcome, response_headers=tuple(fields), unknown=outcome.unknown | more)


def _provider(config: GatewayConfig, policy: Json) -> Json:
    name = policy["spec"]["provider"]["name"]
    for provider in config.mesh.get("extensionProviders", ()):
        if provider["name"] == name:
            settings: Json = provider.get("envoyExtAuthzHttp", {})
            return settings
    return {}


def _asked(arrived: Arrived, provider: Json, policy: Json) -> Outcome | None:
    """The denial of an external authorization; None where it allows. Without a provider: 403."""
    request = arrived.request
    step = TraceStep("authorization", f"the service answers {request.auth_status}", _name(policy))
    if not provider:
        return Outcome(status=403, aspect="auth", trace=(step,))
    if request.auth_status == 200:
        return None
    passed = ["location", *(h.lower() for h in provider.get("headersToDownstreamOnDeny", ()))]
    passed_on = tuple((n.lower(), v) for n, v in request.auth_headers if n.lower() in passed)
    location = next((v for n, v in passed_on if n == "location"), "")
    return Outcome(
        status=request.auth_status,
        aspect="redirect" if location else "auth",
        location=location,
        response_headers=passed_on,
        trace=(step,),
    )


def _name(policy: Json) -> str:
    return f"{policy['metadata']['namespace']}/{policy['metadata']['name']}"


def _preflight(policy: Json, origin: str) -> list[tuple[str, str]]:
    fields = [("access-control-allow-origin", origin)]
    if policy.get("allowCredentials"):
        fields.append(("access-control-allow-credentials", "true"))
    for key, name in (("allowMethods", "methods"), ("allowHeaders", "headers")):
        if policy.get(key):
            fields.append((f"access-control-allow-{name}", ",".join(policy[key])))
    if policy.get("maxAge"):
        fields.append(("access-control-max-age", str(policy["maxAge"]).rstrip("s")))
    return fields


def _answered(
    config: GatewayConfig,
    arrived: Arrived,
    route: Json,
    outcome: Outcome,
    policy: Json,
    origin: str,
) -> Outcome:
    """The outcome with the headers of the answer."""
    request = arrived.request
    fields: list[tuple[str, str]] = []
    status = request.backend_status if outcome.status is None else outcome.status
    levels: tuple[Json, ...] = (route,)
    if outcome.status is None:
        fields = [
            (n.lower(), v) for n, v in request.backend_headers if n.lower() not in _NOT_PASSED
        ]
        cookie = hash_cookie(config, arrived, route)
        if cookie:
            fields.append(("set-cookie", cookie))
        levels = (*route.get("route", ())[:1], route)
        if origin:
            fields = [(n, v) for n, v in fields if not n.startswith("access-control-allow-origin")]
            fields.append(("access-control-allow-origin", origin))
            if policy.get("allowCredentials"):
                fields.append(("access-control-allow-credentials", "true"))
            if policy.get("exposeHeaders"):
                fields.append(("access-control-expose-headers", ",".join(policy["exposeHeaders"])))
    elif outcome.location:
        fields = [("location", outcome.location)]
    fields, unknown = response_headers(arrived, levels, fields, status)
    location = next((v for n, v in fields if n == "location"), "") if outcome.status else ""
    more: frozenset[Any] = frozenset({"response-headers"}) if unknown else frozenset()
    return replace(
        outcome,
        location=location,
        aspect="redirect" if location else outcome.aspect,
        response_headers=tuple(fields),
        unknown=outcome.unknown | more,
        settings=settings_of_route(config, route),
    )


_NOT_PASSED = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date"})
