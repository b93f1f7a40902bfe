"""The headers that a route adds to requests for a backend and to answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nginx2istio.base.outcome import PER_CONNECTION, SOME_REQUEST_ID, Headers
from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.headers.formatter import Moment, UnknownOperator, filled
from nginx2istio.istio.serve.matching import Arrived


def headers_to_backend(
    arrived: Arrived, route: Json, identity: Headers, kept_id: bool
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
    own_id = before.get("x-request-id", "") if kept_id else ""
    sent.append(("x-request-id", own_id or SOME_REQUEST_ID))
    unknown = False
    edits = route.get("headers", {}).get("request", {})
    removed = {n.lower() for n in edits.get("remove", ())}
    sent = [(n, v) for n, v in sent if n not in removed]
    changed = {*removed, "x-forwarded-for"}  # which has the peer's address by now
    left = {k: v for k, v in before.items() if k not in changed}
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
    return tuple(sorted(sent, key=lambda header: header[0])), unknown


def replace_headers(arrived: Arrived, headers: Mapping[str, str]) -> Arrived:
    """The same request with other headers for operators to ask for."""
    copy = replace(arrived)
    object.__setattr__(copy, "headers", dict(headers))
    return copy


def response_headers(
    moment: Moment, routes: Sequence[Json], fields: list[tuple[str, str]]
) -> tuple[list[tuple[str, str]], bool]:
    """The headers of an answer with those that the routes set, and whether some can't be told."""
    unknown = False
    for level in routes:
        edits = level.get("headers", {}).get("response")
        if not edits:
            continue
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
