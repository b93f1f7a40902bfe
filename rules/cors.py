"""enable-cors and cors-*: which other sites' scripts may read the answers."""

from collections.abc import Iterator

from nginx2istio.istio import re2
from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    Requests,
    Route,
    RouteBefore,
    answers_itself,
    origin_pattern,
    parse_snippet,
    protections,
    rule,
    snippets,
)

NO_CREDENTIALS = Message(
    "N2I400",
    "translated",
    "info",
    "CORS with any origin and credentials",
    "nginx answers Access-Control-Allow-Origin: * with Access-Control-Allow-Credentials: "
    "true, a pair that browsers refuse. The gateway leaves out the second, because Envoy "
    "would then allow credentials from every origin.",
    "Name the origins in cors-allow-origin if scripts of other sites must send cookies.",
)
GATEWAY_ANSWERS = Message(
    "N2I401",
    "approximated",
    "info",
    "CORS headers on the gateway's own answers",
    "Answers that the gateway makes itself ({what}) carry no CORS headers for origins with a "
    "star. Scripts of other sites see a network error instead of the status.",
    "Name the origins without stars: then the gateway can compare them.",
    frozenset({"cors"}),
)
BY_ENVOY = Message(
    "N2I947",
    "approximated",
    "info",
    "Envoy answers preflights",
    "Envoy answers preflights with 200 and CORS headers alone. nginx answers all OPTIONS from an "
    "allowed origin with 204 and the path's other headers, also by http before it redirects.",
    "Convert with --compat exact if other OPTIONS must not reach the backend.",
    frozenset({"cors", "redirect", "response-headers", "routing"}),
    (Requests(method=("OPTIONS",)),),
)
ANSWERING = (
    "allowlist-source-range",
    "denylist-source-range",
    "auth-url",
    "auth-type",
    "global-auth-url",
    "auth-tls-secret",
    "limit-rps",
    "limit-rpm",
    "limit-connections",
    "permanent-redirect",
    "temporal-redirect",
)
METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"}
)
"""Those that a corsPolicy may name (``validateCORSHTTPMethod``)."""


@rule(
    "enable-cors",
    "cors-allow-origin",
    "cors-allow-methods",
    "cors-allow-headers",
    "cors-allow-credentials",
    "cors-expose-headers",
    "cors-max-age",
    reads=(*ANSWERING, "ssl-redirect", "force-ssl-redirect"),
)
def cors(place: Place) -> Iterator[Edit | Finding]:
    """nginx adds the CORS headers to every answer and answers every OPTIONS itself with 204.

    With `*` it does so for everybody: the same headers on the route say that literally, as caches
    and answers to requests without an Origin need it (a corsPolicy would echo the origin of each
    request). With a list it does so for the origins on it: a corsPolicy. An OPTIONS from elsewhere
    reaches the backend. nginx looks at OPTIONS before redirects, limits and credentials.
    """
    origins = place.list("cors-allow-origin")
    location = place.location
    if not place["enable-cors"] or not origins or location.denied or location.slash_redirect:
        return
    answer = {
        "Access-Control-Allow-Methods": place.text("cors-allow-methods"),
        "Access-Control-Allow-Headers": place.text("cors-allow-headers"),
        "Access-Control-Max-Age": place.text("cors-max-age"),
    }
    exposed = place.text("cors-expose-headers")
    readable = {"Access-Control-Expose-Headers": exposed} if exposed else {}
    if origins == ("*",):
        if place.settings.get("cors-allow-credentials") and place["cors-allow-credentials"]:
            yield NO_CREDENTIALS("cors-allow-credentials")
        everybody = {"Access-Control-Allow-Origin": "*", **readable}
        yield Route("headers.response.set", everybody)
        yield _preflight({"method": {"exact": "OPTIONS"}}, answer)
        return
    patterns = [f"(?i){origin_pattern(origin)}" for origin in origins]
    yield Route("corsPolicy", _policy(place, patterns))
    credentials = {"Access-Control-Allow-Credentials": "true"}
    answer |= {"Access-Control-Allow-Origin": "%REQ(ORIGIN)%", **readable}
    answer |= credentials if place["cors-allow-credentials"] else {}
    listed = re2.joined_alternatives(map(origin_pattern, origins))
    if place.options.compat != "exact" and policy_answers(place):
        yield BY_ENVOY("enable-cors")
        listed = []
    for some in listed:
        match = {"method": {"exact": "OPTIONS"}, "headers": {"origin": {"regex": some}}}
        yield _preflight(match, answer)
    yield from _own_answers(place, origins, readable)


def policy_answers(place: Place) -> bool:
    """Whether the corsPolicy's own answers will do: nothing else of the gateway comes before it."""
    if not place.proxied or any(place[key] for key in ANSWERING):
        return False
    return not protections(place.config, place.server, place.location, place.tls)


def _preflight(match: dict[str, object], headers: dict[str, str]) -> Edit:
    """The answer to OPTIONS; without the policy, whose own answer lacks the route's headers."""
    return RouteBefore(
        Phase.PREFLIGHT,
        {
            "corsPolicy": None,
            "directResponse": {"status": 204},
            "headers": {"response": {"set": headers}},
        },
        match,
    )


def _policy(place: Place, patterns: list[str]) -> dict[str, object]:
    methods = [m for m in _split(place.text("cors-allow-methods")) if m in METHODS]
    policy: dict[str, object] = {
        "allowOrigins": [{"regex": p} for p in patterns],
        "allowMethods": methods,
        "allowHeaders": _split(place.text("cors-allow-headers")),
    }
    if place["cors-expose-headers"]:
        policy["exposeHeaders"] = _split(place.text("cors-expose-headers"))
    if place.number("cors-max-age") > 0:
        policy["maxAge"] = f"{place.number('cors-max-age')}s"
    if place["cors-allow-credentials"]:
        policy["allowCredentials"] = True
    return policy


def _own_answers(
    place: Place, origins: tuple[str, ...], readable: dict[str, str]
) -> Iterator[Edit | Finding]:
    """CORS headers on answers that the gateway makes itself.

    Envoy's CORS filter stands behind those that ask for credentials, and leaves redirects and
    direct responses alone; the headers of the route are on all of them.
    """
    what = [key for key in ANSWERING if place[key]]
    for key, setting in snippets(place.config, place.server, place.location, "location"):
        directives = [x for d in parse_snippet(setting.text).directives for x in d.all()]
        if any(map(answers_itself, directives)):
            what.append(key)
    if place.upstream is not None and place.upstream.unavailable:
        what.append("503")
    if place.upstream is None:
        what.append("404")
    ports = (0,) if what else ()
    certified = any(map(place.certified, place.hosts))
    if place["force-ssl-redirect"] or (place["ssl-redirect"] and certified):
        what.append("redirect to https")
        ports = ports or (80,)
    if not what:
        return
    if any("*" in origin for origin in origins):
        yield GATEWAY_ANSWERS("cors-allow-origin", what=", ".join(what))
        return
    listed = ", ".join(f"'{origin.lower()}'" for origin in origins)
    asked = f"request.headers['origin'] in [{listed}]"
    headers = {"Access-Control-Allow-Origin": f"%CEL({asked} ? request.headers['origin'] : '')%"}
    if place["cors-allow-credentials"]:
        headers["Access-Control-Allow-Credentials"] = f"%CEL({asked} ? 'true' : '')%"
    for port in ports:
        yield Route("headers.response.set", headers | readable, port=port)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
