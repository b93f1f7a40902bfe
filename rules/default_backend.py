"""default-backend: what answers while the Service of a path has no ready pods, or is missing."""

from collections.abc import Iterator

from nginx2istio.rule import (
    DEFAULT_UPSTREAM,
    Edit,
    ErrorPages,
    Finding,
    Message,
    Phase,
    Place,
    Route,
    RouteBefore,
    error_pages,
    external_destination,
    rule,
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
UNREAD_SERVICE = Message(
    "N2I936",
    "approximated",
    "info",
    "Default backend where the Service may be missing",
    "Service {service} is not among the input. If it does not exist, {backend} answers in nginx, "
    "and the gateway answers 503.",
    "Add the Service to the input, or check that it exists.",
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
OF_CONTROLLER = Message(
    "N2I391",
    "ineffective",
    "info",
    "Default backend of a path without a backend",
    "The controller's own default backend answers {path}. default-backend has no effect there.",
    "Give the path a backend.",
)
NEITHER = Message(
    "N2I387",
    "approximated",
    "warning",
    "Path without any backend",
    "nginx answers {status} on these paths, and so does the gateway: {why}, and no "
    "default-backend exists.",
    "Delete the path, or create the Service and convert again.",
)


@rule("default-backend", at="proxied")
def default_backend(place: Place) -> Iterator[Edit | Finding]:
    """The controller sends requests without a ready pod to the Service of default-backend.

    For a Service that does not exist the route leads there at once. Whether a pod is ready only an
    EnvoyFilter can ask; custom_errors writes it.
    """
    pages = error_pages(place.config, place.server, place.location)
    assert place.upstream is not None
    if place.upstream.name == DEFAULT_UPSTREAM:
        yield OF_CONTROLLER(place, path=place.location.declared)
    elif pages.fallback is None:
        yield NO_BACKEND(place, backend=place.text("default-backend"))
    if place.upstream.unavailable:
        yield from _unavailable(place, pages)
    elif pages.fallback and not place.options.filters("error-pages"):
        for message in (NO_PODS, NOBODY):
            yield message(place, backend=pages.fallback.title)
    elif pages.fallback and place.upstream.known is None:
        # Envoy then answers without the text by which the EnvoyFilter tells that no pod is ready.
        service = f"{place.upstream.namespace}/{place.upstream.service}"
        missing = UNREAD_SERVICE(place, service=service, backend=pages.fallback.title)
        yield missing.assuming("services")


def _unavailable(place: Place, pages: ErrorPages) -> Iterator[Edit | Finding]:
    """The error service answers a path whose Service does not exist."""
    assert place.upstream is not None
    why, service = place.upstream.unavailable, pages.fallback
    if service is None:
        own = 503 in pages.codes and pages.pages is None
        status = pages.own_status if own else 503
        yield NEITHER(place, why=why, status=status)
        yield RouteBefore(Phase.LIMIT, {"directResponse": {"status": status}})
        return
    yield GONE(place, why=why, backend=service.title)
    yield Route("route", [external_destination(service.host, service.port)])
    headers = {
        "X-Code": "503",
        "X-Format": "%REQ(ACCEPT)%",
        "X-Namespace": place.location.ingress.namespace,
        "X-Ingress-Name": place.location.ingress.name,
        "X-Service-Name": place.upstream.service,
        "X-Service-Port": place.upstream.declared_port,
    }
    yield Route("headers.request.remove", ["X-Format"])  # which a client may have sent
    yield Route("headers.request.set", headers)
