"""Envoy's CORS filter: it answers preflights, and names the origin in other answers."""

from __future__ import annotations

from dataclasses import replace

from nginx2istio.base.outcome import Outcome, TraceStep
from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.matching import Arrived, string_fits
from nginx2istio.istio.serve.stream import HttpFilter, Stream

_ORIGIN = "cors origin"


class Cors(HttpFilter):
    """The corsPolicy of routes."""

    def request(self, stream: Stream) -> Outcome | None:
        """The answer to a preflight of an allowed origin."""
        if stream.route is None or "corsPolicy" not in stream.route:
            return None
        policy, arrived = stream.route["corsPolicy"], stream.arrived
        origin = _allowed_origin(policy, arrived)
        stream.notes[_ORIGIN] = origin
        asks = "access-control-request-method" in arrived.headers
        if arrived.request.method != "OPTIONS" or not asks:
            return None
        if not origin:
            ignored = policy.get("unmatchedPreflights") == "IGNORE"
            if not ignored or not arrived.headers.get("origin"):
                return None
            step = TraceStep("cors", "a preflight of another origin", _name(stream.route))
            return Outcome(200, "cors", trace=(*stream.steps, step))
        step = TraceStep("cors", "a preflight", _name(stream.route))
        stream.notes[_ORIGIN] = ""
        headers = tuple(_preflight(policy, origin))
        return Outcome(200, "cors", trace=(*stream.steps, step), response_headers=headers)

    def response(self, stream: Stream, outcome: Outcome) -> Outcome:
        """The headers that let a page of the origin read the answer."""
        origin = stream.notes.get(_ORIGIN)
        if not origin or stream.route is None:
            return outcome
        policy = stream.route.get("corsPolicy", {})
        fields = [("access-control-allow-origin", origin)]
        if policy.get("allowCredentials"):
            fields.append(("access-control-allow-credentials", "true"))
        if policy.get("exposeHeaders"):
            fields.append(("access-control-expose-headers", ",".join(policy["exposeHeaders"])))
        replaced = {name for name, _ in fields}
        others = [(n, v) for n, v in outcome.response_headers if n not in replaced]
        return replace(outcome, response_headers=(*others, *fields))


def _preflight(policy: Json, origin: str) -> list[tuple[str, str]]:
    fields = [("access-control-allow-origin", origin)]
    if policy.get("allowCredentials"):
        fields.append(("access-control-allow-credentials", "true"))
    for key, name in (("allowMethods", "methods"), ("allowHeaders", "headers")):
        if policy.get(key):
            fields.append((f"access-control-allow-{name}", ",".join(policy[key])))
    if policy.get("maxAge"):
        fields.append(("access-control-max-age", str(policy["maxAge"]).rstrip("s")))
    return fields


def _allowed_origin(policy: Json, arrived: Arrived) -> str:
    """The request's origin if the policy allows it, else ""."""
    origin = arrived.headers.get("origin", "")
    allowed = any(string_fits(o, origin) for o in policy.get("allowOrigins", ()))
    return origin if origin and allowed else ""


def _name(route: Json) -> str:
    return str(route.get("name", ""))
