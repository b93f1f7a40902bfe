"""An HTTPRoute: its answer, its headers, its matches (validateHTTPRoute), and Envoy's limits."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from nginx2istio.istio.check import values
from nginx2istio.istio.check.fault import Reasons
from nginx2istio.istio.check.schema import Schema, below, misfits, spec_schema

REDIRECT_CODES = frozenset({0, 301, 302, 303, 307, 308})
"""Those that Envoy can say; of another, pilot makes a route without an action."""
LARGEST_BODY = 2**20
"""Bytes of a direct response: validateHTTPDirectResponse, max_direct_response_body_size_bytes."""
MOST_HEADERS = 1_000
"""How many headers a route may add: Route, ClusterWeight."""
LARGEST_WEIGHT = 2**31 - 1
RETRY_ON = frozenset(
    {
        *("5xx", "gateway-error", "reset", "reset-before-request"),
        *("connect-failure", "retriable-4xx", "refused-stream", "retriable-status-codes"),
        *("retriable-headers", "envoy-ratelimited", "http3-post-connect-failure", "cancelled"),
        *("deadline-exceeded", "internal", "resource-exhausted", "unavailable"),
        *(str(status.value) for status in HTTPStatus),
    }
)
ISTIO_METHODS = frozenset(
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*"]
)
WITH_A_SERVICE = ("route", "fault", "rewrite")


class HttpRoutes:
    """The checks of routes, each different part once."""

    def __init__(self) -> None:
        self._matches: dict[bytes, list[str]] = {}
        self._destinations: dict[bytes, list[str]] = {}
        self._answers: dict[bytes, list[str]] = {}
        self._alike: dict[tuple[object, ...], list[str]] = {}
        """By the identity of their parts: routes of one body share them, and all are alive."""

    def reasons(self, route: Mapping[str, Any]) -> list[str]:
        """What is wrong with a route."""
        reasons: list[str] = []
        if "match" in route:
            for match in route["match"]:
                # Most matches are a path and nothing else, which both take as it is.
                if not _plain_path(match):
                    reasons += _once(_match, match, self._matches)
        asks = bool(route.get("route"))
        if asks:
            for destination in route["route"]:
                # Most lead to a port of a Service, in these types and no others.
                match destination:
                    case {"destination": {"host": str(host), "port": {"number": int(number)}}} if (
                        len(destination) == 1 and len(destination["destination"]) == 2
                    ):
                        reasons += filter(None, (values.domain(host), values.port(number)))
                    case _:
                        reasons += _once(_destination, destination, self._destinations)
            if len(route["route"]) > 1:
                reasons += _weights(route["route"])
        if not isinstance(route.get("name", ""), str):
            reasons.append("the name of a route is no string")
        alike = (asks, *[(k, id(v)) for k, v in route.items() if k not in PARTS])
        answered = self._alike.get(alike)
        if answered is None:
            answer = {k: v for k, v in route.items() if k not in PARTS}
            if asks:
                answer["route"] = True
            answered = self._alike[alike] = _once(_answer, answer, self._answers)
        return reasons + answered if reasons else answered


PARTS = frozenset({"match", "route", "name"})
"""What of a route is different at each place."""


def _once(check: Callable[[Any], Reasons], part: Any, known: dict[bytes, list[str]]) -> list[str]:
    try:
        key = marshal.dumps(part, 2)
    except ValueError:  # it holds a value that is not plain data
        return [*filter(None, check(part))]
    if key not in known:
        known[key] = [*filter(None, check(part))]
    return known[key]


def _plain_path(match: Mapping[str, Any]) -> bool:
    """Whether a match is a path, perhaps on one of the gateway's ports, and nothing else."""
    if len(match) > 1 and (len(match) > 2 or match.get("port") not in (80, 443)):
        return False
    uri = match.get("uri")
    return type(uri) is dict and len(uri) == 1 and type(uri.get("exact", uri.get("prefix"))) is str


def _schema(*path: str) -> Schema:
    return below(spec_schema("VirtualService"), "http", *path)


def _match(match: Mapping[str, Any]) -> Reasons:
    wrong = list(misfits(_schema("match"), match, "match"))
    if wrong:
        yield from wrong
        return
    yield from _pattern(match.get("uri", {}), "uri", empty=True)
    for field in ("scheme", "method", "authority"):
        yield from _pattern(match.get(field, {}), field)
    for field in ("headers", "withoutHeaders"):
        for name, pattern in match.get(field, {}).items():
            yield values.matched_header(name)
            if field == "headers" or pattern.get("regex") != "*":
                yield from _pattern(pattern, f"header {name}")
    for name, pattern in match.get("queryParams", {}).items():
        if not name or values.octets(name) > values.LONGEST_KEY:
            yield f"{values.shown(name)} is no name of a query parameter"
        yield from _pattern(pattern, f"query parameter {name}")
    if match.get("port"):
        yield values.port(match["port"])


def _pattern(pattern: Mapping[str, str], what: str, empty: bool = False) -> Reasons:
    if "regex" in pattern:
        yield values.regex(pattern["regex"])
    for how in ("exact", "prefix"):
        if pattern.get(how) == "" and not empty:
            yield f"an empty {how} match of the {what}"


def _destination(destination: Mapping[str, Any]) -> Reasons:
    wrong = list(misfits(_schema("route"), destination, "route"))
    if wrong:
        yield from wrong
        return
    yield from target(destination["destination"])
    yield from _headers(destination.get("headers", {}))
    if destination.get("weight", 0) < 0:
        yield "a negative weight"


def target(destination: Mapping[str, Any]) -> Reasons:
    """What is wrong with a Destination (validateDestination)."""
    yield values.domain(destination["host"])
    if "subset" in destination:
        yield values.label(destination["subset"])
    if "port" in destination:
        yield values.port(destination["port"].get("number", 0))


def _weights(route: Iterable[Mapping[str, Any]]) -> Reasons:
    weights = [destination.get("weight", 0) for destination in route]
    if all(type(weight) is int for weight in weights) and not 0 < sum(weights) <= LARGEST_WEIGHT:
        yield f"{sum(weights)} is the sum of all weights"


def _answer(answer: dict[str, Any]) -> Reasons:
    """All but matches and destinations; ``route`` stands for some destinations."""
    asks = "route" in answer
    wrong = list(misfits(_schema(), {k: v for k, v in answer.items() if k != "route"}))
    if wrong:
        yield from wrong
        return
    answers = [field for field in ("redirect", "directResponse") if answer.get(field)]
    if len(answers) + asks != 1:
        yield "a route with no answer, or with several"
    for field in WITH_A_SERVICE[1:] if answers else ():
        if answer.get(field):
            yield f"a {answers[0]} with {field}"
    headers = answer.get("headers", {})
    yield from _headers(headers)
    yield from _one_authority(answer.get("rewrite", {}), headers)
    yield from _redirect(answer.get("redirect"))
    yield from _direct_response(answer.get("directResponse"))
    yield from _rewrite(answer.get("rewrite"))
    yield from _retries(answer.get("retries"))
    yield from _cors(answer.get("corsPolicy", {}))
    for mirror in answer.get("mirrors", ()):
        yield from target(mirror["destination"])
        if not 0 <= mirror.get("percentage", {}).get("value", 100) <= 100:
            yield "a mirror's percentage that is none"


def _headers(headers: Mapping[str, Any]) -> Reasons:
    for side, operations in headers.items():
        named = values.authority_or_header_name if side == "request" else values.header_name
        count = 0
        for how in ("set", "add"):
            count += len(operations.get(how, ()))
            for name, value in operations.get(how, {}).items():
                yield named(name)
                yield values.header_value(value)
        if count > MOST_HEADERS:
            yield f"{count} headers to add, Envoy takes {MOST_HEADERS}"
        for name in operations.get("remove", ()):
            yield values.header_name(name)


def _one_authority(rewrite: Mapping[str, Any], headers: Mapping[str, Any]) -> Reasons:
    """Istio takes one new Host for each route (validateAuthorityRewrite)."""
    request = headers.get("request", {})
    hosts = [
        name
        for how in ("set", "add")
        for name in request.get(how, ())
        if name.lower() in ("host", ":authority")
    ]
    if len(hosts) + bool(rewrite.get("authority")) > 1:
        yield "two new Host headers"


def _redirect(redirect: Mapping[str, Any] | None) -> Reasons:
    if not redirect:
        return
    if redirect.get("redirectCode", 0) not in REDIRECT_CODES:
        yield f"the redirect code {redirect['redirectCode']}"
    if redirect.get("scheme", "http") not in ("", "http", "https"):
        yield f"{values.shown(redirect['scheme'])} is no scheme of a redirect"
    if redirect.get("uri") and redirect.get("prefixRewrite"):
        yield "a redirect with two paths"
    if not redirect.keys() & {"uri", "prefixRewrite", "authority", "port", "derivePort", "scheme"}:
        yield "a redirect without an address"
    if redirect.get("port"):
        yield values.port(redirect["port"])
    for field in ("uri", "authority"):
        yield _one_line(redirect.get(field, ""), f"a redirect's {field}")


def _direct_response(response: Mapping[str, Any] | None) -> Reasons:
    if not response:
        return
    if not 200 <= response["status"] < 600:
        yield f"the status {response['status']}"
    body = response.get("body", {})
    size = max((values.octets(text) for text in body.values()), default=0)
    if size > LARGEST_BODY:
        yield f"an answer of {size} bytes, Istio takes {LARGEST_BODY}"


def _rewrite(rewrite: Mapping[str, Any] | None) -> Reasons:
    if rewrite is None:
        return
    regex = rewrite.get("uriRegexRewrite")
    if not (rewrite.get("uri") or rewrite.get("authority") or regex):
        yield "an empty rewrite"
    for field in ("uri", "authority"):
        yield _one_line(rewrite.get(field, ""), f"a rewrite's {field}")
    if regex:
        if rewrite.get("uri") or not regex.get("match") or not regex.get("rewrite"):
            yield "half a rewrite by a regular expression"
            return
        yield values.regex(regex["match"])
        yield _one_line(regex["rewrite"], "a rewrite's target")


def _one_line(text: str, what: str) -> str:
    return f"a line break in {what}" if any(c in text for c in "\0\r\n") else ""


def _retries(retries: Mapping[str, Any] | None) -> Reasons:
    if not retries:
        return
    attempts = retries.get("attempts", 0)
    if attempts < 0 or (not attempts and retries.keys() - {"attempts"}):
        yield f"{attempts} retries, with their conditions"
    for condition in retries["retryOn"].split(",") if retries.get("retryOn") else ():
        if condition not in RETRY_ON:
            yield f"{values.shown(condition)} is no condition of retries"


def _cors(cors: Mapping[str, Any]) -> Reasons:
    for origin in cors.get("allowOrigins", ()):
        yield from _pattern(origin, "origin")
        if not any(origin.values()):
            yield "an empty origin"
    for method in cors.get("allowMethods", ()):
        if method not in ISTIO_METHODS:
            yield f"the method {values.shown(method)} in corsPolicy"
    for field in ("allowHeaders", "exposeHeaders"):
        for name in cors.get(field, ()):
            if name != "*":
                yield values.matched_header(name)
    if "maxAge" in cors and (values.seconds(cors["maxAge"]) or 0) % 1:
        yield f"{values.shown(cors['maxAge'])} is no maxAge, which has whole seconds"
