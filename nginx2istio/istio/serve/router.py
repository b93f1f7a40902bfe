"""The router: redirects, direct responses, and the request that a backend gets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from nginx2istio.base.outcome import ASPECTS, Aspect, BackendState, Outcome, TraceStep
from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.headers.formatter import Moment, filled
from nginx2istio.istio.serve.headers.route_headers import header_edits, headers_to_backend
from nginx2istio.istio.serve.matching import Arrived, RefusedByEnvoy, matcher
from nginx2istio.istio.serve.stream import Stream, destinations

_SERVICE = re.compile(r"([^.]+)\.([^.]+)\.svc\.cluster\.local")


def routed(stream: Stream) -> Outcome:
    """What the router does with a request."""
    arrived, route = stream.arrived, stream.route
    if route is None:
        step = TraceStep("route", "no route")
        outcome = Outcome(status=404, aspect="routing", trace=(step,))
    elif "redirect" in route:
        outcome = _redirect(arrived, route["redirect"], _name(route))
    elif "directResponse" in route:
        status = int(route["directResponse"]["status"])
        aspect = _ASPECT.get(status, "status")
        step = _step(f"answers {status}", _name(route))
        outcome = Outcome(status=status, aspect=aspect, trace=(step,))
    elif route.get("route"):
        outcome = _forwarded(stream, route)
    else:
        raise RefusedByEnvoy(f"{_name(route)}: a route that does nothing")
    return replace(outcome, trace=(*stream.steps, *outcome.trace))


def _name(route: Json) -> str:
    return str(route.get("name", ""))


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


def _forwarded(stream: Stream, route: Json) -> Outcome:
    arrived, identity = stream.arrived, stream.identity
    name = _name(route)
    shares: dict[str, Fraction] = {}
    chosen = destinations(route)
    total = sum(d.get("weight", 0) for d in chosen) or 1
    for destination in chosen:
        share = Fraction(destination["weight"], total) if len(chosen) > 1 else Fraction(1)
        backend = destination_name(destination["destination"])
        shares[backend] = shares.get(backend, Fraction(0)) + share
    states = {_state(stream, each["destination"]) for each in chosen}
    if states and "ready" not in states:
        return _failed(stream, next(iter(shares)), "none" in states, name)
    sent = [
        headers_to_backend(arrived, header_edits(route, "request", each), identity)
        for each in chosen or (None,)
    ]
    headers, untold = sent[0]
    unknown: set[Aspect] = set()
    if untold or any(other != sent[0] for other in sent):
        unknown.add("request-headers")
    if len(states) > 1:  # chance decides whether anybody answers
        unknown.update(ASPECTS)
    rewrite = route.get("rewrite", {})
    asked = stream.patch.route.get("host_rewrite_header", "")
    host = (
        (dict(headers).get(asked.lower(), "") if asked else "")
        or rewrite.get("authority")
        or _host_of(route, arrived)
        or arrived.authority
    )
    return Outcome(
        backends=shares,
        method=arrived.request.method,
        target=rewritten_target(arrived, route),
        host=host,
        request_headers=headers,
        unknown=frozenset(unknown),
        trace=(_step(f"to {', '.join(shares)}", name),),
    )


def _state(stream: Stream, destination: Json) -> BackendState:
    """The state of a backend; "dead" if it speaks no TLS and a policy asks for it.

    Of a subset that no DestinationRule has there is no cluster, and so nobody.
    """
    world, backend = stream.world, destination_name(destination)
    state = world.backends.get(backend, "ready")
    if state != "ready":
        return state
    if stream.config.lacks_subset(destination):
        return "none"
    tls = stream.config.traffic_policy(destination).get("tls", {})
    asks = tls.get("mode", "DISABLE") in ("SIMPLE", "MUTUAL")
    trusts = bool(tls.get("insecureSkipVerify"))
    failing = (
        backend in world.plain
        or (backend in world.untrusted and not trusts)
        or tls.get("credentialName") in world.missing_secrets
    )
    return "dead" if asks and failing else state


def _failed(stream: Stream, backend: str, nobody: bool, name: str) -> Outcome:
    """The answer where no pod is ready, or where connections to the pods fail."""
    mapped = "local_reply_config" in stream.config.patches.manager and not nobody
    text = f"no pod of {backend} is ready"
    aspect: Aspect = "routing" if nobody else "protocol"
    return Outcome(502 if mapped else 503, aspect, trace=(_step(text, name),))


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


def answered(stream: Stream, outcome: Outcome) -> Outcome:
    """The router's answer with its headers, before the filters see it."""
    request = stream.arrived.request
    if outcome.status is None and not _refused_upgrade(stream.arrived):
        fields = tuple(
            (n.lower(), v) for n, v in request.backend_headers if n.lower() not in _NOT_PASSED
        )
        moment = Moment(stream.arrived, request.backend_status)
        return stream.with_headers(replace(outcome, response_headers=fields), moment, True)
    location = outcome.location if outcome.status is not None else ""
    fields = (("location", location),) if location else ()
    answer = replace(outcome, response_headers=fields)
    return stream.with_headers(answer, Moment(stream.arrived))


def _refused_upgrade(arrived: Arrived) -> bool:
    """Whether a backend does not switch protocols: Envoy passes on nothing but the status."""
    asks = "upgrade" in arrived.headers.get("connection", "").lower()
    protocol = arrived.headers.get("upgrade", "").lower()
    return asks and protocol not in ("", "h2c") and arrived.request.backend_status != 101


_NOT_PASSED = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date"})
