"""--auth-service: where the answers differ from ingress-nginx's, which checked in its own place."""

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.rule import (
    Finding,
    Message,
    Place,
    asked_about,
    auth_check,
    auth_services,
    check_plan,
    error_pages,
    headers_of_location,
    rule,
    server_locations,
)

ERROR_STATUS = Message(
    "N2I234",
    "approximated",
    "info",
    "One status for all errors of checks",
    "nginx answers {nginx}. The gateway answers {status} instead, because Envoy knows one status "
    "for all errors of a check.",
    aspects=frozenset({"status", "routing", "rate-limit", "auth"}),
)
PORTS = Message(
    "N2I235",
    "approximated",
    "info",
    "Unusual Host ports are denied (auth service)",
    "Istio denies requests under {host} whose Host header names a port other than 80 and 443. No "
    "AuthorizationPolicy can match such a port.",
    aspects=frozenset({"access"}),
)
BEFORE_503 = Message(
    "N2I238",
    "approximated",
    "info",
    "Checks before the answer of no pod",
    "While no pod of the Service is ready, or a body is too large, nginx answers 503 or 413 to "
    "everybody. The gateway asks the auth service first, and refuses clients as it says.",
    aspects=frozenset({"routing", "access", "auth", "body-limit"}),
)
REFUSAL_PAGES = Message(
    "N2I239",
    "approximated",
    "info",
    "Denied clients get no error page",
    "nginx answers {codes} with the page of its error service. The gateway answers with the status "
    "itself.",
    aspects=frozenset({"routing", "status", "access", "auth"}),
)
SIGN_IN = Message(
    "N2I248",
    "approximated",
    "info",
    "Sign-in redirects carry the headers of the path",
    "nginx redirects to the sign-in page without the response headers of the path ({names}). Envoy "
    "adds them.",
    aspects=frozenset({"response-headers"}),
)
OF_SNIPPET = Message(
    "N2I250",
    "approximated",
    "warning",
    "Checks cover a location of a snippet",
    "nginx serves {location} of {snippet} without the checks of {path}. The gateway asks the auth "
    "service about these requests, too.",
    "Give these paths an Ingress of their own.",
    frozenset({"access", "auth", "routing", "status", "redirect", "rate-limit"}),
)
REFUSALS = {401, 403, 503}
KEYS = ("auth-type", "auth-url", "global-auth-url", "limit-rps", "limit-rpm", "auth-signin")
OTHERS = ("global-auth-signin", "custom-http-errors", "server-snippet")


@rule(when="configured", reads=(*KEYS, *OTHERS))
def asked_first(place: Place) -> Iterator[Finding]:
    """The gateway asks before it does anything else, and Envoy passes the answer on in its way."""
    check = auth_check(place)
    if check is None:
        return
    key = check.key
    status = auth_services(place.config, place.options).status_on_error
    limit_status = place.config.default("limit-req-status-code")
    if check.limits and str(limit_status).startswith("5") and limit_status != status:
        yield ERROR_STATUS(key, nginx=f"{limit_status} over a limit", status=status)
    if check.basic and status != 503:
        secret = f"{check.basic.namespace}/{check.basic.secret}"
        yield ERROR_STATUS(key, nginx=f"503 without Secret {secret}", status=status)
    yield BEFORE_503(key)
    codes = REFUSALS.intersection(error_pages(place.config, place.server, place.location).codes)
    if codes and not place.location.upstream:
        yield REFUSAL_PAGES(key, codes=", ".join(map(str, sorted(codes))))
    names = headers_of_location(place, "auth-url" in place)
    if check.external and check.external.signin and names:
        yield SIGN_IN(check.external.key.replace("url", "signin"), names=", ".join(sorted(names)))
    if check_plan(place.config, place.options, place.server).odd_ports:
        yield PORTS(key, host=place.server.host).for_host()
    yield from _of_snippets(place, key)


def _of_snippets(place: Place, key: str) -> Iterator[Finding]:
    """The locations that snippets put beside this one, where the gateway asks about them."""
    plan = check_plan(place.config, place.options, place.server)
    for nested in server_locations(place.config, place.server):
        plain = nested.match in ("exact", "prefix")
        if nested.refused or nested.match == "named":
            continue
        if plain and not asked_about(plan, place.location, nested.path):
            continue
        facts = {"location": nested.text, "snippet": nested.key}
        finding = OF_SNIPPET(key, path=place.location.declared, **facts)
        yield replace(finding, path=nested.path) if plain else finding.for_host()
