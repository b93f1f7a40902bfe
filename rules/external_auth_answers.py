"""auth-url and its family: what the request to the service holds, and what comes of its answers."""

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.rule import (
    Action,
    AuthMeans,
    Edit,
    ExternalAuth,
    Finding,
    Message,
    PerRequest,
    Place,
    Requests,
    Route,
    Severity,
    auth_means,
    auth_provider,
    headers_by_lua,
    rule,
)

QUESTION = Message(
    "N2I212",
    "approximated",
    "info",
    "External auth asks in another way",
    "Envoy asks {service} with the method, Host, path and query of the request. It passes on "
    "answers other than 200, where nginx accepts every 2xx and answers 500 to the rest.",
    "Check that the service accepts this, or convert with --auth-service or --envoy-filters, which "
    "ask as nginx: {method}, Host {host}.",
    frozenset({"status", "redirect", "auth"}),
)
SIGNIN = Message(
    "N2I214",
    "unsupported",
    "error",
    "No redirect to the sign-in page",
    "A client without credentials gets the 401 of {service} and no redirect to {signin}. Istio's "
    "external authorization can't turn a refusal into a redirect.",
    "Convert with --auth-service or --envoy-filters, or let the service answer with the redirect.",
    frozenset({"redirect", "auth"}),
)
CLIENT_OWN = Message(
    "N2I215",
    "approximated",
    "info",
    "Identity headers of the client are removed",
    "Istio can't tell {names} of the client from those of the service. A request that brings one "
    "reaches the backend without them.",
    "Convert with --auth-service or --envoy-filters if clients send these headers themselves.",
    frozenset({"request-headers", "auth"}),
)
COOKIES_OF_SERVICE = Message(
    "N2I216",
    "approximated",
    "info",
    "Cookies of the service come with every answer",
    "Envoy adds the cookies that {service} sets to every answer. nginx adds them to successful "
    "answers and redirects only.",
    aspects=frozenset({"cookies", "response-headers"}),
)
UNCACHED_ANSWERS = Message(
    "N2I217",
    "approximated",
    "info",
    "Answers of the service are not cached",
    "Envoy asks {service} about every request. nginx caches its answers (auth-cache-key).",
    "Check that the service can take the load, or convert with --auth-service or --envoy-filters, "
    "which cache, too.",
    frozenset({"auth"}),
)
BY_LUA = Message(
    "N2I213",
    "approximated",
    "warning",
    "Headers of the service that nginx gets wrong",
    "With auth-keepalive and without HTTP/2, nginx miscounts auth-response-headers: {effect}. The "
    "gateway passes each header on.",
    "Check that the backend can rely on these headers, which it has not had so far.",
    frozenset({"auth", "routing", "status", "request-headers"}),
)
EFFECTS = {
    "fails": "it answers 500 to whoever the service lets in",
    "shifted": "each has the value of the one before it, and the first has none",
}


@rule(when="configured", reads=("auth-url", "auth-keepalive", "auth-response-headers", "use-http2"))
def headers_of_lua(place: Place) -> Iterator[Edit | Finding]:
    """ngx_conf_external_auth.lua counts the variables of the headers from 1, not from 0."""
    effect = headers_by_lua(place.config, place.location)
    if effect:
        yield BY_LUA("auth-response-headers", effect=EFFECTS[effect])


@rule(when="configured", reads=("auth-url", "global-auth-url"))
def external_auth_answers(place: Place) -> Iterator[Edit | Finding]:
    """Where a policy has the service asked, Envoy asks otherwise than nginx's auth_request does.

    It appends the request's path to the question, passes the service's answers on, and caches none.
    """
    means = auth_means(place)
    if means is None or means.kind not in ("policy", "service"):
        return
    auth, service = means.auth, means.service_name
    if means.kind == "service":
        yield COOKIES_OF_SERVICE(auth.key, service=service)
        return
    yield from _identity(auth, auth_provider(place.config).identity)
    yield from _question(means)
    yield COOKIES_OF_SERVICE(auth.key, service=service)
    if auth.signin:
        key = auth.key.replace("auth-url", "auth-signin")
        signin = SIGNIN(key, service=service, signin=auth.signin.partition("?")[0])
        signin = signin.past_https_redirect(place)
        yield replace(signin, severity="info") if means.asks_oauth2_proxy else signin
    if auth.cache_key:
        yield UNCACHED_ANSWERS(auth.key.replace("auth-url", "auth-cache-key"), service=service)


def _question(means: AuthMeans) -> Iterator[Edit | Finding]:
    """That the service must accept Envoy's question, and that Envoy must accept its answer."""
    auth, service = means.auth, means.service_name
    yield QUESTION(auth.key, service=service, method=auth.method, host=auth.host)
    if means.asks_oauth2_proxy:
        return
    text = (
        f"see that {service} answers {auth.path} with 200 to clients that may enter, and with 401 "
        "or 403 to others, whatever the method, the Host and the query; Envoy takes every answer "
        "but 200 for a refusal"
    )
    yield Action("auth-answers", text)


def _identity(auth: ExternalAuth, passed: tuple[str, ...]) -> Iterator[Edit | Finding]:
    """What the service says of the client, for the backend: nobody else may say it.

    The route is chosen before the service is asked, so it still tells what the client sent.
    """
    own = {name.lower() for name in auth.identity}
    foreign = sorted(name for name in passed if name not in own)
    if foreign:
        yield Route("headers.request.remove", foreign)
    for name in sorted(own):
        removed = {"request": {"remove": [*foreign, *sorted(own)]}}
        yield PerRequest({"headers": {name: {}}}, {"headers": removed}, group="identity")
    for severity, names in _by_severity(auth.identity):
        finding = CLIENT_OWN("auth-response-headers", names=", ".join(names))
        about = (Requests(header=name) for name in names)
        yield replace(finding.for_requests(*about), severity=severity)


def _by_severity(names: tuple[str, ...]) -> Iterator[tuple[Severity, list[str]]]:
    """The headers apart that clients usually send by themselves."""
    usual = [name for name in names if name.lower() in ("authorization", "cookie")]
    others = [name for name in names if name not in usual]
    if usual:
        yield "warning", usual
    if others:
        yield "info", others
