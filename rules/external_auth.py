"""auth-url and its family, ConfigMap global-auth-*: another service decides who may enter."""

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.bridge.auth_provider import (
    addresses_do,
    asked,
    asking,
    auth_sources,
    called,
    provider,
    service_host,
)
from nginx2istio.bridge.response_headers import STS, transport_security
from nginx2istio.istio.envoy import auth_lua
from nginx2istio.nginx.facts.answered_early import early
from nginx2istio.nginx.facts.external_auth import AuthService, ExternalAuth, answerer, external_auth
from nginx2istio.nginx.facts.headers import answer_headers
from nginx2istio.rule import (
    Edit,
    ExternalHost,
    ExtraObject,
    Finding,
    MeshField,
    Message,
    PerRequest,
    Phase,
    Place,
    Route,
    RouteBefore,
    authorization,
    envoy_filter,
    http_filter,
    on_route,
    rule,
    unavailable,
)

WITHHELD = Message(
    "N2I210",
    "unsupported",
    "error",
    "",
    "external auth can't be carried over: {why}; {so}",
    "{instead}",
    frozenset({"auth", "access", "routing", "redirect"}),
)
MISSING = Message(
    "N2I211",
    "translated",
    "error",
    "",
    "the authentication service {service} does not exist: nginx answers 500 to every request, and "
    "so does the conversion",
    "correct auth-url, or create the Service and convert again",
)
QUESTION = Message(
    "N2I212",
    "approximated",
    "error",
    "",
    "{service} is asked with the request's own method and Host instead of {method} and {host}, and "
    "finds the request's path and query behind its own path",
    "see that it does not mind, or convert with --envoy-filters, which asks as nginx does",
    frozenset({"auth"}),
)
ANSWERS = Message(
    "N2I213",
    "approximated",
    "error",
    "",
    "an answer of {service} other than 200, 401 and 403 goes to the client as it is; nginx takes "
    "all 2xx for a yes and answers 500 to the others",
    "nothing, if the service gives no other answers; --envoy-filters does as nginx does",
    frozenset({"status", "redirect", "auth"}),
)
SIGNIN = Message(
    "N2I214",
    "unsupported",
    "error",
    "",
    "who is not signed in gets the 401 of {service} and is not sent to {signin}: Istio's external "
    "authorization can't turn a refusal into a redirect",
    "convert with --envoy-filters, or let the service answer with the redirect itself",
    frozenset({"redirect", "auth"}),
)
CLIENT_OWN = Message(
    "N2I215",
    "approximated",
    "info",
    "",
    "a request that itself brings one of the headers {names} reaches the back end without them: "
    "Istio can't tell the client's from the service's",
    "nothing: only an impostor sends them; --envoy-filters replaces them as nginx does",
    frozenset({"request-headers", "auth"}),
)
COOKIES = Message(
    "N2I216",
    "approximated",
    "info",
    "",
    "cookies that {service} sets reach the client with every answer, nginx adds them to successful "
    "ones and redirects only",
    "nothing: browsers keep the cookie a request earlier; --envoy-filters does as nginx does",
    frozenset({"cookies", "response-headers"}),
)
CACHE = Message(
    "N2I217",
    "approximated",
    "info",
    "",
    "{service} is asked about every request; nginx remembers its answers (auth-cache-key)",
    "see that it can bear the load; --envoy-filters remembers them, too",
    frozenset({"auth"}),
)
WIDER = Message(
    "N2I218",
    "approximated",
    "error",
    "",
    "{path} asks for the credentials of {protected}, too: no AuthorizationPolicy can leave this "
    "pattern out",
    "write this path as a plain path (Prefix or Exact), or convert with --envoy-filters",
    frozenset({"auth", "access"}),
)
SPELLING = Message(
    "N2I219",
    "approximated",
    "info",
    "",
    "regular expressions take paths in any letter case, an AuthorizationPolicy knows one: "
    "{path} in another letter case is refused",
    "nothing, unless clients spell the path in several ways; --envoy-filters knows all of them",
    frozenset({"auth", "access"}),
)
LOOSE = Message(
    "N2I220",
    "approximated",
    "warning",
    "",
    "credentials are asked for at all paths that begin like {protected}, also at those that the "
    "pattern leaves to other paths of the host",
    "write the path as plain paths (Prefix or Exact), or convert with --envoy-filters",
    frozenset({"auth", "access"}),
)
ODD_PORTS = Message(
    "N2I221",
    "approximated",
    "info",
    "",
    "a request for a host under {host} that names a port other than 80 and 443 in its Host header "
    "is refused, as no AuthorizationPolicy can match it",
    "nothing: clients name no port, or their own",
    frozenset({"access"}),
)
EARLY = Message(
    "N2I222",
    "approximated",
    "info",
    "",
    "nginx answers {path} itself (a redirect, a refusal) before it asks for credentials; now they "
    "are asked for there, too",
    "nothing, or convert with --envoy-filters",
    frozenset({"auth", "redirect"}),
)
ORIGIN = Message(
    "N2I223",
    "approximated",
    "info",
    "",
    "OPTIONS requests from origins that end like one of cors-allow-origin and do not match it are "
    "refused at {path}",
    "nothing: no browser sends more after it",
    frozenset({"access", "auth", "cors"}),
)
NOTHING = Message(
    "N2I224",
    "approximated",
    "info",
    "",
    "{path} has no back end: everybody gets 404 there, in nginx only who may enter",
    "nothing: there is nothing to protect",
    frozenset({"auth", "routing"}),
)
AS_NGINX = Message(
    "N2I225",
    "approximated",
    "info",
    "",
    "authentication services are told the tidied form of odd paths (//, %2F, ..), and are asked "
    "even where the back end has no endpoints, when nginx answers 503 before it asks",
    "nothing, unless they tell such spellings apart",
    frozenset({"auth"}),
)
REMARKS = {
    "wider": WIDER,
    "spelling": SPELLING,
    "port": ODD_PORTS,
    "loose": LOOSE,
    "early": EARLY,
    "origin": ORIGIN,
}
FLAG = "convert with --envoy-filters, which asks as nginx does"
SEVERAL = (
    f"{FLAG}; or let one service answer for all; or set istiod's "
    "PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS and add a provider and a policy by hand"
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
GLOBAL = tuple(f"global-{name}" for name in NAMES)


@rule(
    *NAMES,
    *GLOBAL,
    "auth-proxy-set-headers",
    "auth-keepalive",
    "auth-keepalive-share-vars",
    "auth-keepalive-requests",
    "auth-keepalive-timeout",
    "enable-global-auth",
    "no-auth-locations",
    when="configured",
)
def external_authorization(place: Place) -> Iterator[Edit | Finding]:
    """A service is asked about each request (auth_request): 2xx lets it pass, 401, 403 refuse.

    An AuthorizationPolicy makes Envoy ask (CUSTOM), with a provider in the mesh configuration. With
    EnvoyFilters a Lua filter asks exactly as nginx does, at the routes of the location.
    """
    auth = external_auth(place.config, place.location, place.server)
    if auth is None or early(place.config, place.server, place.location).always:
        return
    service = answerer(auth, place.server, place.config)
    if isinstance(service, str):
        yield from _withheld(
            place, auth, service, "name the authentication service by its own name"
        )
    elif auth.unclear:
        yield from _withheld(place, auth, auth.unclear, "say it in other annotations")
    elif service.missing:
        yield RouteBefore(Phase.ACCESS, {"directResponse": {"status": 500}})
        yield MISSING(auth.key, service=called(service))
    elif place.options.envoy_filters and not addresses_do(place.config, place.location):
        yield from _as_nginx(place, auth, service)
    else:
        yield from _by_policy(place, auth, service)


def _by_policy(place: Place, auth: ExternalAuth, service: AuthService) -> Iterator[Edit | Finding]:
    """A CUSTOM policy. The check of addresses goes first, or makes credentials unnecessary."""
    mine, one = provider(auth, service), asked(place.config)
    if isinstance(mine, str):
        yield from _withheld(place, auth, mine, FLAG)
        return
    supported = place.options.supports("cel-in-headers")
    if not supported and any("%CEL(" in v for _, v in mine.headers):
        why = "what nginx tells it of the client's certificate takes Istio 1.26"
        yield from _withheld(place, auth, why, FLAG)
        return
    if mine != one.provider:
        other = f"{one.provider.host}{one.provider.path}" if one.provider else "another"
        why = (
            "Istio asks one authentication service at a gateway, the same question everywhere, and "
            f"more paths ask {other}"
        )
        yield from _withheld(place, auth, why, SEVERAL)
        return
    plan = asking(place.config, place.server)
    group = plan.groups[id(place.location)]
    if id(place.location) in plan.empty:
        yield NOTHING(auth.key, path=place.location.declared)
        return
    if plan.fits[id(place.location)].impossible:
        why = "no AuthorizationPolicy can tell the pattern from the other paths of the host"
        yield from _withheld(place, auth, why, FLAG)
        return
    yield MeshField("extensionProviders", [mine.config(one.identity, one.cookies)])
    sources = auth_sources(place.config, place.location)
    yield authorization(plan, group, place.options, "CUSTOM", sources, mine.name)
    yield from plan.refusal_routes(place.location)
    yield from _identity(auth, one.identity)
    yield from _differences(auth, service)
    for remark in plan.remarks(place.location):
        said = REMARKS[remark.kind](
            auth.key,
            protected=place.location.declared,
            path=remark.path,
            start=remark.start,
            host=place.server.host,
        )
        if remark.moved:  # the redirect is for everybody
            said = replace(said, severity="warning")
        yield said.for_host() if remark.path == "*" else replace(said, path=remark.path)


def _identity(auth: ExternalAuth, passed: tuple[str, ...]) -> Iterator[Edit | Finding]:
    """What the service says of the client, for the back end: nobody else may say it.

    The route is chosen before the service is asked, so that it still tells what the client sent.
    """
    own = {name.lower() for name in auth.identity}
    foreign = sorted(name for name in passed if name not in own)
    if foreign:
        yield Route("headers.request.remove", foreign)
    for name in sorted(own):
        removed = {"request": {"remove": [*foreign, *sorted(own)]}}
        yield PerRequest({"headers": {name: {}}}, {"headers": removed}, group="identity")
    if own:
        said = CLIENT_OWN("auth-response-headers", names=", ".join(auth.identity))
        usual = own & {"authorization", "cookie"}
        yield replace(said, severity="warning") if usual else said


def _differences(auth: ExternalAuth, service: AuthService) -> Iterator[Finding]:
    name = called(service)
    yield QUESTION(auth.key, service=name, method=auth.method, host=auth.host)
    yield ANSWERS(auth.key, service=name)
    yield COOKIES(auth.key, service=name)
    if auth.signin:
        key = auth.key.replace("auth-url", "auth-signin")
        yield SIGNIN(key, service=name, signin=auth.signin.partition("?")[0])
    if auth.cache_key:
        yield CACHE(auth.key.replace("auth-url", "auth-cache-key"), service=name)


def _as_nginx(place: Place, auth: ExternalAuth, service: AuthService) -> Iterator[Edit | Finding]:
    """The Lua filter, once, and what it asks as metadata of the location's routes."""
    texts = (auth.host, auth.path, auth.signin, auth.cache_key, *auth.headers.values())
    unknown = auth_lua.unknown(*texts)
    if unknown:
        why = f"the variable ${unknown[0]} of nginx has no counterpart"
        yield from _withheld(place, auth, why, "do without the variable")
        return
    if service.namespace and service.tls:
        why = f"Service {called(service)} is asked over TLS"
        yield from _withheld(place, auth, why, "let it speak plain HTTP inside the cluster")
        return
    if not service.namespace:
        yield ExternalHost(service.name, service.port, tls=service.tls)
        if service.tls:
            yield ExtraObject(auth_lua.tls_policy(place.options.gateway_namespace, service.name))
    yield AS_NGINX("").for_every_host()
    yield envoy_filter(place, "who-may-enter", http_filter(auth_lua.KEY, auth_lua.lua_filter()))
    cache = None
    if auth.cache_key:  # nginx's key has the host and the location besides: /x/ is not = /x
        key = f"{place.server.host} {place.route_name} {auth.cache_key}"
        cache = {"key": key, "seconds": dict(auth.cache_seconds), "apart": place.location.declared}
    asked = auth_lua.question(
        f"outbound|{service.port}||{service_host(service)}",
        auth.method,
        auth.host,
        auth.path,
        auth.headers,
        auth.identity,
        auth.signin,
        auth.always_set_cookie,
        auth.only_200,
        cache,
        _of_location(place) if auth.signin else (),
    )
    name = f"who-may-enter {place.route_name}"
    yield envoy_filter(place, name, on_route(place.route_name, asked))


def _of_location(place: Place) -> tuple[str, ...]:
    """The headers that answers of the location carry, and the redirect to the sign-in page not.

    nginx redirects from a location of its own, which has what the host says only.
    """
    said = answer_headers(place.config, place.server, place.location, "auth-url" in place)
    host = {
        x.name.lower() for x in answer_headers(place.config, place.server, place.location, block=())
    }
    names = {x.name.lower() for x in said if x.kind in ("set", "add")} - host
    if place.tls and transport_security(place.config, said):
        names.add(STS.lower())
    return tuple(sorted(names))


def _withheld(place: Place, auth: ExternalAuth, why: str, instead: str) -> Iterator[Edit | Finding]:
    open_ = place.options.allow_unprotected
    so = "the path is served to everybody" if open_ else "the path answers 503"
    yield WITHHELD(auth.key, why=why, so=so, instead=instead)
    if not place.options.allow_unprotected:
        yield unavailable()
