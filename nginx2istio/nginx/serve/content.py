"""Who makes the answer in the end: a backend, an error page, or nginx itself."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from nginx2istio.base.outcome import Aspect, Outcome, TraceStep
from nginx2istio.nginx.facts.error_pages import ErrorPages, ErrorService, error_pages
from nginx2istio.nginx.facts.external_auth import external_auth
from nginx2istio.nginx.facts.sizes import byte_size
from nginx2istio.nginx.model import DEFAULT_UPSTREAM, Upstream
from nginx2istio.nginx.serve import forward
from nginx2istio.nginx.serve.balance import split
from nginx2istio.nginx.serve.location_phases import location_denied
from nginx2istio.nginx.serve.visit import Visit, own_answer, redirect, upstream_name


def content(visit: Visit) -> Outcome:
    """The answer of the location's backend, or of nginx where it has none or none answers."""
    world, location = visit.variables.world, visit.location
    upstream = visit.config.upstreams.get(location.upstream)
    pages = error_pages(visit.config, visit.server, location)
    if upstream is None:
        return own_answer(404, "routing", "content", "the controller's own default backend")
    shares = split(visit)
    main = upstream_name(upstream)
    replaced = pages.fallback is not None and (
        bool(upstream.unavailable) or world.backends.get(main) == "none"
    )
    if replaced and pages.fallback is not None:
        fallback = _name(pages.fallback)
        shares = {fallback if name == main else name: share for name, share in shares.items()}
    names = ", ".join(shares)
    if upstream.name == DEFAULT_UPSTREAM and world.backends.get(main) == "none":
        # getDefaultUpstream puts the controller's own server in its place.
        return own_answer(404, "routing", "content", "the controller's own default backend")
    if _no_such_port(upstream):
        return own_answer(502, "protocol", "content", f"nothing at the address of {main}")
    states = {_state(visit, name) for name in shares}
    if states == {"none"}:
        return own_answer(503, "routing", "content", f"no pod of {names} is ready")
    if states == {"dead"}:
        return own_answer(502, "protocol", "content", f"no pod of {names} answers")
    return _passed_on(visit, shares, forward.asks_for_503(visit) if replaced else ())


def _no_such_port(upstream: Upstream) -> bool:
    """Whether service-upstream asks a Service's address for a port that is only its pods'.

    ``getServiceClusterEndpoint`` takes a number as it is written.
    """
    setting, number = upstream.settings.get("service-upstream"), upstream.declared_port
    return bool(
        setting
        and setting.value
        and number.isdigit()
        and upstream.port is not None
        and int(number) != upstream.port
    )


def _state(visit: Visit, name: str) -> str:
    """The state of a Service's port, "dead" where its pods don't speak the protocol."""
    world, protocol = visit.variables.world, str(visit.value("backend-protocol")).upper()
    secure = protocol in ("HTTPS", "GRPCS") or (
        # buildProxyPass: $scheme
        protocol == "AUTO_HTTP" and visit.variables.request.scheme == "https"
    )
    verified = visit.value("proxy-ssl-verify") == "on" and visit.value("proxy-ssl-secret")
    if (secure and (name in world.plain or (verified and name in world.untrusted))) or (
        protocol in ("GRPC", "GRPCS") and name in world.http1
    ):
        return "dead"
    return world.backends.get(name, "ready")


def _passed_on(
    visit: Visit, shares: dict[str, Fraction], more: tuple[tuple[str, str], ...]
) -> Outcome:
    unknown: frozenset[Aspect] = frozenset()
    limit = byte_size(visit.value("proxy-buffer-size"))
    headers = visit.variables.request.backend_headers
    size = sum(len(name) + len(value) + len(": \r\n") for name, value in headers)
    if limit and size > limit:
        return own_answer(502, "protocol", "content", f"headers of more than {limit} bytes")
    if limit and size + OF_SERVER > limit:
        unknown = frozenset({"protocol", "status"})
    return Outcome(
        unknown=unknown,
        backends=shares,
        method=visit.variables.request.method,
        target=forward.upstream_target(visit),
        host=forward.upstream_host(visit),
        request_headers=forward.upstream_headers(visit, more),
    )


OF_SERVER = 300
"""What a backend's status line, Date, Server and the like take of a buffer at most."""


def _name(service: ErrorService) -> str:
    return f"{service.namespace}/{service.name}:{service.port}"


def with_error_page(visit: Visit, outcome: Outcome) -> Outcome:
    """The answer after ``error_page``: for nginx's own answers, and for intercepted ones."""
    if location_denied(visit):  # such a location has no error_page
        visit = replace(visit, location=replace(visit.location, settings={}))
    pages = error_pages(visit.config, visit.server, visit.location)
    status = outcome.status
    if status is None:
        status = visit.variables.request.backend_status if pages.intercepts else 0
    auth = external_auth(visit.config, visit.location)
    of_server = bool(outcome.trace) and outcome.trace[-1].phase in ("request", "server")
    if status == 401 and auth is not None and auth.signin and not of_server:
        signed = redirect(visit, 302, visit.text(auth.signin), "error page", "auth-signin")
        return replace(signed, trace=(*outcome.trace, *signed.trace))
    if status not in pages.codes or outcome.location:
        return outcome
    makers = _makers(visit, pages)
    if not makers:  # the controller's own server makes the pages
        text = f"an error page for {status} that nothing makes"
        # A 500 is nginx's own: it looks for an error page of the page's status, in vain.
        phase = "content" if pages.own_status == 500 else "error page"
        own = own_answer(pages.own_status, "status", phase, text)
        return replace(own, trace=(*outcome.trace, *own.trace))
    text = f"{status} is answered by {', '.join(makers)}"
    step = TraceStep("error page", text, "custom-http-errors")
    return Outcome(backends=makers, trace=(*outcome.trace, step))


def _makers(visit: Visit, pages: ErrorPages) -> dict[str, Fraction]:
    """The shares of the Services that may be asked for an error page, none for nginx itself.

    The upstream of a default-backend is a copy of the location's (``getBackendServers``), canaries
    included. It is there with a ready pod only, and the controller's own takes its place.
    """
    own, states = pages.fallback, visit.variables.world.backends
    upstream = visit.config.upstreams.get(visit.location.upstream)
    if own and upstream and pages.pages is own and states.get(_name(own)) != "none":
        main = upstream_name(upstream)
        return {_name(own) if n == main else n: share for n, share in split(visit).items()}
    default = visit.config.upstreams.get(DEFAULT_UPSTREAM)
    if default is None or states.get(upstream_name(default)) == "none":
        return {}
    return {upstream_name(default): Fraction(1)}
