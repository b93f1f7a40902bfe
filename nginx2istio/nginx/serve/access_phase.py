"""The access phase: addresses, credentials, the question to another service."""

from __future__ import annotations

from collections.abc import Iterator

from nginx2istio.base.addresses import in_networks
from nginx2istio.base.outcome import Outcome
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.facts.auth_service import AuthService, answerer
from nginx2istio.nginx.facts.external_auth import external_auth
from nginx2istio.nginx.serve.visit import NginxPhase, Visit, own_answer, redirect


def access(visit: Visit) -> Outcome | None:
    """The access phase: all checks have to pass, or one of them (``satisfy any``)."""
    checks = tuple(_checks(visit))
    if not checks:
        return None
    answers = [check(visit) for check in checks]
    refusals = [answer for answer in answers if answer is not None]
    if visit.value("satisfy") == "any":
        if len(refusals) < len(checks):
            return None
        # The last of 401 and 403 that the checks gave (``ngx_http_core_access_phase``).
        asking = [r for r in refusals if r.status == 401 or r.aspect == "redirect"]
        return asking[-1] if asking else refusals[-1]
    return refusals[0] if refusals else None


def _checks(visit: Visit) -> Iterator[NginxPhase]:
    if addresses(visit.config, visit.location):
        yield check_address
    if external_auth(visit.config, visit.location) is not None:
        yield auth_request
    if "auth-type" in visit.location.settings and not visit.config.exempts(
        "no-auth-locations", visit.location.path
    ):
        yield basic_auth


def check_address(visit: Visit) -> Outcome | None:
    """deny, allow: by the client's address."""
    lists = addresses(visit.config, visit.location)
    source = visit.variables.remote_addr
    if in_networks(source, lists.deny) or (lists.allow and not in_networks(source, lists.allow)):
        by = (
            "denylist-source-range" if in_networks(source, lists.deny) else "allowlist-source-range"
        )
        return own_answer(403, "access", "access", f"{source} is not allowed", by)
    return None


def basic_auth(visit: Visit) -> Outcome | None:
    """auth_basic."""
    if "auth-type" not in visit.location.settings:
        return None
    if visit.config.exempts("no-auth-locations", visit.location.path):
        return None
    if visit.variables.request.credentials == "valid":
        return None
    return own_answer(401, "auth", "access", "no valid credentials", "auth-type")


def auth_request(visit: Visit) -> Outcome | None:
    """auth_request: 2xx passes, 401 and 403 do not, all else is an error."""
    auth = external_auth(visit.config, visit.location)
    if auth is None:
        return None
    status = visit.variables.request.auth_status
    service = answerer(auth, visit.server, visit.config)
    if isinstance(service, AuthService) and service.missing:
        status = 502
    if 200 <= status < 300 and not (auth.only_200 and status != 200):
        return None
    if status == 401 and auth.signin:
        return redirect(visit, 302, visit.text(auth.signin), "access", "auth-signin")
    if status in (401, 403):
        return own_answer(status, "auth", "access", f"the service answers {status}", auth.key)
    return own_answer(500, "auth", "access", f"the service answers {status}", auth.key)
