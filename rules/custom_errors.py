"""custom-http-errors, default-backend: pages of an error service in place of the pods' own."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from nginx2istio.rule import (
    Aspect,
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    Route,
    RouteBefore,
    envoy_filter,
    external_destination,
    http_filter,
    on_route,
    rule,
    typed,
)

LUA = Path(__file__).with_suffix(".lua").read_text(encoding="utf-8")
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
BODY = Message(
    "N2I382",
    "approximated",
    "info",
    "Requests to the error service",
    "The error service gets no request bodies, and request headers as the client sent them. "
    "Error services read X-Code and X-Format only.",
    aspects=frozenset({"body", "request-headers"}),
)
NO_PODS = Message(
    "N2I383",
    "unsupported",
    "warning",
    "Default backend without ready pods",
    "While no pod of the Service is ready, {backend} answers in nginx. Envoy answers 503 itself.",
    "Convert with --envoy-filters, or keep a pod ready.",
    frozenset({"body"}),
)
NOBODY = Message(
    "N2I384",
    "approximated",
    "info",
    "Default backend without requests",
    "While no pod of the Service is ready, {backend} gets no requests.",
    "Convert with --envoy-filters.",
    frozenset({"routing", "status", "path", "response-headers", "request-headers"}),
)
GONE = Message(
    "N2I385",
    "translated",
    "info",
    "Default backend that answers everything",
    "{backend} answers all requests of these paths in nginx, and behind the gateway, too: {why}.",
    "Create the Service and convert again, or delete the default-backend.",
)
NO_BACKEND = Message(
    "N2I386",
    "ineffective",
    "info",
    "Default backend that does not exist",
    "nginx finds no Service {backend} with a port and ignores default-backend.",
    "Delete the annotation, or create the Service and convert again.",
)
NEITHER = Message(
    "N2I387",
    "translated",
    "error",
    "Path without any backend",
    "nginx answers {status} on these paths, and so does the gateway: {why}, and no "
    "default-backend exists.",
    "Delete the path, or create the Service and convert again. If the Service exists, add it "
    "to the input.",
)
BARE_500 = Message(
    "N2I388",
    "approximated",
    "info",
    "404 of the controller",
    "custom-http-errors of the ConfigMap has 404, but the controller has no default backend. "
    "nginx answers 500 to unknown paths, the gateway 404.",
    aspects=frozenset({"status", "routing"}),
)
FILTER = "nginx2istio.error-pages"
Backend = tuple[str, str, int]
"""Namespace, name and port of an error service."""


@rule(
    "custom-http-errors",
    "default-backend",
    "disable-proxy-intercept-errors",
    when="configured",
    reads=("auth-signin", "global-auth-signin"),
)
def custom_errors(place: Place) -> Iterator[Edit | Finding]:
    """The error service answers instead: for the codes listed, or when no pod is ready.

    nginx asks it for `/` and the query, with X-Code, and passes its status and body on.
    """
    if place.location.slash_redirect or place.upstream is None:
        return
    codes, pages, fallback = codes_in_force(place), page_service(place), named(place)
    if "default-backend" in place:
        if fallback is None:
            yield NO_BACKEND("default-backend", backend=place.text("default-backend"))
        if place.upstream.unavailable:
            yield from unavailable(place, fallback, codes, pages)
            if fallback or pages is None or 503 not in codes:
                return
    if not codes and not fallback:
        return
    if place.options.envoy_filters:
        yield from replaced(place, codes, pages, fallback)
        return
    if codes:
        whose = "the pods' error pages, or Envoy's," if intercepting(place) else "Envoy's own pages"
        facts_ = {"codes": ", ".join(map(str, codes)), "backend": title(pages), "whose": whose}
        also = {MADE_FOR[code] for code in codes if code in MADE_FOR}
        for message in (PAGES, replace(NOT_ASKED, aspects=NOT_ASKED.aspects | also)):
            yield said(place, message("custom-http-errors", **facts_))
    if fallback:
        for message in (NO_PODS, NOBODY):
            yield message("default-backend", backend=title(fallback))


def said(place: Place, finding: Finding) -> Finding:
    """Say it of the ConfigMap where the codes come from there."""
    setting = place.global_setting("custom-http-errors")
    if "custom-http-errors" in place or setting is None:
        return finding
    return finding.for_directive(setting.text, setting.origin)


def title(backend: Backend | None) -> str:
    """Name an error service, or what nginx has for one."""
    return f"Service {backend[0]}/{backend[1]}" if backend else "nginx itself"


def general(place: Place) -> tuple[int, ...]:
    """Return the ConfigMap's codes."""
    return numbers(place.config.controller.config["custom-http-errors"])


def numbers(value: object) -> tuple[int, ...]:
    """Return a list of codes as numbers."""
    return tuple(int(x) for x in value) if isinstance(value, tuple) else ()


def codes_in_force(place: Place) -> tuple[int, ...]:
    """Return the codes in force: any error_page of the location is in place of the ConfigMap's."""
    if "custom-http-errors" in place:
        return numbers(place["custom-http-errors"])
    own = "auth-signin" in place or bool(place["global-auth-signin"])
    return () if own or "auth-tls-error-page" in place.server.settings else general(place)


def named(place: Place) -> Backend | None:
    """Return the Service of default-backend and its first port, None where nginx finds none."""
    if "default-backend" not in place:
        return None
    namespace, name = place.location.ingress.namespace, place.text("default-backend")
    services = place.config.services
    service = services.get((namespace, name))
    if service is not None:
        return (namespace, name, service.ports[0].number) if service.ports else None
    return None if any(space == namespace for space, _ in services) else (namespace, name, 80)


def page_service(place: Place) -> Backend | None:
    """Return who makes the pages: default-backend for an Ingress's own list, else the controller's.

    None is nginx's own server, which answers 404.
    """
    if "custom-http-errors" in place and (backend := named(place)):
        return backend
    default = place.config.upstreams.get("upstream-default-backend")
    return (default.namespace, default.service, default.port or 80) if default else None


def own_page(place: Place) -> int:
    """Return the status of the page that nginx makes itself.

    Its server for that answers 404; where the ConfigMap lists 404, it looks for an error page in
    vain and answers 500.
    """
    return 500 if 404 in general(place) else 404


def facts(place: Place) -> dict[str, str]:
    """Return what nginx tells the error service of the location."""
    assert place.upstream is not None
    origin = place.location.ingress
    return {
        "namespace": origin.namespace,
        "ingress": origin.name,
        "service": place.upstream.service,
        "port": place.upstream.declared_port,
    }


def unavailable(
    place: Place, backend: Backend | None, codes: tuple[int, ...], pages: Backend | None
) -> Iterator[Edit | Finding]:
    """Let the error service answer a path whose Service does not exist."""
    assert place.upstream is not None
    why = place.upstream.unavailable
    if backend is None:
        status = own_page(place) if 503 in codes and pages is None else 503
        finding = NEITHER("default-backend", why=why, status=status)
        yield finding if place.upstream.guessed else replace(finding, severity="info")
        yield RouteBefore(Phase.LIMIT, {"directResponse": {"status": status}})
        return
    yield GONE("default-backend", why=why, backend=title(backend))
    yield Route("route", [external_destination(host(backend), backend[2])])
    location_facts = facts(place)
    yield Route(
        "headers.request.set",
        {
            "X-Code": "503",
            "X-Format": "%REQ(ACCEPT)%",
            "X-Namespace": location_facts["namespace"],
            "X-Ingress-Name": location_facts["ingress"],
            "X-Service-Name": location_facts["service"],
            "X-Service-Port": location_facts["port"],
        },
    )


def host(backend: Backend) -> str:
    """Return the name of an error service in the mesh."""
    return f"{backend[1]}.{backend[0]}.svc.cluster.local"


def replaced(
    place: Place, codes: tuple[int, ...], pages: Backend | None, fallback: Backend | None
) -> Iterator[Edit | Finding]:
    """Let a script in Envoy ask the error service; the route says what is particular to it."""
    lua = {"inline_string": LUA}
    config = typed("envoy.extensions.filters.http.lua.v3.Lua", default_source_code=lua)
    script = http_filter(FILTER, config, first=True)
    yield envoy_filter(place, "error-pages", script)
    data: dict[str, Any] = {"codes": ",".join(map(str, codes)), **facts(place)}
    data["status"] = str(own_page(place))
    for name, backend in (("pages", pages), ("fallback", fallback)):
        if backend:
            data[name] = f"outbound|{backend[2]}||{host(backend)}"
    if not intercepting(place):
        data["own-only"] = True
    value = {"metadata": {"filter_metadata": {FILTER: {"error-pages": data}}}}
    patches = [on_route(place.route_name, value, port) for port in place.ports]
    where = f"{place.server.host} {place.location.declared}"
    yield envoy_filter(place, f"error pages of {where}", *patches)
    if pages or fallback:
        key = "custom-http-errors" if "custom-http-errors" in place else "default-backend"
        yield said(place, BODY(key))


def intercepting(place: Place) -> bool:
    """Whether the pods' own answers are replaced, too, and not only nginx's."""
    if "custom-http-errors" in place and not place["disable-proxy-intercept-errors"]:
        return True
    disabled = place.config.controller.config["disable-proxy-intercept-errors"]
    return bool(general(place)) and not disabled


@rule(at="conversion", when="always")
def missing_error_page(place: Place) -> Iterator[Edit | Finding]:
    """Paths that nobody serves, where nginx itself has no page for 404."""
    missing = "upstream-default-backend" not in place.config.upstreams
    if 404 in general(place) and missing:
        setting = place.config.configured("custom-http-errors")
        finding = BARE_500("custom-http-errors").for_every_host()
        yield finding.for_directive(setting.text, setting.origin) if setting else finding
