"""Who makes the answer in the end: a backend, an error page, or nginx itself."""

from __future__ import annotations

from fractions import Fraction

from nginx2istio.base.outcome import Outcome, TraceStep
from nginx2istio.nginx.facts.error_pages import ErrorService, error_pages
from nginx2istio.nginx.facts.external_auth import external_auth
from nginx2istio.nginx.serve import forward
from nginx2istio.nginx.serve.balance import split
from nginx2istio.nginx.serve.visit import Visit, own_answer, redirect


def content(visit: Visit) -> Outcome:
    """The answer of the location's backend, or of nginx where it has none or none answers."""
    world, location = visit.variables.world, visit.location
    upstream = visit.config.upstreams.get(location.upstream)
    pages = error_pages(visit.config, visit.server, location)
    if upstream is None:
        return own_answer(404, "routing", "content", "the controller's own default backend")
    shares = split(visit)
    main = next(iter(shares))
    state = world.backends.get(main, "ready")
    if pages.fallback is None and state == "none":
        return own_answer(503, "routing", "content", f"no pod of {main} is ready")
    if pages.fallback is not None and (upstream.unavailable or state == "none"):
        return Outcome(backends={_name(pages.fallback): Fraction(1)})
    if main in world.plain and _speaks_tls(visit):
        state = "dead"
    if state != "ready":
        return own_answer(502, "protocol", "content", f"no pod of {main} answers")
    return _passed_on(visit, shares)


LIMIT_KEYS = ("limit-rps", "limit-rpm", "limit-connections")


def _passed_on(visit: Visit, shares: dict[str, Fraction]) -> Outcome:
    limited = any(key in visit.location.settings for key in LIMIT_KEYS)
    return Outcome(
        unknown=frozenset({"rate-limit"}) if limited else frozenset(),
        backends=shares,
        method=visit.variables.request.method,
        target=forward.upstream_target(visit),
        host=forward.upstream_host(visit),
        request_headers=forward.upstream_headers(visit),
    )


def _speaks_tls(visit: Visit) -> bool:
    return str(visit.value("backend-protocol")).upper() in ("HTTPS", "GRPCS", "AUTO_HTTP")


def _name(service: ErrorService) -> str:
    return f"{service.namespace}/{service.name}:{service.port}"


def with_error_page(visit: Visit, outcome: Outcome) -> Outcome:
    """The answer after ``error_page``: for nginx's own answers, and for intercepted ones."""
    pages = error_pages(visit.config, visit.server, visit.location)
    status = outcome.status
    if status is None:
        status = visit.variables.request.backend_status if pages.intercepts else 0
        auth = external_auth(visit.config, visit.location)
        if status == 401 and auth is not None and auth.signin:
            return redirect(visit, 302, visit.text(auth.signin), "access", "auth-signin")
    if status not in pages.codes or outcome.location:
        return outcome
    # Where no Service is behind the location, the controller's own server makes the pages.
    if pages.pages is None or not visit.location.upstream:
        text = f"an error page for {status} that nothing makes"
        return own_answer(pages.own_status, "status", "error page", text)
    if visit.variables.world.backends.get(_name(pages.pages)) == "none":
        return own_answer(503, "routing", "error page", "the error service has no pod")
    step = TraceStep(
        "error page", f"{status} is answered by {pages.pages.title}", "custom-http-errors"
    )
    return Outcome(backends={_name(pages.pages): Fraction(1)}, trace=(*outcome.trace, step))
