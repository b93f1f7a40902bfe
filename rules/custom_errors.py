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
    elsewhere,
    envoy_filter,
    http_filter,
    on_route,
    route,
    rule,
    typed,
    variant,
)

LUA = Path(__file__).with_suffix(".lua").read_text(encoding="utf-8")
PAGES = Message(
    "N2I380",
    "unsupported",
    "warning",
    "",
    "clients see {whose} for the codes {codes}; nginx shows the pages of {backend}",
    "convert with --envoy-filters, or let the pods make the pages",
    frozenset({"body"}),
)
NOT_ASKED = Message(
    "N2I381",
    "approximated",
    "info",
    "",
    "{backend} is no longer asked for error pages: status and headers are those of the answer that "
    "it would replace",
    "convert with --envoy-filters",
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
    "",
    "the error service gets no request bodies, and headers as the client sent them",
    "nothing: error services look at X-Code and X-Format",
    frozenset({"body", "request-headers"}),
)
NO_PODS = Message(
    "N2I383",
    "unsupported",
    "warning",
    "",
    "while no pod of the Service is ready, nginx lets {backend} answer; Envoy answers 503 itself",
    "convert with --envoy-filters, or keep a pod ready",
    frozenset({"body"}),
)
NOBODY = Message(
    "N2I384",
    "approximated",
    "info",
    "",
    "while no pod of the Service is ready, {backend} is not asked",
    "convert with --envoy-filters",
    frozenset({"routing", "status", "path", "response-headers", "request-headers"}),
)
GONE = Message(
    "N2I385",
    "translated",
    "warning",
    "",
    "nginx lets {backend} answer all requests of these paths, and so does the conversion: {why}",
    "create the Service and convert again, or delete the default-backend",
)
NO_BACKEND = Message(
    "N2I386",
    "ineffective",
    "info",
    "",
    "nginx finds no Service {backend} with a port and goes on without default-backend",
    "delete the annotation, or create the Service and convert again",
)
NEITHER = Message(
    "N2I387",
    "translated",
    "error",
    "",
    "nginx answers {status} on these paths, and so does the conversion: {why}, and there is no "
    "default-backend either",
    "delete the path, or create the Service and convert again; if there is one, add it to the "
    "input",
)
BARE_500 = Message(
    "N2I388",
    "approximated",
    "info",
    "",
    "the ConfigMap's custom-http-errors has 404 but the controller has no default backend: nginx "
    "answers 500 to paths that nobody serves, the new gateway 404",
    "nothing: 404 is what was meant",
    frozenset({"status", "routing"}),
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
    codes, pages, fallback = wanted(place), page_service(place), named(place)
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
        told = {"codes": ", ".join(map(str, codes)), "backend": title(pages), "whose": whose}
        also = {MADE_FOR[code] for code in codes if code in MADE_FOR}
        for message in (PAGES, replace(NOT_ASKED, aspects=NOT_ASKED.aspects | also)):
            yield said(place, message("custom-http-errors", **told))
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


def wanted(place: Place) -> tuple[int, ...]:
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
        said = NEITHER("default-backend", why=why, status=status)
        yield said if place.upstream.guessed else replace(said, severity="warning")
        yield variant(Phase.LIMIT, directResponse={"status": status})
        return
    yield GONE("default-backend", why=why, backend=title(backend))
    yield route("route", [elsewhere(host(backend), backend[2])])
    told = facts(place)
    yield route(
        "headers.request.set",
        {
            "X-Code": "503",
            "X-Format": "%REQ(ACCEPT)%",
            "X-Namespace": told["namespace"],
            "X-Ingress-Name": told["ingress"],
            "X-Service-Name": told["service"],
            "X-Service-Port": told["port"],
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
