"""The headers of answers: what nginx's lines about them come to on a route of Istio."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nginx2istio.bridge.place import Place
from nginx2istio.bridge.variables import UnknownVariable, by_port, envoy_value
from nginx2istio.istio.envoy.status_headers import StatusHeader, by_status
from nginx2istio.istio.re2 import Untranslatable
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.directives import subject
from nginx2istio.nginx.facts.headers import (
    SENT_WITH,
    HeaderLine,
    Unclear,
    answer_headers,
    expires_seconds,
    header_lines,
    snippets,
)
from nginx2istio.nginx.facts.snippet import Directive, parse_snippet

STS = "Strict-Transport-Security"


@dataclass(frozen=True, slots=True)
class Settled:
    """What remains of the lines, nginx's later ones having won.

    ``removed`` are names; ``written`` are lines with how ("set" or "add") and under which name, a
    map of Istio's having a key once; ``too_many`` are lines that a route has no place for.
    """

    removed: tuple[str, ...]
    written: tuple[tuple[str, str, HeaderLine], ...]
    too_many: tuple[HeaderLine, ...]


def settle(lines: Iterable[HeaderLine]) -> Settled:
    """Set, add, clear and hide of answers in nginx's order, as one operation a header."""
    last: dict[tuple[str, str], HeaderLine] = {}
    """The last line of each header and each list of statuses."""
    keys: dict[str, list[tuple[str, str]]] = {}
    """The keys of ``last``, by header."""
    added: list[HeaderLine] = []
    removed: dict[str, str] = {}
    for line in lines:
        name = line.name.lower()
        if line.kind == "add":
            added.append(line)
        elif line.kind == "hide":
            removed.setdefault(name, line.name)
        elif line.codes:  # holds besides what is set for all statuses
            key = name, str(line.codes)
            if key not in last:
                last[key] = line
                keys.setdefault(name, []).append(key)
        else:
            for key in keys.get(name, ()):
                del last[key]
            last[name, ""] = line
            keys[name] = [(name, "")]
    removed |= {x.name.lower(): x.name for x in last.values() if x.kind == "clear" and not x.codes}
    written = [("set", x.name, x) for x in last.values() if x.kind == "set"]
    too_many, counts = [], dict[str, int]()
    for line in added:
        spellings = list(dict.fromkeys((line.name, line.name.lower(), line.name.upper())))
        count = counts.get(line.name.lower(), 0)
        counts[line.name.lower()] = count + 1
        if count < len(spellings):  # Envoy doesn't tell cases apart
            written.append(("add", spellings[count], line))
        else:
            too_many.append(line)
    names = tuple(name for _, name in sorted(removed.items()))
    return Settled(names, tuple(written), tuple(too_many))


def transport_security(config: NginxConfig, lines: Iterable[HeaderLine]) -> str:
    """Strict-Transport-Security over https as the controller's Lua composes it, "" for none.

    What a snippet or a list of headers says of it comes later and wins.
    """
    own = config.controller.config
    sts_lines = [x for x in lines if x.name.lower() == STS.lower()]
    if not own["hsts"] or any(x.kind != "add" and not x.codes for x in sts_lines):
        return ""
    text = f"max-age={own['hsts-max-age']}"
    if own["hsts-include-subdomains"]:
        text += "; includeSubDomains"
    return text + ("; preload" if own["hsts-preload"] else "")


def by_host(
    place: Place, fields: Mapping[str, Any], port: int = 0, block: Iterable[HeaderLine] = ()
) -> Iterator[tuple[int, dict[str, Any]]]:
    """An answer that nginx gives at the level of the host: (port, 0 for all; fields of a route).

    It carries the headers of the host, those of ``block`` (a location block in a snippet of the
    host), and its own; nothing that is said at the Ingress's location, which is where the
    controller adds Strict-Transport-Security, too. Raises UnknownVariable.
    """
    lines = answer_headers(place.config, place.server, place.location, block=tuple(block))
    yield from with_lines(place, fields, lines, port)


def with_lines(
    place: Place, fields: Mapping[str, Any], lines: Iterable[HeaderLine], port: int = 0
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Fields of a route with what lines say of its answer's headers: (port, 0 for all; fields).

    Raises UnknownVariable.
    """
    operations = settle(lines)
    per_port = any(by_port(line.value) for _, _, line in operations.written)
    for at in place.ports if per_port and not port else (port,):
        response = _headers(place, operations, at, fields)
        request = fields.get("headers", {}).get("request", {})
        headers = {"request": request, "response": response}
        yield at, {**fields, "headers": {k: v for k, v in headers.items() if v}}


def _headers(
    place: Place, operations: Settled, port: int, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """The field ``headers.response`` of an answer on a port: the lines go before its own."""
    own = fields.get("headers", {}).get("response", {}).get("set", {})
    response: dict[str, Any] = {"remove": list(operations.removed)} if operations.removed else {}
    if own:
        response["set"] = dict(own)
    answer = {**fields.get("redirect", {}), **fields.get("directResponse", {})}
    status = answer.get("status") or answer.get("redirectCode")
    for how, name, line in operations.written:
        if line.name.lower() == "server":
            continue
        value = envoy_value(place, line.value, port, response=True)
        if status and line.codes and status not in line.codes:
            continue
        if line.codes and not status:
            if "$" in line.value:
                raise UnknownVariable(line.value)
            value = by_status(line.codes, line.value)
        response.setdefault(how, {})[name] = value
    return response


def condition_headers(place: Place, directives: Sequence[Directive]) -> dict[str, Any]:
    """What a condition of a location adds to the headers of answers, as fields of a route.

    Raises Untranslatable.
    """
    values: dict[str, dict[str, str]] = {"set": {}, "add": {}}
    for directive in directives:
        if subject(directive.name) in ("logging", "nothing"):
            continue
        try:
            for how, name, value in _condition_lines(place, directive):
                before = values["set"].get(name) if how == "add" else None
                if isinstance(before, StatusHeader) and isinstance(value, StatusHeader):
                    how, value = "set", by_status(before.codes, f"{before.text}, {value.text}")
                values[how][name] = value
        except (Unclear, UnknownVariable):
            raise Untranslatable(f"it holds {directive.text}") from None
    outside = answer_headers(place.config, place.server, place.location)
    if "Cache-Control" in values["set"] and _expires_outside(place):
        raise Untranslatable("expires is outside of the condition, too")
    if values["add"] and any(line.kind == "add" for line in outside):
        raise Untranslatable("add_header in a condition takes those outside of it away")
    names = {name.lower() for named in values.values() for name in named}
    if any(line.name.lower() in names for line in outside):
        raise Untranslatable("the header is set outside of the condition, too")
    response = {how: named for how, named in values.items() if named}
    return {"headers": {"response": response}} if response else {}


def _condition_lines(place: Place, directive: Directive) -> Iterator[tuple[str, str, str]]:
    """How ("set" or "add"), name and value of each header. Raises Unclear and UnknownVariable."""
    if directive.name == "expires":
        seconds = expires_seconds(directive.args[0]) if len(directive.args) == 1 else None
        if seconds is None:
            raise Unclear(directive.text)
        yield "set", "Cache-Control", cache_control(seconds)
        return
    for kind, name, text, codes in header_lines(directive):
        if kind not in ("set", "add") or (codes and "$" in text):
            raise Unclear(directive.text)
        value = envoy_value(place, text, response=True)
        yield kind, name, by_status(codes, text) if codes else value


def _expires_outside(place: Place) -> bool:
    """Whether a location or its host has an ``expires`` of its own."""
    return any(
        directive.name == "expires"
        for level in ("http", "server", "location")
        for _, setting in snippets(place.config, place.server, place.location, level)
        for directive in parse_snippet(setting.text).directives
    )


def cache_control(seconds: int) -> StatusHeader:
    """The Cache-Control of ``expires``, which nginx sends with the answers of add_header."""
    return by_status(SENT_WITH, "no-cache" if seconds < 0 else f"max-age={seconds}")
