"""auth-url and its family, ConfigMap global-auth-*: another service checks each request."""

from collections.abc import Iterator

from nginx2istio.istio.envoy import auth_lua
from nginx2istio.rule import (
    RESPELLED,
    AuthMeans,
    Edit,
    ExternalHost,
    ExtraObject,
    Finding,
    MeshField,
    Message,
    Phase,
    Place,
    RouteBefore,
    auth_means,
    auth_plan,
    auth_provider,
    auth_question,
    auth_sources,
    envoy_filter,
    http_filter,
    on_route,
    policy_messages,
    protect,
    rule,
    withhold,
)

WITHHELD = Message(
    "N2I210",
    "unsupported",
    "error",
    "External auth has no counterpart",
    "External auth can't be converted: {reason}. So {result}.",
    "To keep the check, {remedy}.",
    frozenset({"routing"}),
)
MISSING = Message(
    "N2I211",
    "approximated",
    "warning",
    "The authentication service does not exist",
    "Service {service} or its port does not exist. nginx answers 500 to every request, and so do "
    "the new routes.",
    "Correct auth-url, or create the Service and convert again.",
)
NOT_READ = Message(
    "N2I068",
    "approximated",
    "info",
    "Authentication service that was not read",
    "Service {service} is not among the input, while others of its namespace are. If it does not "
    "exist, nginx answers 500, and the gateway may answer another error.",
    "Check that the Service exists.",
    frozenset({"status"}),
)
DIFFERENCES = policy_messages(
    "credentials", "N2I218", "N2I219", "N2I220", "N2I221", "N2I222", "N2I223"
)
WIDER, SPELLING, LOOSE = DIFFERENCES.wider, DIFFERENCES.spelling, DIFFERENCES.loose
PORT, EARLY, ORIGIN = DIFFERENCES.port, DIFFERENCES.early, DIFFERENCES.origin
ASKED_WITHOUT_BACKEND = Message(
    "N2I224",
    "approximated",
    "info",
    "A path with external auth has no backend",
    "{path} has no backend. Istio answers 404 to every client, nginx only to those with "
    "credentials.",
    aspects=frozenset({"auth", "routing"}),
)
NORMALIZED = Message(
    "N2I225",
    "approximated",
    "info",
    "Authentication services get normalized paths",
    "Envoy asks the authentication service with the normalized path (//, escapes, dot segments), "
    "and names it in the redirect to the sign-in page.",
    aspects=frozenset({"auth", "redirect"}),
    requests=(RESPELLED,),
)
ASKED_BEFORE_503 = Message(
    "N2I226",
    "approximated",
    "info",
    "External auth before the answer of no pod",
    "While no pod of the Service is ready, nginx answers 503 to everybody. Envoy asks {service} "
    "first, and refuses clients as it says.",
    aspects=frozenset({"routing", "access"}),
)
NAMES = (
    "auth-url",
    "auth-method",
    "auth-signin",
    "auth-signin-redirect-param",
    "auth-snippet",
    "auth-cache-key",
    "auth-cache-duration",
    "auth-response-headers",
    "auth-request-redirect",
    "auth-always-set-cookie",
)


@rule(
    *NAMES,
    *(f"global-{name}" for name in NAMES),
    "auth-proxy-set-headers",
    "auth-keepalive",
    "auth-keepalive-share-vars",
    "auth-keepalive-requests",
    "auth-keepalive-timeout",
    "enable-global-auth",
    "no-auth-locations",
    when="configured",
    protects=True,
)
def external_authorization(place: Place) -> Iterator[Edit | Finding]:
    """A service is asked about each request (auth_request): 2xx lets it pass, 401, 403 refuse.

    An AuthorizationPolicy makes Envoy ask (CUSTOM), with a provider in the mesh configuration. With
    EnvoyFilters a Lua filter asks exactly as nginx does, at the routes of the location.
    """
    means = auth_means(place)
    if means is None:
        return
    key = means.auth.key
    if means.service and means.service.doubtful:
        yield NOT_READ(key, service=means.service_name).assuming("services")
    match means.kind:
        case "withheld":
            yield from withhold(place, WITHHELD, key, reason=means.reason, remedy=means.remedy)
        case "missing":
            yield RouteBefore(Phase.ACCESS, {"directResponse": {"status": 500}})
            yield MISSING(key, service=means.service_name)
        case "without-backend":
            yield ASKED_WITHOUT_BACKEND(key, path=place.location.declared)
        case "service":
            yield NORMALIZED(key)
        case "filter":
            yield from _by_filter(place, means)
        case "policy":
            yield from _by_policy(place, means)


def _by_policy(place: Place, means: AuthMeans) -> Iterator[Edit | Finding]:
    """A CUSTOM policy. The check of addresses goes first, or makes credentials unnecessary."""
    if means.provider is None:
        return
    shared = auth_provider(place.config)
    providers = [means.provider.config(shared.identity, shared.cookies)]
    yield MeshField("extensionProviders", providers)
    plan = auth_plan(place.config, place.server)
    sources = auth_sources(place.config, place.location)
    name = means.provider.name
    yield from protect(place, plan, means.auth.key, "CUSTOM", sources, DIFFERENCES, name)


def _by_filter(place: Place, means: AuthMeans) -> Iterator[Edit | Finding]:
    """The Lua filter, once, and what it asks as metadata of the location's routes."""
    if (service := means.service) is None:
        return
    if not service.namespace:
        yield ExternalHost(service.name, service.port, tls=service.tls)
        if service.tls:
            yield ExtraObject(auth_lua.tls_policy(place.options.gateway_namespace, service.name))
    yield NORMALIZED(means.auth.key)
    yield ASKED_BEFORE_503(means.auth.key, service=means.service_name)
    check = http_filter(auth_lua.KEY, auth_lua.auth_filter())
    yield envoy_filter(place, "external-auth", "who-may-enter", check)
    question = auth_question(place, means.auth, service, "auth-url" in place)
    name, by_route = f"who-may-enter {place.route_name}", on_route(place.route_name, question)
    yield envoy_filter(place, "external-auth", name, by_route, protects="external-auth")
