"""What an Istio gateway does with a request: the objects, followed in Envoy's order.

Reads only what a user would apply. EnvoyFilters of this tool are followed, others make unknown
what they can touch. Knows nothing of nginx.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from nginx2istio.base.outcome import (
    ASPECTS,
    EVERYTHING_READY,
    Outcome,
    Request,
    TraceStep,
    World,
)
from nginx2istio.istio.objects import NO_TLS_MODE
from nginx2istio.istio.serve.chain import filter_chain, through
from nginx2istio.istio.serve.connection import chosen_server, passed_on, refused_handshake
from nginx2istio.istio.serve.filters.opaque import Passed
from nginx2istio.istio.serve.gateway_config import (
    GatewayConfig,
    GatewayServer,
    most_specific,
)
from nginx2istio.istio.serve.manager import arrived_request, ended
from nginx2istio.istio.serve.matching import Arrived, RefusedByEnvoy, matcher
from nginx2istio.istio.serve.pilot.joined_hosts import RoutedHost
from nginx2istio.istio.serve.settings import settings_of_route, settings_of_server
from nginx2istio.istio.serve.stream import HttpFilter, Stream

NOT_FOLLOWED = "EnvoyFilter"
"""The phase of a trace's step for EnvoyFilters that are not followed."""


def serve_as_istio(
    config: GatewayConfig, request: Request, world: World = EVERYTHING_READY
) -> Outcome:
    """What becomes of a request at the gateway."""
    port = 443 if request.scheme == "https" else 80
    server = chosen_server(config, request) if port == 443 else None
    end = _without_request(config, server, request, world)
    if end is not None:
        return _with_unknown(config, end, Passed(port, ends=True))
    hosts = config.hosts_of(server) if server else config.plain_hosts
    arrived = arrived_request(config, request, port)
    if isinstance(arrived, Outcome):
        return _with_unknown(config, arrived, Passed(port))
    domain = most_specific(hosts, arrived.host)
    if domain is None:
        answer = _for_others(config, server, arrived)
        if answer is not None:
            return _with_unknown(config, answer, Passed(port))
    try:
        outcome = _routed(config, world, arrived, hosts[domain] if domain else None)
    except RefusedByEnvoy as refused:
        return ended(0, f"Envoy refuses the routes: {refused}")
    return replace(outcome, settings={**settings_of_server(server), **outcome.settings})


def _without_request(
    config: GatewayConfig, server: GatewayServer | None, request: Request, world: World
) -> Outcome | None:
    """What becomes of a connection that is not opened here; None where a request is read."""
    if request.scheme == "http":
        return None if config.servers_at.get(80) else ended(0, "no listener for http")
    if not config.servers_at.get(443):
        return ended(0, "no listener for https")
    if server is None:
        return ended(0, "no server for the name in the handshake")
    if server.tls.get("mode", NO_TLS_MODE) == "PASSTHROUGH":
        return passed_on(config, server, request)
    refusal = refused_handshake(server, request, world)
    return ended(0, refusal) if refusal else None


def _routed(
    config: GatewayConfig, world: World, arrived: Arrived, host: RoutedHost | None
) -> Outcome:
    """The answer by a virtual host, or where there is none."""
    stream = Stream(config, world, arrived, host)
    stream.choose_route()
    outcome = through(_chain(config), stream)
    text = f"VirtualService {host.service}" if host else "no VirtualService"
    step = TraceStep("host", text, host.domain.lower() if host else "")
    settings = settings_of_route(config, stream.route, stream.patch)
    if host and host.unsure:
        settings = {**settings, "routing": f"only at pods with the labels {dict(host.unsure)}"}
    outcome = replace(outcome, trace=(step, *outcome.trace), settings=settings)
    if not config.patches.opaque:
        return outcome
    destinations = frozenset(_destinations(stream))
    domain = host.domain if host else ""
    passed = Passed(arrived.port, domain, frozenset(stream.routes), destinations)
    return _with_unknown(config, outcome, passed)


def _chain(config: GatewayConfig) -> Sequence[HttpFilter]:
    """The filters of a gateway, made once."""
    chain = config.chains.get("http")
    if chain is None:
        chain = config.chains["http"] = filter_chain(config)
    return chain


def _destinations(stream: Stream) -> Iterable[tuple[str, int]]:
    for destination in (stream.route or {}).get("route", ()):
        target = destination["destination"]
        yield target["host"], int(target.get("port", {}).get("number", 0))


def _for_others(
    config: GatewayConfig, server: GatewayServer | None, arrived: Arrived
) -> Outcome | None:
    """The answer for a host of which the server has no virtual host, by an EnvoyFilter."""
    for added in config.patches.hosts:
        if server is None or added.port != arrived.port or added.gateway != server.gateway:
            continue
        for pattern, status in added.answers:
            if matcher(pattern).fullmatch(arrived.authority):
                step = TraceStep("host", f"answers {status}", "EnvoyFilter")
                return Outcome(status, "routing" if status == 404 else "status", trace=(step,))
    return None


def _with_unknown(config: GatewayConfig, outcome: Outcome, passed: Passed) -> Outcome:
    """The outcome, of which nothing is known where a patch that is not followed can touch it."""
    by = dict.fromkeys(each.by for each in config.patches.opaque if each.touches(passed))
    if not by:
        return outcome
    step = TraceStep(NOT_FOLLOWED, "what it changes is not known", ", ".join(by))
    return replace(outcome, unknown=frozenset(ASPECTS), trace=(*outcome.trace, step))
