"""The parts of upstream-hash-by: nginx's variables as keys of Istio's consistent hash."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nginx2istio.bridge.place import Place

JOINED = "x-upstream-hash-by"
PART = re.compile(r"\$\{([0-9a-zA-Z_]+)\}|\$([0-9a-zA-Z_]+)|\$|[^$\\]+")
"""Variables and text, as ``parse_complex_value`` in util.lua takes them apart."""


@dataclass(frozen=True, slots=True)
class HashKey:
    """What a hash key comes to in Istio.

    ``policy`` is a ConsistentHashLB. ``header`` is the value of the request header ``JOINED`` that
    it needs, "" for a single variable. ``present`` is a match for the requests that have the
    variable, empty when all have it. ``unknown`` are variables that Istio can't hash by.
    """

    names: tuple[str, ...]
    policy: Mapping[str, Any]
    header: str
    present: Mapping[str, Any]
    unknown: tuple[str, ...]


def hash_key(place: Place, text: str) -> HashKey:
    """The key of an upstream-hash-by: one variable by itself, several joined in a header."""
    parts = [part for part in PART.finditer(text) if part[0] != "$"]
    names = tuple(part[1] or part[2] for part in parts if part[1] or part[2])
    if len(set(names)) == 1:
        policy = _policy(place, names[0])
        return HashKey(names, policy, "", _present(names[0]), () if policy else names)
    unknown = tuple(name for name in names if not _operator(place, name))
    values = (
        _operator(place, part[1] or part[2]) if part[1] or part[2] else part[0].replace("%", "%%")
        for part in parts
    )
    return HashKey(names, {"httpHeaderName": JOINED}, "".join(values), {}, unknown)


def _present(name: str) -> dict[str, Any]:
    """A match for requests with the variable, empty for one that every request has."""
    kind, _, rest = name.partition("_")
    if kind == "arg":
        return {"queryParams": {rest: {"regex": ".*"}}}
    if kind == "http" and rest != "host":
        return {"headers": {rest.lower().replace("_", "-"): {"regex": ".*"}}}
    if kind == "cookie":
        return {"headers": {"cookie": {"regex": f"(.*[;,] *)?(?i:{re.escape(rest)}) *=.*"}}}
    return {}


def _policy(place: Place, name: str) -> dict[str, Any]:
    """Istio's ConsistentHashLB for one variable of nginx's, empty when there is none."""
    kind, _, rest = name.partition("_")
    if name in ("remote_addr", "binary_remote_addr"):
        return {"useSourceIp": True}
    if kind == "http" and rest != "host":
        return {"httpHeaderName": rest.lower().replace("_", "-")}
    if kind == "cookie":
        return {"httpCookie": {"name": rest}}
    if kind == "arg":
        return {"httpQueryParameterName": rest}
    if name in ("request_uri", "uri", "document_uri"):
        target = place.location.settings.get("rewrite-target")
        rewritten = target is not None and target.value != place.location.path
        # Envoy hashes the request as it goes on to the pod; this header keeps the path that came.
        return {"httpHeaderName": "x-envoy-original-path" if rewritten else ":path"}
    if name in ("host", "http_host", "server_name"):
        vhost = "upstream-vhost" in place.location.settings
        return {"httpHeaderName": "x-forwarded-host" if vhost else ":authority"}
    return {"httpHeaderName": ":method"} if name == "request_method" else {}


def _operator(place: Place, name: str) -> str:
    """Envoy's operator for a variable of nginx's, "" when there is none."""
    kind, _, rest = name.partition("_")
    if name in ("remote_addr", "binary_remote_addr"):
        return "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
    if name in ("request_uri", "uri", "document_uri"):
        return "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"
    if name in ("host", "http_host"):
        return "%REQ(:AUTHORITY)%"
    if kind == "http":
        return f"%REQ({rest.lower().replace('_', '-')})%"
    operators = {"request_method": "%REQ(:METHOD)%", "scheme": "%REQ(:SCHEME)%"}
    return operators.get(name, place.server.host if name == "server_name" else "")
