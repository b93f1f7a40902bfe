"""The router: redirects, direct responses, and the request that a backend gets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from nginx2istio.base.outcome import (
    PER_CONNECTION,
    SOME_COOKIE_VALUE,
    SOME_REQUEST_ID,
    Aspect,
    Headers,
    Outcome,
    TraceStep,
    World,
)
from nginx2istio.istio.serve.formatter import Moment, UnknownOperator, filled
from nginx2istio.istio.serve.gateway_config import GatewayConfig, Json
from nginx2istio.istio.serve.matching import Arrived, RefusedByEnvoy, matcher, string_fits

_SERVICE = re.compile(r"([^.]+)\.([^.]+)\.svc\..*")


def routed(world: World, arrived: Arrived, route: Json, identity: Headers) -> Outcome:
    """What a route does with a request. ``identity`` are headers of the authorization's answer."""
    name = str(route.get("name", ""))
    if "redirect" in route:
        outcome = _redirect(arrived, route["redirect"], name)
    elif "directResponse" in route:
        status = int(route["directResponse"]["status"])
        aspect = _ASPECT.get(status, "status")
        outcome = Outcome(status=status, aspect=aspect, trace=(_step(f"answers {status}", name),))
    else:
        outcome = _forwarded(world, arrived, route, identity)
    return outcome


_ASPECT: Mapping[int, Aspect] = {
    204: "cors",
    403: "access",
    404: "routing",
    413: "body-limit",
    503: "routing",
}


def _step(text: str, by: str) -> TraceStep:
    return TraceStep("route", text, by)


def _redirect(arrived: Arrived, redirect: Json, name: str) -> Outcome:
    """``RedirectEntry``: scheme, authority and path may be replaced; the query stays."""
    scheme = redirect.get("scheme", arrived.request.scheme)
    authority = redirect.get("authority", arrived.authority)
    if "authority" not in redirect and "scheme" in redirect:
        authority = re.sub(r":(80|443)$", "", authority)
    if redirect.get("port"):
        authority = re.sub(r":\d+$", "", authority) + f":{redirect['port']}"
    path, question, query = arrived.target.partition("?")
    if "uri" in redirect:
        path = redirect["uri"]
        if "?" in path:
            question = query = ""
    to = f"{scheme}://{authority}{path}{question}{query}"
    code = int(redirect.get("redirectCode", 301))
    return Outcome(
        status=code, aspect="redirect", location=to, trace=(_step(f"{code} to {to}", name),)
    )


def _forwarded(world: World, arrived: Arrived, route: Json, identity: Headers) -> Outcome:
    name = str(route.get("name", ""))
    shares: dict[str, Fraction] = {}
    destinations = route.get("route", ())
    total = sum(d.get("weight", 0) for d in destinations) or 1
    for destination in destinations:
        share = (
            Fraction(destination.get("weight", 0), total) if len(destinations) > 1 else Fraction(1)
        )
        if share:
            backend = destination_name(destination["destination"])
            shares[backend] = shares.get(backend, Fraction(0)) + share
    states = {world.backends.get(backend, "ready") for backend in shares}
    if states and "ready" not in states:
        text = f"no pod of {next(iter(shares))} is ready"
        aspect: Aspect = "routing" if "none" in states else "protocol"
        return Outcome(status=503, aspect=aspect, trace=(_step(text, name),))
    headers, unknown = headers_to_backend(arrived, route, identity)
    rewrite = route.get("rewrite", {})
    host = rewrite.get("authority") or _host_of(route, arrived) or arrived.authority
    return Outcome(
        backends=shares,
        method=arrived.request.method,
        target=rewritten_target(arrived, route),
        host=host,
        request_headers=headers,
        unknown=frozenset({"request-headers"}) if unknown else frozenset(),
        trace=(_step(f"to {', '.join(shares)}", name),),
    )


def _host_of(route: Json, arrived: Arrived) -> str:
    """The Host that the route sets as a header, "" for none."""
    for key, value in route.get("headers", {}).get("request", {}).get("set", {}).items():
        if key.lower() in ("host", ":host", ":authority"):
            return filled(value, Moment(arrived))
    return ""


def destination_name(destination: Json) -> str:
    """A destination as ``namespace/name:port``, or ``host:port`` outside of the cluster."""
    service = _SERVICE.fullmatch(destination["host"])
    port = destination.get("port", {}).get("number", 0)
    return f"{service[2]}/{service[1]}:{port}" if service else f"{destination['host']}:{port}"


def rewritten_target(arrived: Arrived, route: Json) -> str:
    """The target after the route's rewrite; the query stays. Raises RefusedByEnvoy."""
    rewrite = route.get("rewrite", {})
    path, question, query = arrived.target.partition("?")
    if "uriRegexRewrite" in rewrite:
        pattern = matcher(rewrite["uriRegexRewrite"]["match"])
        try:
            path = pattern.sub(rewrite["uriRegexRewrite"]["rewrite"], path)
        except IndexError:
            raise RefusedByEnvoy(f"no such group: {rewrite['uriRegexRewrite']}") from None
    elif "uri" in rewrite:
        prefix = next(
            (
                m["uri"]["prefix"]
                for m in route.get("match", ())
                if "prefix" in m.get("uri", {}) and path.startswith(m["uri"]["prefix"])
            ),
            path,
        )
        path = rewrite["uri"] + path[len(prefix) :]
    return f"{path}{question}{query}"


def headers_to_backend(arrived: Arrived, route: Json, identity: Headers) -> tuple[Headers, bool]:
    """The headers of the request to a backend, sorted, and whether some can't be told.

    Headers are removed first; values are those of the request before anything is set
    (``HeaderParser::evaluateHeaders``). A value that comes out empty sets nothing.
    """
    sent = [
        (n.lower(), v.strip())
        for n, v in arrived.request.headers
        if n.lower() not in PER_CONNECTION
    ]
    cookies = [v for n, v in sent if n == "cookie"]
    if len(cookies) > 1:
        sent = [(n, v) for n, v in sent if n != "cookie"] + [("cookie", "; ".join(cookies))]
    replaced = {n.lower() for n, _ in identity}
    sent = [(n, v) for n, v in sent if n not in replaced]
    sent += [(n.lower(), v) for n, v in identity if v]
    before = dict(arrived.headers)
    forwarded = [v for n, v in sent if n == "x-forwarded-for"]
    sent = [
        (n, v) for n, v in sent if n not in ("x-forwarded-for", "x-forwarded-proto", "x-request-id")
    ]
    sent.append(("x-forwarded-for", ",".join([*forwarded, arrived.request.source])))
    sent.append(("x-forwarded-proto", before["x-forwarded-proto"]))
    sent = [(n, v) for n, v in sent if n != "x-forwarded-client-cert"]
    if arrived.certificate:
        sent.append(("x-forwarded-client-cert", arrived.certificate))
    if "upgrade" in before:
        sent += [("upgrade", before["upgrade"]), ("connection", before.get("connection", ""))]
    sent.append(("x-request-id", SOME_REQUEST_ID))
    unknown = False
    edits = route.get("headers", {}).get("request", {})
    removed = {n.lower() for n in edits.get("remove", ())}
    sent = [(n, v) for n, v in sent if n not in removed]
    left = {k: v for k, v in before.items() if k not in removed}
    state = replace_headers(arrived, dict(sent) | left)
    moment = Moment(state, original_path=arrived.request.target)
    values: list[tuple[str, str, bool]] = []
    for kind in ("set", "add"):
        for name, text in edits.get(kind, {}).items():
            try:
                values.append((name.lower(), filled(text, moment), kind == "set"))
            except UnknownOperator:
                unknown = True
    for name, value, overwrites in values:
        if not value or name in ("host", ":authority"):
            continue
        if overwrites:
            sent = [(n, v) for n, v in sent if n != name]
        sent.append((name, value))
    return tuple(sorted(sent)), unknown


def replace_headers(arrived: Arrived, headers: Mapping[str, str]) -> Arrived:
    """The same request with other headers for operators to ask for."""
    copy = replace(arrived)
    object.__setattr__(copy, "headers", dict(headers))
    return copy


def response_headers(
    arrived: Arrived, routes: tuple[Json, ...], fields: list[tuple[str, str]], status: int
) -> tuple[list[tuple[str, str]], bool]:
    """The headers of an answer with those that the routes set, and whether some can't be told."""
    unknown = False
    moment = Moment(arrived, status)
    for level in routes:
        edits = level.get("headers", {}).get("response", {})
        removed = {n.lower() for n in edits.get("remove", ())}
        fields = [(n, v) for n, v in fields if n not in removed]
        for kind in ("set", "add"):
            for name, text in edits.get(kind, {}).items():
                try:
                    value = filled(text, moment)
                except UnknownOperator:
                    unknown = True
                    continue
                if not value:
                    continue
                lower = name.lower()
                if kind == "set":
                    fields = [(n, v) for n, v in fields if n != lower]
                fields.append((lower, value))
    return fields, unknown


def hash_cookie(config: GatewayConfig, arrived: Arrived, route: Json) -> str:
    """The cookie that a hash policy makes for a session that begins, "" for none."""
    for destination in route.get("route", ()):
        target = destination["destination"]
        rule = config.destination_rules.get(target["host"], {})
        policy = dict(rule.get("trafficPolicy", {}))
        for subset in rule.get("subsets", ()):
            if subset["name"] == target.get("subset"):
                policy |= subset.get("trafficPolicy", {})
        cookie = policy.get("loadBalancer", {}).get("consistentHash", {}).get("httpCookie")
        if not cookie or "ttl" not in cookie:
            continue
        if f"{cookie['name']}=" in arrived.headers.get("cookie", ""):
            continue
        parts = [f"{cookie['name']}={SOME_COOKIE_VALUE}"]
        seconds = int(str(cookie["ttl"]).rstrip("s") or 0)
        if seconds:
            parts.append(f"Max-Age={seconds}")
        if cookie.get("path"):
            parts.append(f"Path={cookie['path']}")
        for attribute in cookie.get("attributes", ()):
            value = attribute.get("value")
            parts.append(f"{attribute['name']}={value}" if value else attribute["name"])
        return "; ".join([*parts, "HttpOnly"])
    return ""


def cors_origin(policy: Json, arrived: Arrived) -> str:
    """The request's origin if the policy allows it, else ""."""
    origin = arrived.headers.get("origin", "")
    allowed = any(string_fits(o, origin) for o in policy.get("allowOrigins", ()))
    return origin if origin and allowed else ""
