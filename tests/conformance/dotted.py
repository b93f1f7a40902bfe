"""Gives one-label hosts a domain.

Istio refuses ``foo`` as a host, nginx does not care, and a good part of the recorded cases uses
such hosts. They are replayed as ``foo.short.test``; a converter that meets one must say so.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

from .objects import PREFIX, Object, documents, text_of
from .records import Case, Exchange

DOMAIN = ".short.test"


def with_dots(case: Case) -> Case:
    """The case with ``foo`` as ``foo.short.test`` wherever it is a host.

    The case itself when it has no such host; it is never changed.
    """
    objects = documents(case["objects"])
    short = {
        rule.get("host")
        for obj in objects
        if obj.get("kind") == "Ingress"
        for rule in (obj.get("spec") or {}).get("rules") or []
    }
    short = {host for host in short if host and "." not in host}
    if not short:
        return case
    host, text = _renames(short)
    for obj in objects:
        if obj.get("kind") == "Ingress":
            _rename_ingress(obj, host, text)
    case = copy.deepcopy(case)
    case["objects"] = text_of(objects)
    for secret in case.get("secrets") or []:
        secret["hosts"] = [host(name) for name in secret.get("hosts") or []]
    for exchange in case["exchanges"]:
        _rename_exchange(exchange, host, text)
    return case


def _renames(short: set[str]) -> tuple[Callable[[str], str], Callable[[str], str]]:
    """One function for a host, one for a text that holds URLs."""
    names = "|".join(map(re.escape, sorted(short, key=len, reverse=True)))
    authority = re.compile(rf"(//|%2F%2F)({names})(?=[/:?%\s]|$)", re.IGNORECASE)

    def host(value: str) -> str:
        return value + DOMAIN if value in short else value

    def text(value: str) -> str:
        return authority.sub(rf"\1\2{DOMAIN}", value)

    return host, text


def _rename_ingress(
    ingress: Object, host: Callable[[str], str], text: Callable[[str], str]
) -> None:
    spec, metadata = ingress["spec"], ingress["metadata"]
    for rule in spec.get("rules") or []:
        if rule.get("host"):
            rule["host"] = host(rule["host"])
    for tls in spec.get("tls") or []:
        tls["hosts"] = [host(name) for name in tls.get("hosts") or []]
    notes = metadata["annotations"] = {
        name: text(value) if isinstance(value, str) and "//" in value else value
        for name, value in (metadata.get("annotations") or {}).items()
    }
    alias = PREFIX + "server-alias"
    if alias in notes:
        notes[alias] = ",".join(host(name.strip()) for name in notes[alias].split(","))


def _rename_exchange(
    exchange: Exchange, host: Callable[[str], str], text: Callable[[str], str]
) -> None:
    request, response = exchange["request"], exchange["response"]
    up: dict[str, Any] = exchange.get("upstream") or {}
    request["host"] = host(request["host"])
    if request.get("sni"):
        request["sni"] = host(request["sni"])
    lists = [request["headers"], response["headers"], up.get("headers") or []]
    for fields in lists + [sub["headers"] for sub in exchange.get("subrequests") or []]:
        for field in fields:
            names_host = field[0].lower().endswith("host")
            field[1] = host(field[1]) if names_host else text(field[1])
    if response.get("cert"):
        response["cert"] = [host(name) for name in response["cert"]]
    if up:
        up["host"] = host(up["host"])
