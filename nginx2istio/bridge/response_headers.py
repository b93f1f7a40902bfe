"""The headers of answers: what nginx's lines about them come to on a route of Istio."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nginx2istio.bridge.place import Place
from nginx2istio.bridge.variables import by_port, envoy_value
from nginx2istio.istio.envoy.status_headers import by_status
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.headers import HeaderLine, answer_headers

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
        yield at, {**fields, "headers": {"response": response}} if response else dict(fields)


def _headers(
    place: Place, operations: Settled, port: int, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """The field ``headers.response`` of an answer on a port: the lines go before its own."""
    own = fields.get("headers", {}).get("response", {}).get("set", {})
    response: dict[str, Any] = {"remove": list(operations.removed)} if operations.removed else {}
    if own:
        response["set"] = dict(own)
    for how, name, line in operations.written:
        if line.name.lower() == "server":
            continue
        value = envoy_value(place, line.value, port, response=True)
        if line.codes:
            value = by_status(line.codes, line.value)
        response.setdefault(how, {})[name] = value
    return response
