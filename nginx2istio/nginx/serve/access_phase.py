"""The access phase: addresses, credentials, the question to another service."""

from __future__ import annotations

from collections.abc import Iterator

from nginx2istio.base.addresses import in_networks
from nginx2istio.base.outcome import Outcome
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.facts.auth_service import AuthService, answerer
from nginx2istio.nginx.facts.external_auth import external_auth, headers_by_lua
from nginx2istio.nginx.facts.snippet_access import satisfies_any
from nginx2istio.nginx.serve.visit import NginxPhase, Visit, own_answer

ADDRESS_KEYS = ("allowlist-source-range", "denylist-source-range")


def access(visit: Visit) -> Outcome | None:
    """The access phase: all checks have to pass, or one of them (``satisfy any``).

    ``ngx_http_core_access_phase``: a 401 stays, whatever comes after it; an error ends all.
    """
    refusals = _refusals(visit)
    refusal = next((r for r in refusals if r.status == 401), None)
    return refusal or (refusals[-1] if refusals else None)


def _refusals(visit: Visit) -> list[Outcome]:
    """The answers of the checks that were asked and refuse, the last one decides; none: served."""
    one_suffices = satisfies_any(visit.config, visit.server, visit.location)
    refusals: list[Outcome] = []
    for check in _checks(visit):
        answer = check(visit)
        if answer is None:
            if one_suffices and not (check is check_address and _undecided(visit)):
                return []
            continue
        if answer.status not in (401, 403):
            return [answer]
        refusals.append(answer)
        if not one_suffices:
            break
    return refusals


def _undecided(visit: Visit) -> bool:
    """Whether an address that is not denied has not been let in, either.

    Where no rule names it, ``ngx_http_access_handler`` declines, and the other checks decide.
    """
    return not addresses(visit.config, visit.location).allow


def challenges(visit: Visit) -> list[str]:
    """The WWW-Authenticate headers of a refused request, whatever page it gets."""
    result = []
    for refusal in _refusals(visit):
        by = refusal.trace[-1].by
        if refusal.status == 401 and by == "auth-type":
            result.append(f'Basic realm="{visit.value("auth-realm") or ""}"')
        elif refusal.status == 401:
            auth = external_auth(visit.config, visit.location)
            # The answer of a question by Lua (auth-keepalive) has no headers.
            if auth is not None and not auth.only_200:
                headers = visit.variables.request.auth_headers
                result += [x for n, x in headers if n.lower() == "www-authenticate"]
    return result


def _checks(visit: Visit) -> Iterator[NginxPhase]:
    """The checks of the location in nginx's order (modules run in the reverse of their list)."""
    if addresses(visit.config, visit.location) or any(visit.value(key) for key in ADDRESS_KEYS):
        yield check_address
    if "auth-type" in visit.location.settings and not visit.config.exempts(
        "no-auth-locations", visit.location.path
    ):
        yield basic_auth
    if external_auth(visit.config, visit.location) is not None:
        yield auth_request


def check_address(visit: Visit) -> Outcome | None:
    """deny, allow: by the client's address."""
    lists = addresses(visit.config, visit.location)
    source = visit.variables.remote_addr
    denied = in_networks(source, lists.deny)
    if denied or (lists.allow and not in_networks(source, lists.allow)):
        by = "denylist-source-range" if denied else "allowlist-source-range"
        return own_answer(403, "access", "access", f"{source} is not allowed", by)
    return None


def basic_auth(visit: Visit) -> Outcome | None:
    """auth_basic."""
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
        if headers_by_lua(visit.config, visit.location) != "fails":
            return None
        return own_answer(500, "auth", "access", "Lua fails to set a variable", auth.key)
    if status in (401, 403):
        return own_answer(status, "auth", "access", f"the service answers {status}", auth.key)
    return own_answer(500, "auth", "access", f"the service answers {status}", auth.key)
