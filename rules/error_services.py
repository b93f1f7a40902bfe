"""Services that answer in place of others: without a ready pod, and beside a canary."""

from collections.abc import Iterator

from nginx2istio.rule import (
    DEFAULT_UPSTREAM,
    Edit,
    Finding,
    Message,
    Place,
    error_pages,
    rule,
)

NO_DEFAULT_PODS = Message(
    "N2I393",
    "approximated",
    "info",
    "Controller's default backend without ready pods",
    "While no pod of {backend} is ready, nginx itself answers 404. Envoy answers 503.",
    "Keep a pod ready.",
    frozenset({"routing", "status"}),
)
NO_PAGE_PODS = Message(
    "N2I394",
    "approximated",
    "info",
    "Error service without ready pods",
    "While no pod of {backend} is ready, {instead}. Envoy answers 503.",
    "Keep a pod ready.",
    frozenset({"routing", "status"}),
)
OF_CANARY = Message(
    "N2I395",
    "approximated",
    "info",
    "Error pages of a canary",
    "nginx splits the requests for error pages as it splits all others, so canary {canary} makes "
    "pages, too. The gateway asks {backend} for all pages.",
    aspects=frozenset({"routing", "status"}),
)

OF_CLOSED = Message(
    "N2I396",
    "approximated",
    "info",
    "Error page of a closed path",
    "nginx answers these paths with the error page for 503 that {backend} makes. The gateway "
    "answers 503 without a page.",
    "Correct the value for which nginx closes the path.",
    frozenset({"routing", "status"}),
)


@rule(at="proxied", when="always")
def default_service(place: Place) -> Iterator[Edit | Finding]:
    """The controller puts its own server in place of a default backend without endpoints."""
    if place.upstream is not None and place.upstream.name == DEFAULT_UPSTREAM:
        service = f"{place.upstream.namespace}/{place.upstream.service}"
        yield NO_DEFAULT_PODS("", backend=f"Service {service}")


@rule(when="configured", reads="custom-http-errors")
def closed_paths(place: Place) -> Iterator[Edit | Finding]:
    """What the controller closes has the error pages of the ConfigMap, as it has no others."""
    pages = error_pages(place.config, place.server, place.location)
    if place.location.denied and 503 in pages.codes and place.options.filters("error-pages"):
        yield OF_CLOSED("custom-http-errors", backend=pages.maker)


@rule(at="proxied", when="configured", reads=("custom-http-errors", "default-backend"))
def error_services(place: Place) -> Iterator[Edit | Finding]:
    """A default-backend is a copy of the upstream of its path, canaries included."""
    pages = error_pages(place.config, place.server, place.location)
    if not pages.codes or pages.pages is None or not place.options.filters("error-pages"):
        return
    own = pages.pages is pages.fallback
    others = place.config.upstreams.get(DEFAULT_UPSTREAM) if own else None
    instead = f"nginx answers {pages.own_status} instead of a page"
    if others:
        instead = f"Service {others.namespace}/{others.service} makes the pages in nginx"
    yield NO_PAGE_PODS("custom-http-errors", backend=pages.maker, instead=instead)
    if own and place.upstream is not None and place.upstream.alternatives:
        canary = place.upstream.alternatives[0]
        if not canary.unavailable:
            name = f"{canary.namespace}/{canary.service}"
            yield OF_CANARY("custom-http-errors", canary=name, backend=pages.maker)
