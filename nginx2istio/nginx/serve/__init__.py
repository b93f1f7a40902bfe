"""What nginx does with a request: the model of nginx.conf, followed phase by phase.

Knows no rule and nothing of Istio. What can't be told is ``unknown`` in the Outcome.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nginx2istio.base.outcome import Aspect, Outcome, Request, World
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.answered_early import certified
from nginx2istio.nginx.facts.nested_locations import (
    nested_location_of,
    nested_locations,
    server_locations,
)
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Origin, Server
from nginx2istio.nginx.serve import reply
from nginx2istio.nginx.serve.choose import BadHost, as_bytes, choose_location, choose_server
from nginx2istio.nginx.serve.content import content, finished
from nginx2istio.nginx.serve.phases import (
    FOUND_PHASES,
    PHASES,
    SERVER_PHASES,
    Phase,
    Visit,
    app_root,
    own_answer,
    redirect,
)
from nginx2istio.nginx.serve.rewrite_module import WHO_ANSWERS, Rewriting, run
from nginx2istio.nginx.serve.variables import Variables
from nginx2istio.nginx.uri import BadTarget, normalized

NOWHERE = Server(DEFAULT_SERVER, (Location("/", "prefix", "", Origin("default")),))
"""The server of unknown hosts where no Ingress is about them."""
NORMAL = World()


def serve(config: NginxConfig, request: Request, world: World = NORMAL) -> Outcome:
    """What becomes of a request."""
    variables = Variables(config, request, world)
    try:
        path = normalized(request.target.encode("latin-1", "replace")).decode("latin-1")
        name = variables.host
    except (BadTarget, BadHost):
        return own_answer(None, 400, "status", "request", "malformed")
    if request.method == "TRACE":
        return own_answer(None, 405, "status", "request", "TRACE")
    server, kind = choose_server(config, name)
    server = server or NOWHERE
    visit = Visit(variables, server, _root(server), path, variables.args)
    if kind == "twin":
        return with_headers(visit, _to_twin(visit))
    if server.host == DEFAULT_SERVER and path.startswith("/healthz"):
        return with_headers(visit, own_answer(visit, 200, "routing", "location", "/healthz"))
    if server.denied:
        return with_headers(visit, own_answer(visit, 403, "tls", "server", server.denied))
    visit, outcome = _in_server(visit)
    if outcome is None:
        visit, outcome = _in_location(visit)
    return with_headers(visit, finished(visit, outcome))


def _root(server: Server) -> Location:
    """The location that stands for the server block until one is chosen."""
    return choose_location(server, "/") or NOWHERE.locations[0]


def _first(phases: Iterable[Phase], visit: Visit) -> Outcome | None:
    return next(filter(None, (phase(visit) for phase in phases)), None)


def _in_server(visit: Visit) -> tuple[Visit, Outcome | None]:
    outcome = _first((p for p in SERVER_PHASES if p is not app_root), visit)
    if outcome is not None:
        return visit, outcome
    state = run(visit, "server")
    visit = _after(visit, state)
    return visit, state.answer or app_root(visit)


def _after(visit: Visit, state: Rewriting) -> Visit:
    return replace(
        visit,
        path=state.path,
        args=state.args,
        values=state.values,
        changed=visit.changed or state.changed,
        unknown=visit.unknown | state.unknown,
    )


def _in_location(visit: Visit) -> tuple[Visit, Outcome]:
    """The way from the choice of the location on; again from there after a ``last``."""
    for _ in range(10):
        location = choose_location(visit.server, visit.path)
        if location is None:
            return visit, own_answer(visit, 404, "routing", "location", "no location")
        visit = replace(visit, location=location)
        if _in_a_block(visit):
            visit = replace(visit, unknown=visit.unknown | WHO_ANSWERS | _ALL_ELSE)
        outcome = _first(FOUND_PHASES, visit)
        if outcome is not None:
            return visit, outcome
        state = run(visit, "location")
        visit = _after(visit, state)
        if state.answer is not None:
            return visit, state.answer
        if state.ends == "break" or not (state.changed and state.ends in ("last", "")):
            break
    return visit, _first(PHASES, visit) or content(visit)


_ALL_ELSE: frozenset[Aspect] = frozenset(
    {"path", "request-headers", "response-headers", "cookies", "cors"}
)


def _in_a_block(visit: Visit) -> bool:
    """Whether a location of a snippet may take the request."""
    path = visit.path
    blocks = server_locations(visit.config, visit.server)
    inner = nested_locations(visit.config, visit.server, visit.location)
    return bool(nested_location_of(blocks, path) or nested_location_of(inner, path))


def with_headers(visit: Visit, outcome: Outcome) -> Outcome:
    """The outcome with the headers of the answer."""
    status = visit.variables.request.backend_status if outcome.status is None else outcome.status
    headers = reply.headers(visit, outcome, status)
    return replace(
        outcome,
        response_headers=headers,
        unknown=outcome.unknown | visit.unknown,
        self_signed=_self_signed(visit.variables, visit.server),
    )


def _self_signed(variables: Variables, server: Server) -> bool:
    """Whether the handshake showed the controller's own certificate."""
    request = variables.request
    return request.scheme == "https" and not certified(server, request.sni or variables.host)


def _to_twin(visit: Visit) -> Outcome:
    v = visit.variables
    uri = v.request_uri.removesuffix("/")
    port = "443" if v.request.scheme == "https" else "80"
    code = int(str(visit.config.controller.config["http-redirect-code"]))
    to = f"{v.request.scheme}://{visit.server.host}:{port}{uri}"
    return redirect(visit, code, to, "server", "from-to-www-redirect")


__all__ = ["as_bytes", "serve"]
