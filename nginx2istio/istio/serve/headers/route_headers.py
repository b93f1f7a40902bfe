"""The headers that a route adds to requests for a backend and to answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from nginx2istio.base.outcome import PER_CONNECTION, Headers
from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.headers.formatter import Moment, UnknownOperator, filled
from nginx2istio.istio.serve.matching import Arrived


@dataclass(frozen=True, slots=True)
class HeaderEdits:
    """Headers that one level removes, then those that it sets or adds (name, value, ``sets``)."""

    removed: frozenset[str]
    values: tuple[tuple[str, str, bool], ...]


def header_edits(
    route: Json, side: Literal["request", "response"], destination: Json | None = None
) -> Sequence[HeaderEdits]:
    """What a route and the destination that was chosen do to headers, in Envoy's order.

    pilot makes one level of a route and its only destination (``processDestination``). Of several
    destinations each is a level before the route's (``processWeightedDestination``).
    """
    levels = [_edits(route, side)]
    if destination is not None and destination.get("headers"):
        own = _edits(destination, side)
        if len(route.get("route", ())) > 1:
            levels.insert(0, own)
        else:
            [whole] = levels
            levels = [HeaderEdits(whole.removed | own.removed, (*whole.values, *own.values))]
    return levels


def _edits(level: Json, side: str) -> HeaderEdits:
    edits = level.get("headers", {}).get(side) or {}
    values = [(n.lower(), text, True) for n, text in edits.get("set", {}).items()]
    values += [(n.lower(), text, False) for n, text in edits.get("add", {}).items()]
    return HeaderEdits(frozenset(n.lower() for n in edits.get("remove", ())), tuple(values))


def headers_to_backend(
    arrived: Arrived, levels: Sequence[HeaderEdits], identity: Headers
) -> tuple[Headers, bool]:
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
    sent.append(("x-request-id", before["x-request-id"]))
    unknown = False
    gone = {"x-forwarded-for"}  # which has the peer's address by now
    for level in levels:
        gone |= level.removed
        sent = [(n, v) for n, v in sent if n not in level.removed]
        left = {k: v for k, v in before.items() if k not in gone}
        moment = Moment(
            replace_headers(arrived, dict(sent) | left), original_path=arrived.request.target
        )
        values: list[tuple[str, str, bool]] = []
        for name, text, overwrites in level.values:
            try:
                values.append((name, filled(text, moment), overwrites))
            except UnknownOperator:
                unknown = True
        for name, value, overwrites in values:
            if not value or name in ("host", ":authority"):
                continue
            gone.add(name)  # what it was before
            if overwrites:
                sent = [(n, v) for n, v in sent if n != name]
            sent.append((name, value))
    return tuple(sorted(sent, key=lambda header: header[0])), unknown


def replace_headers(arrived: Arrived, headers: Mapping[str, str]) -> Arrived:
    """The same request with other headers for operators to ask for."""
    copy = replace(arrived)
    object.__setattr__(copy, "headers", dict(headers))
    return copy


def response_headers(
    moment: Moment, levels: Sequence[HeaderEdits], fields: list[tuple[str, str]]
) -> tuple[list[tuple[str, str]], bool]:
    """The headers of an answer with those that the levels set, and whether some can't be told."""
    unknown = False
    for level in levels:
        fields = [(n, v) for n, v in fields if n not in level.removed]
        for name, text, overwrites in level.values:
            try:
                value = filled(text, moment)
            except UnknownOperator:
                unknown = True
                continue
            if not value:
                continue
            if overwrites:
                fields = [(n, v) for n, v in fields if n != name]
            fields.append((name, value))
    return fields, unknown
