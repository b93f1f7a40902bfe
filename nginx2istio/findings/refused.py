"""What Istio or Envoy would refuse of the output, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nginx2istio.bridge.place import route_name
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.nginx.model import Location, Origin, Server
from nginx2istio.rule import Message
from nginx2istio.rule.message import Aspect

UNAVAILABLE: frozenset[Aspect] = frozenset(
    {"routing", "path", "status", "redirect", "auth", "access"}
)
ANY_ASPECT: frozenset[Aspect] = UNAVAILABLE | frozenset(
    {
        *("request-headers", "response-headers", "cors", "cookies", "affinity", "body"),
        *("body-limit", "rate-limit", "timeout", "retries", "balancing", "buffering", "tls"),
        *("protocol", "mirror", "waf"),
    }
)
REFUSED_PATH = Message(
    "N2I026",
    "unsupported",
    "error",
    "Path that Envoy would refuse",
    "Istio or Envoy refuses a value that the path {key} needs: {why}. The path answers 503.",
    "Correct or shorten the value, or configure the path by hand.",
    UNAVAILABLE,
)
REFUSED_HOST = Message(
    "N2I027",
    "unsupported",
    "error",
    "Host that Istio would refuse",
    "Istio or Envoy refuses a value that the host {key} needs: {why}. The whole host {result}.",
    "Correct or shorten the value, or configure the host by hand.",
    UNAVAILABLE,
)
REFUSED_PART = Message(
    "N2I028",
    "unsupported",
    "error",
    "Object that Istio would refuse",
    "Istio or Envoy refuses a part of {key}: {why}. The part is left out.",
    "Correct or shorten the value, or configure its purpose by hand.",
    ANY_ASPECT,
)
MESSAGES = (REFUSED_PATH, REFUSED_HOST, REFUSED_PART)


def refused_path(server: Server, route: str, why: str) -> Iterator[PlacedFinding]:
    """That the locations of a server whose routes have this name answer 503."""
    for location in locations(server, route):
        hosts = (server.host, *server.aliases)
        key = location.declared
        yield placed(REFUSED_PATH, location.ingress, hosts, location.declared, key=key, why=why)


def refused_host(server: Server, why: str, result: str, name: str = "") -> PlacedFinding:
    """That a host is not served, or one of its names alone."""
    hosts = (name,) if name else (server.host, *server.aliases)
    return placed(REFUSED_HOST, _origin(server), hosts, key=hosts[0], why=why, result=result)


def refused_part(part: str, servers: Iterable[Server], why: str) -> PlacedFinding:
    """That something is left out that belongs to some servers; to all, when there are none."""
    servers = tuple(servers)
    hosts = tuple(name for server in servers for name in (server.host, *server.aliases))
    origin = _origin(servers[0]) if servers else Origin("default")
    return placed(REFUSED_PART, origin, hosts or ("*",), key=part, why=why)


def locations(server: Server, route: str) -> Iterator[Location]:
    """The locations of a server by the name of their routes, each declared path once."""
    named = {x.declared: x for x in reversed(server.locations) if route_name(x) == route}
    yield from named.values()


def _origin(server: Server) -> Origin:
    return server.ingresses[0] if server.ingresses else Origin()
