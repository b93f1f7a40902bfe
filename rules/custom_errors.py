"""custom-http-errors: pages of an error service in place of the pods' own."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from nginx2istio.istio.envoy.error_pages import error_page_data, error_page_filter
from nginx2istio.rule import (
    DEFAULT_UPSTREAM,
    Aspect,
    Edit,
    ErrorPages,
    Finding,
    Message,
    Phase,
    Place,
    Requests,
    RouteBefore,
    codes_of_refusals,
    envoy_filter,
    error_pages,
    general_codes,
    limits_bodies,
    name_in_phase,
    name_pattern,
    rule,
    snippets,
)

PAGES = Message(
    "N2I380",
    "unsupported",
    "warning",
    "Pages of the error service",
    "Clients see {whose} for the codes {codes}. nginx shows the pages of {backend}.",
    "Convert with --envoy-filters, or let the pods make the pages.",
    frozenset({"body"}),
)
NOT_ASKED = Message(
    "N2I381",
    "approximated",
    "info",
    "Error service without requests",
    "{backend} no longer gets requests for error pages. Status and headers are those of the "
    "answer that its page would replace.",
    "Convert with --envoy-filters.",
    frozenset({"routing", "status", "path", "response-headers", "request-headers"}),
)
MADE_FOR: dict[int, Aspect] = {
    401: "auth",
    403: "access",
    413: "body-limit",
    429: "rate-limit",
    502: "protocol",
    503: "rate-limit",
    504: "timeout",
}
"""What else an answer stands for, where the proxy itself makes it."""
PAGE_REQUESTS = Message(
    "N2I382",
    "approximated",
    "info",
    "Requests to the error service",
    "The error service gets no request bodies, and request headers as the client sent them. "
    "Error services read X-Code and X-Format only.",
    aspects=frozenset({"body", "request-headers"}),
)
OF_FALLBACK = Message(
    "N2I389",
    "approximated",
    "info",
    "Errors of the default backend itself",
    "While the Service has no ready pod, nginx asks the error service for a page of the default "
    "backend's own errors ({codes}). The gateway passes them on.",
    aspects=frozenset({"path", "request-headers", "response-headers", "retries"}),
)
PAGED_REFUSALS = Message(
    "N2I390",
    "approximated",
    "info",
    "Refusals on paths without a backend",
    "On paths without a backend, what nginx refuses gets the error page of {backend} for {codes}. "
    "The gateway refuses it with the same code and no page.",
    aspects=frozenset({"routing", "status", "cors"}),
)
BARE_500 = Message(
    "N2I388",
    "approximated",
    "info",
    "404 of the controller",
    "custom-http-errors of the ConfigMap has 404, but the controller has no default backend. "
    "nginx answers 500 to unknown hosts, the gateway 404.",
    aspects=frozenset({"status", "routing"}),
)
_Part = Edit | Finding


@rule(
    "custom-http-errors",
    "disable-proxy-intercept-errors",
    at="proxied",
    when="configured",
    reads=("default-backend", "auth-signin", "global-auth-signin"),
)
def custom_errors(place: Place) -> Iterator[_Part]:
    """The error service answers instead: for the codes listed, or when no pod is ready.

    nginx asks it for `/` and the query, with X-Code, and passes its status and body on.
    """
    pages = error_pages(place.config, place.server, place.location)
    assert place.upstream is not None
    fallback = "default-backend" in place and place.upstream.unavailable
    if fallback and (pages.fallback or pages.pages is None or 503 not in pages.codes):
        return  # default-backend decides
    if place.options.filters("error-pages") and (pages.codes or pages.fallback):
        yield from _by_filter(place, pages)
    elif pages.codes:
        yield from _without_pages(place, pages)


def _without_pages(place: Place, pages: ErrorPages) -> Iterator[Finding]:
    whose = "the pods' error pages, or Envoy's," if pages.intercepts else "Envoy's own pages"
    facts = {"backend": pages.maker, "codes": ", ".join(map(str, pages.codes)), "whose": whose}
    for message in (PAGES, _about(NOT_ASKED, pages.codes)):
        yield _of_list(place, message("custom-http-errors", **facts))


def _about(message: Message, codes: Iterable[int]) -> Message:
    """The message with the aspects that answers with these codes are about."""
    also = {MADE_FOR[code] for code in codes if code in MADE_FOR}
    return replace(message, aspects=message.aspects | also)


def _of_list(place: Place, finding: Finding) -> Finding:
    """The finding about the ConfigMap's list, where the codes come from there."""
    setting = place.global_setting("custom-http-errors")
    if "custom-http-errors" in place or setting is None:
        return finding
    return finding.for_directive(setting.text, setting.origin)


def _facts(place: Place) -> dict[str, str]:
    """What nginx tells the error service of the location."""
    origin, upstream = place.location.ingress, place.upstream
    assert upstream is not None
    of_ingress = {"namespace": origin.namespace, "ingress": origin.name}
    return of_ingress | {"service": upstream.service, "port": upstream.declared_port}


def _routes(place: Place) -> Iterator[str]:
    """The names of the location's routes: 413 and what a snippet returns have others."""
    yield place.route_name
    yield name_in_phase(place.route_name, Phase.FIND)
    if any(snippets(place.config, place.server, place.location, "location")):
        yield name_in_phase(place.route_name, Phase.RETURN)


def _by_filter(place: Place, pages: ErrorPages) -> Iterator[_Part]:
    """A program in Envoy asks the error service; the route says what is particular to it."""
    yield envoy_filter(place, "error-pages", "error-pages", error_page_filter())
    data: dict[str, object] = {"codes": ",".join(map(str, pages.codes)), **_facts(place)}
    data["status"] = str(pages.own_status)
    for name, service in (("pages", pages.pages), ("fallback", pages.fallback)):
        if service:
            data[name] = f"outbound|{service.port}||{service.host}"
    if not pages.intercepts:
        data["own-only"] = True
    patches = [error_page_data(x, port, data) for x in _routes(place) for port in place.ports]
    where = f"{place.server.host} {place.location.declared}"
    yield envoy_filter(place, "error-pages", f"error pages of {where}", *patches)
    if pages.pages or pages.fallback:
        own = "custom-http-errors" in place
        yield _of_list(place, PAGE_REQUESTS("custom-http-errors" if own else "default-backend"))
    if pages.fallback and pages.codes and pages.intercepts:
        yield OF_FALLBACK("default-backend", codes=", ".join(map(str, pages.codes)))


@rule(when="configured", reads=("custom-http-errors", "proxy-body-size"))
def not_found(place: Place) -> Iterator[_Part]:
    """A path without a backend: nginx has no page for its 404. What is refused there has one."""
    pages = error_pages(place.config, place.server, place.location)
    if place.upstream or place.slash_redirect or place.location.denied:
        return
    if not pages.pages and 404 in pages.codes:
        yield RouteBefore(Phase.SPLIT, {"directResponse": {"status": pages.own_status}})
    built = {*pages.codes} if limits_bodies(place) else {*pages.codes} - {413}
    if codes := sorted(codes_of_refusals(place.config, place.server, place.location) & built):
        facts = {"backend": pages.maker, "codes": ", ".join(map(str, codes))}
        yield _of_list(place, _about(PAGED_REFUSALS, codes)("custom-http-errors", **facts))


@rule(at="conversion", when="always")
def unknown_hosts(place: Place) -> Iterator[_Part]:
    """Hosts that nobody serves, where nginx itself has no page for 404."""
    setting, names = place.config.configured("custom-http-errors"), place.config.host_names
    missing = DEFAULT_UPSTREAM not in place.config.upstreams
    if setting and missing and "_" not in names and 404 in general_codes(place.config):
        served = "|".join(sorted(map(name_pattern, names)))
        unknown = Requests(host=rf"(?i)^(?!({served})\.?(:|$))")
        finding = BARE_500("custom-http-errors").for_requests(unknown).for_every_host()
        yield finding.for_directive(setting.text, setting.origin)
