"""What nginx does with a request: the model of nginx.conf, followed phase by phase.

Knows no rule and nothing of Istio. What can't be told is ``unknown`` in the Outcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

from nginx2istio.base.outcome import (
    ASPECTS,
    EVERYTHING_READY,
    WHO_ANSWERS,
    Aspect,
    Outcome,
    Request,
    TraceStep,
    World,
)
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.header_buffers import header_buffers_of
from nginx2istio.nginx.facts.sizes import byte_size
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Origin, Server
from nginx2istio.nginx.serve import reply
from nginx2istio.nginx.serve.certificates import self_signed
from nginx2istio.nginx.serve.choose import BadHost, choose_location, choose_server
from nginx2istio.nginx.serve.content import content, with_error_page
from nginx2istio.nginx.serve.location_phases import (
    ACCESS_PHASES,
    FOUND_PHASES,
    REWRITE_PHASES,
    body_length,
    limited,
)
from nginx2istio.nginx.serve.rewrite_module import Rewriting, follow_snippets
from nginx2istio.nginx.serve.server_phases import (
    app_root,
    asks_for_certificates,
    blocked,
    certificate_subject,
    client_certificate,
)
from nginx2istio.nginx.serve.snippet_block import in_block, spoiled
from nginx2istio.nginx.serve.variables import ValueNotKnown, Variables
from nginx2istio.nginx.serve.visit import NginxPhase, Visit, own_answer, redirect, upstream_name
from nginx2istio.nginx.uri import BadTarget, normalized_text

NOWHERE = Server(DEFAULT_SERVER, (Location("/", "prefix", "", Origin("default")),))
"""The server of unknown hosts where no Ingress is about them."""


def serve_as_nginx(
    config: NginxConfig, request: Request, world: World = EVERYTHING_READY
) -> Outcome:
    """What becomes of a request."""
    variables = Variables(config, request, world)
    try:
        path = normalized_text(request.target)
        name = variables.host
    except (BadTarget, BadHost):
        return own_answer(400, "status", "request", "malformed")
    if request.method == "TRACE":
        return own_answer(405, "status", "request", "TRACE")
    server, kind = choose_server(config, name)
    if kind == "unread":
        untold = own_answer(404, "routing", "server", "only PCRE can tell which server it is")
        return replace(untold, unknown=frozenset(ASPECTS))
    server = server or NOWHERE
    too_long = _too_long(config, server, request)
    if too_long is not None:
        return too_long
    visit = Visit(variables, server, _root(server), path, variables.args)
    if request.scheme == "https":
        answer = _passed_on(config, request.sni or name) or _no_http2(config, request, name)
        if answer is not None:
            return answer
        if asked_for_another(config, request, name):
            return with_headers(visit, own_answer(421, "tls", "server", "another name was asked"))
    if kind == "twin":
        return with_headers(visit, blocked(visit) or _to_twin(visit))
    if server is NOWHERE:
        visit, answer = _in_a_block(visit)
        if answer is not None:
            return with_headers(visit, answer)
        nobody = own_answer(404, "routing", "content", "no Ingress is about unknown hosts")
        answer = body_length(visit) or nobody
        return with_headers(visit, with_error_page(visit, answer))
    if server.denied:
        return with_headers(visit, own_answer(403, "tls", "server", server.denied))
    visit, outcome = _in_server(visit)
    if outcome is not None:
        # The error_page of an annotation stands in its location, which nginx has not looked for.
        bare = replace(visit, location=replace(visit.location, settings={}))
        return with_headers(visit, with_error_page(bare, outcome))
    visit, outcome = _in_location(visit)
    return with_headers(visit, with_error_page(visit, outcome))


def _no_http2(config: NginxConfig, request: Request, name: str) -> Outcome | None:
    """A client of HTTP/2 at a name without it: redirects of from-to-www-redirect have none."""
    if request.http != "2" or choose_server(config, (request.sni or name).lower())[1] != "twin":
        return None
    return own_answer(0, "tls", "connection", "ALPN http/1.1")


def asked_for_another(config: NginxConfig, request: Request, name: str) -> bool:
    """Whether nginx refuses a host because another was named in the handshake.

    Where the host asks for client certificates (``ngx_http_set_virtual_server``), or has no HTTP/2
    (``ngx_http_v2_run_request``).
    """
    if request.sni is None or request.sni.lower() == name:
        return False
    server, kind = choose_server(config, name)
    if request.http == "2" and kind == "twin":
        return True
    return server is not None and kind == "own" and asks_for_certificates(server)


def _too_long(config: NginxConfig, server: Server, request: Request) -> Outcome | None:
    """A request line or a header that large_client_header_buffers has no room for.

    Of a host's own buffers nginx knows after the Host header (``ngx_http_set_virtual_server``).
    """
    _, most = header_buffers_of(config, NOWHERE)
    line = f"{request.method} {request.target} HTTP/1.1\r\n"
    if len(line) > most:
        return own_answer(414, "status", "request", "the request line is too long")
    headers = [f"{name}: {value}\r\n" for name, value in request.headers]
    room = byte_size(config.controller.text("client-header-buffer-size")) or 1024
    free, size = header_buffers_of(config, server)
    # A line that does not fit goes whole into the next buffer (``alloc_large_header_buffer``).
    for text in (line, f"Host: {request.host}\r\n", *headers):
        if len(text) > room:
            room, free = size, free - 1
        room -= len(text)
        if room < 0 or free < 0:
            return own_answer(400, "status", "request", "the headers are too long")
    if not _METHOD.fullmatch(request.method):
        return own_answer(400, "status", "request", "no method")
    return None


_METHOD = re.compile("[A-Z_-]+")


def _passed_on(config: NginxConfig, name: str) -> Outcome | None:
    """TLS that is passed on unopened, to the Service of the host's root."""
    server, _ = choose_server(config, name.lower())
    if server is None or server.passthrough is None:
        return None
    upstream = config.upstreams[_root(server).upstream]
    others = frozenset(aspect for aspect in ASPECTS if aspect != "routing")
    step = TraceStep("connection", f"passed on to {upstream_name(upstream)}", "ssl-passthrough")
    return Outcome(backends={upstream_name(upstream): Fraction(1)}, trace=(step,), unknown=others)


def _root(server: Server) -> Location:
    """The location that stands for the server block until one is chosen."""
    with suppress(re.error):
        return choose_location(server, "/") or NOWHERE.locations[0]
    return NOWHERE.locations[0]


def _first(phases: Iterable[NginxPhase], visit: Visit) -> Outcome | None:
    return next(filter(None, (phase(visit) for phase in phases)), None)


def _in_server(visit: Visit) -> tuple[Visit, Outcome | None]:
    outcome = _first((client_certificate, certificate_subject, blocked), visit)
    if outcome is not None:
        return visit, outcome
    state = follow_snippets(visit, "server")
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
        try:
            location = choose_location(visit.server, visit.path)
        except re.error as error:
            answer = own_answer(
                0, "routing", "location", f"a pattern that only PCRE reads: {error}"
            )
            return visit, replace(answer, unknown=frozenset(ASPECTS))
        if location is None:
            return visit, own_answer(404, "routing", "location", "no location")
        visit = replace(visit, location=location)
        visit, outcome = _in_a_block(visit)
        if outcome is not None:
            return visit, outcome
        outcome = _first(FOUND_PHASES, visit)
        if outcome is not None:
            return visit, outcome
        state = follow_snippets(visit, "location")
        visit = _after(visit, state)
        if state.answer is not None:
            return visit, state.answer
        if state.ends == "break" or not (state.changed and state.ends in ("last", "")):
            break
    outcome = _first(REWRITE_PHASES, visit)
    if outcome is None:
        outcome = _first(ACCESS_PHASES, visit) or content(visit)
        outcome = replace(outcome, unknown=outcome.unknown | limited(visit))
    return visit, outcome


def _in_a_block(visit: Visit) -> tuple[Visit, Outcome | None]:
    try:
        if not spoiled(visit):
            return in_block(visit)
    except (ValueNotKnown, re.error):
        pass
    return replace(visit, unknown=visit.unknown | WHO_ANSWERS | _ALL_ELSE), None


_ALL_ELSE: frozenset[Aspect] = frozenset(
    {"path", "request-headers", "response-headers", "cookies", "cors"}
)


def with_headers(visit: Visit, outcome: Outcome) -> Outcome:
    """The outcome with the headers of the answer."""
    status = visit.variables.request.backend_status if outcome.status is None else outcome.status
    headers = reply.response_fields(visit, outcome, status)
    by_chance = reply.chance_of_cookie(visit, outcome)
    return replace(
        outcome,
        trace=(*_way(visit, outcome), *outcome.trace),
        response_headers=headers,
        unknown=outcome.unknown | visit.unknown | ({"cookies"} if by_chance else set()),
        self_signed=_self_signed(visit.variables),
    )


def _way(visit: Visit, outcome: Outcome) -> Iterator[TraceStep]:
    """The steps up to the one that gave the answer."""
    host = "unknown hosts" if visit.server.host == DEFAULT_SERVER else visit.server.host
    yield TraceStep("server", f"the server of {host}")
    if outcome.trace and outcome.trace[-1].phase in ("server", "request", "connection"):
        return
    origin = visit.location.ingress
    by = f"{origin.object} {origin.file}:{origin.line}" if origin.file else origin.object.strip("/")
    yield TraceStep("location", location_text(visit.location), by)
    if outcome.backends and not outcome.trace:
        yield TraceStep("content", f"to {', '.join(outcome.backends)}")


def location_text(location: Location) -> str:
    """A location as the step of a trace names it that takes a request there."""
    return f"location {location.literal}"


def _self_signed(variables: Variables) -> bool:
    """Whether the handshake showed the controller's own certificate."""
    request = variables.request
    return request.scheme == "https" and self_signed(
        variables, (request.sni or variables.host).lower()
    )


def _to_twin(visit: Visit) -> Outcome:
    v = visit.variables
    uri = v.request_uri.removesuffix("/")
    code = int(str(visit.config.controller.config["http-redirect-code"]))
    to = f"{v.pass_access_scheme}://{visit.server.host}:{v.pass_port}{uri}"
    return redirect(visit, code, to, "server", "from-to-www-redirect")
