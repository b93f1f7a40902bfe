"""Hosts and paths: what nginx answers by itself, before any annotation counts."""

import re
from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.rule import Edit, Finding, Here, Message, Phase, front, rule, variant

NO_ENDPOINTS = Message(
    "N2I101",
    "translated",
    "error",
    "{why}: nginx answers 503 on this path, and so does the conversion",
    "delete the path, or create the Service and convert again",
)
NAMED_PORT = Message(
    "N2I102",
    "approximated",
    "warning",
    "the port {port} of Service {service} can't be resolved, as the Service is not among the input",
    "add the Services to the input (kubectl get service,ingress -A -o yaml)",
    frozenset({"routing"}),
)


RELATIVE = Message(
    "N2I103",
    "approximated",
    "info",
    "with relative-redirects nginx redirects to the bare path {path}; Envoy names the host too",
    "nothing: clients end up at the same address",
    frozenset({"redirect"}),
)
HTTP2_PORT = Message(
    "N2I105",
    "approximated",
    "warning",
    "the port of Service {service} is called {said}, by which Istio speaks HTTP/2 to it; nginx "
    "speaks HTTP/1.1",
    "rename the port, or set its appProtocol to http, if the back end has no HTTP/2",
    frozenset({"protocol"}),
)
HEALTH = Message(
    "N2I104",
    "unsupported",
    "info",
    "nginx answers 200 to /healthz under any host that no Ingress names; the new gateway has a "
    "readiness port of its own (15021, /healthz/ready)",
    "point the load balancer's health check at the gateway's status port",
    frozenset({"routing", "status"}),
)

HTTP2 = re.compile(r"(grpc|http2|kubernetes\.io/h2c)(-|$)")
GRPC = ("GRPC", "GRPCS")


@rule("health", scope="once", when="always")
def health(here: Here) -> Iterator[Edit | Finding]:
    """`/healthz` of unknown hosts belongs to nginx itself."""
    if not any(s.host == "_" for s in here.config.servers):
        yield replace(HEALTH.about(""), everywhere="all", path="/healthz")


@rule("health-catch-all", scope="server", when="always")
def health_of_catch_all(here: Here) -> Iterator[Edit | Finding]:
    """Where an Ingress takes unknown hosts, the route for them says what nginx says."""
    if here.server.host == "_" and any(x.path == "/" for x in here.server.locations):
        health = {"uri": {"exact": "/healthz"}}
        yield front(Phase.SERVER, health, directResponse={"status": 200})


@rule("coalescing", scope="server", when="always")
def coalescing(here: Here) -> Iterator[Edit | Finding]:
    """A browser may use a connection to `*.x` for `a.x` as well, if one certificate is for both.

    The exact host's routes are in another Gateway: 421 makes the browser open a connection anew.
    """
    if not (here.server.wildcard and here.tls):
        return
    for other in here.config.under.get(here.server.host.removeprefix("*."), ()):
        if other.certificate:
            match = {"authority": {"regex": f"(?i){re.escape(other.host)}(:[0-9]+)?"}}
            yield front(Phase.SERVER, match, port=443, directResponse={"status": 421})


@rule("path-itself", when="always", reads=("relative-redirects",))
def decided_by_path(here: Here) -> Iterator[Edit | Finding]:
    """Nginx sends `/x` to `/x/` by itself where only `/x/` is a location: 301, query kept.

    Envoy has no such habit: a redirect route says it. An annotation that the controller can't use
    makes a location answer 503.
    """
    location = here.location
    if location.denied:
        yield variant(Phase.RETURN, directResponse={"status": 503})
    if location.slash_redirect:
        to = {"uri": location.path + "/", "redirectCode": 301}
        if here.own_host == here.server.host:
            to["authority"] = here.server.host  # nginx drops the port of the Host header
        yield variant(Phase.FIND, redirect=to)
        if here["relative-redirects"]:
            yield RELATIVE.about("", path=location.path + "/")


@rule("path-backend", when="always", reads=("backend-protocol", "default-backend"))
def no_endpoints(here: Here) -> Iterator[Edit | Finding]:
    """A path whose Service or port does not exist is answered 503 by nginx.

    Istio answers 500 to a route whose cluster does not exist, so that the 503 is written out.
    Nginx speaks HTTP/1.1 unless backend-protocol says GRPC; Istio goes by the port's name.
    """
    upstream = here.upstream
    if upstream is None:
        return
    said = upstream.app_protocol or upstream.port_name
    if said and HTTP2.match(said) and here.text("backend-protocol").upper() not in GRPC:
        service = f"{upstream.namespace}/{upstream.service}"
        yield HTTP2_PORT.about("backend-protocol", said=said, service=service)
    if here.location.slash_redirect:
        return
    if upstream.unavailable:
        if "default-backend" not in here:
            yield variant(Phase.LIMIT, directResponse={"status": 503})
            yield NO_ENDPOINTS.about("", why=upstream.unavailable)
    elif upstream.port is None:
        service = f"{upstream.namespace}/{upstream.service}"
        yield NAMED_PORT.about("", port=upstream.declared_port, service=service)
