"""What a gateway looks at besides the path, and a value for each way it may go."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from nginx2istio.base.outcome import PER_CONNECTION, Request
from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.matching import Arrived, string_fits
from nginx2istio.istio.serve.policies import (
    OF_ADDRESSES,
    PolicyNotRead,
    condition_fits,
    operation_fits,
    source_fits,
)
from nginx2istio.verify.dimensions.samples import (
    OTHER_ORIGIN,
    OTHER_VALUE,
    first_address,
    sample,
    spellings,
)
from nginx2istio.verify.dimensions.values import Values


def values_of_host(values: Values, name: str) -> None:
    """Other spellings of a host where something compares it as it was written."""
    _, with_port, capitals = spellings(name)
    values.offer("host", "with a port", host=with_port)
    values.offer("host", "in capitals", host=capitals)


def values_of_match(values: Values, match: Json) -> None:
    """What a match of a route looks at."""
    for name, condition in (
        *match.get("headers", {}).items(),
        *match.get("withoutHeaders", {}).items(),
    ):
        values.test(partial(_header_fits, name.lower(), condition))
        if name == ":method":
            values.offer_methods(partial(string_fits, condition))
        if name == "content-length":  # which an empty body has, too
            values.offer("body", "0", method="POST", body_bytes=0)
        if name.startswith(":") or name in ("content-length", "x-forwarded-client-cert"):
            continue
        text = _fitting(condition)
        if text:
            values.offer_header(name, text)
        # One that does not fit, or one for a condition that takes all, beside none at all.
        values.offer_header(name, OTHER_VALUE)
    if "method" in match:
        values.offer_methods(partial(string_fits, match["method"]))
        if text := _fitting(match["method"]):
            values.offer("method", text, method=text)
    if "authority" in match:
        values.test(lambda request: string_fits(match["authority"], request.host))


def _header_fits(name: str, condition: Json, request: Request) -> tuple[bool, bool]:
    """Whether a header is sent, and whether it fits a condition."""
    sent = _arrived(request).values(name)
    return bool(sent), any(string_fits(condition, value) for value in sent)


def _arrived(request: Request) -> Arrived:
    return Arrived(request, request.target, 0, request.source)


def values_of_route(values: Values, route: Json) -> None:
    """What a route looks at, and the headers that it sets, adds or removes.

    These headers are sent by the client, too.
    """
    if "corsPolicy" in route:
        _cors(values, route["corsPolicy"].get("allowOrigins", ()))
    edits = route.get("headers", {}).get("request", {})
    texts = [*edits.get("set", {}).items(), *edits.get("add", {}).items()]
    for name in (*(name for name, _ in texts), *edits.get("remove", ())):
        if name.lower() not in _FRAMING and _TOKEN.fullmatch(name):
            values.sent.add(name.lower())
    for level in (route, *route.get("route", ())):
        answers = level.get("headers", {}).get("response", {})
        fields = (*answers.get("set", {}).items(), *answers.get("add", {}).items())
        for field, text in fields:
            if field.lower() == "access-control-allow-origin":
                values.test_origin(text)
            for copied, computed in _READ.findall(text):
                name = (copied or computed).lower()
                add = values.copied_header if copied else values.header
                add(name, OTHER_ORIGIN if name == "origin" else "client")
    for _, text in texts:
        values.read.update((copied or computed).lower() for copied, computed in _READ.findall(text))


def _cors(values: Values, allowed: Iterable[Json]) -> None:
    """What Envoy's CORS filter looks at."""
    values.test(lambda request: request.method == "OPTIONS" and _asks(request))
    values.test(
        lambda request: any(string_fits(each, request.header("origin")) for each in allowed)
    )
    for each in allowed:
        if text := _fitting(each):
            values.offer_header("origin", text)


def _asks(request: Request) -> bool:
    return request.header("access-control-request-method") is not None


_TOKEN = re.compile(r"[!#$%&'*+.^`|~\w-]+", re.ASCII)
"""A name that a client can send."""
_READ = re.compile(r"%REQ\(([A-Za-z0-9-]+)|request\.headers\['([A-Za-z0-9-]+)'\]")
"""A request header of which the value of a header is made: as it is, or by an expression."""
_FRAMING = PER_CONNECTION | {"x-forwarded-client-cert", "authorization", "cookie"}


def _fitting(condition: Json) -> str | None:
    for kind, value in condition.items():
        if kind in ("exact", "prefix"):
            return str(value)
        if kind == "regex":
            return sample(value, whole=True)
    return None


def values_of_policy(values: Values, policy: Json, rules: Iterable[Json]) -> None:
    """What an AuthorizationPolicy with these rules looks at."""
    if policy["spec"].get("action") == "CUSTOM":
        for status in (401, 403):
            values.add("auth", str(status), auth_status=status)
    for rule in rules:
        for source in rule.get("from", ()):
            _part_of_policy(values, source_fits, source["source"])
            for key, blocks in source["source"].items():
                _networks(values, blocks if key in OF_ADDRESSES else ())
        for operation in rule.get("to", ()):
            for key, texts in operation["operation"].items():
                _part_of_policy(values, operation_fits, {key: texts})
            for method in operation["operation"].get("methods", ()):
                if "*" not in method:
                    values.offer("method", method, method=method)
        for condition in rule.get("when", ()):
            _part_of_policy(values, condition_fits, condition)
            key, texts = condition["key"], condition.get("values") or condition.get("notValues", ())
            if key == "remote.ip":
                _networks(values, texts)
            if key.startswith("request.headers["):
                for text in texts:
                    values.offer_header(key[16:-1], text.replace("*", "x"))


def _networks(values: Values, blocks: Iterable[str]) -> None:
    for block in blocks:
        with suppress(ValueError):
            values.offer("source", block, source=first_address(block))


def _part_of_policy(values: Values, fits: Callable[[Json, Arrived], bool], part: Json) -> None:
    """A part of a rule, which the gateway's evaluator may refuse to read."""

    def test(request: Request) -> object:
        try:
            return fits(part, _arrived(request))
        except PolicyNotRead as error:
            return str(error)

    values.test(test)
