"""How a location's external auth is asked by the Lua filter, and whether it can be."""

from __future__ import annotations

from nginx2istio.bridge.auth.provider import service_host, service_name
from nginx2istio.bridge.place import Place
from nginx2istio.bridge.response_headers import STS, transport_security
from nginx2istio.istio.envoy import auth_lua
from nginx2istio.istio.objects import Object
from nginx2istio.nginx.facts.auth_service import AuthService
from nginx2istio.nginx.facts.error_pages import error_pages
from nginx2istio.nginx.facts.external_auth import ExternalAuth
from nginx2istio.nginx.facts.headers import answer_headers


def unaskable(auth: ExternalAuth, service: AuthService) -> str:
    """Why the filter can't ask as nginx does, "" when it can."""
    texts = (auth.host, auth.path, auth.signin, auth.cache_key, *auth.headers.values())
    unknown = auth_lua.unknown(*texts)
    if unknown:
        return f"the variable ${unknown[0]} of nginx has no counterpart"
    if service.namespace and service.tls:
        return f"Service {service_name(service)} is asked over TLS"
    return ""


def auth_question(
    place: Place, auth: ExternalAuth, service: AuthService, annotated: bool
) -> Object:
    """What to add to the routes of a location for the filter to ask about their requests.

    ``annotated``: auth-url is an annotation of the Ingress, not of the ConfigMap.
    """
    cache = None
    if auth.cache_key:  # nginx's key has the host and the location besides: /x/ is not = /x
        key = f"{place.server.host} {place.route_name} {auth.cache_key}"
        cache = {"key": key, "seconds": dict(auth.cache_seconds), "apart": place.location.declared}
    return auth_lua.question(
        f"outbound|{service.port}||{service_host(service)}",
        auth.method,
        auth.host,
        auth.path,
        auth.headers,
        auth.identity,
        # nginx completes a Location without a host (absolute_redirect)
        f"$scheme://$host{auth.signin}" if auth.signin.startswith("/") else auth.signin,
        auth.always_set_cookie,
        auth.only_200,
        cache,
        _of_location(place, annotated) if auth.signin else (),
        bool(auth.signin) and error_pages(place.config, place.server, place.location).intercepts,
    )


def _of_location(place: Place, annotated: bool) -> tuple[str, ...]:
    """The headers that answers of the location carry, and the redirect to the sign-in page not."""
    names = headers_of_location(place, annotated)
    answers = answer_headers(place.config, place.server, place.location, annotated)
    if place.tls and transport_security(place.config, answers):
        names.add(STS.lower())
    return tuple(sorted(names))


def headers_of_location(place: Place, annotated: bool) -> set[str]:
    """The response headers that are said at the location, in lower case, besides the controller's.

    nginx redirects from a location of its own, which has what the host says only.
    """
    config, server, location = place.config, place.server, place.location
    host = {x.name.lower() for x in answer_headers(config, server, location, block=())}
    answers = answer_headers(config, server, location, annotated)
    return {x.name.lower() for x in answers if x.kind in ("set", "add")} - host
