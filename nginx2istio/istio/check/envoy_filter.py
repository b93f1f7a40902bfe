"""EnvoyFilters: what Envoy would refuse of a patch, and what a patch assumes of the routes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nginx2istio.istio.check import values
from nginx2istio.istio.check.fault import Fault, ObjectKey, Reasons
from nginx2istio.istio.check.schema import misfits, spec_schema
from nginx2istio.istio.envoy.filters import ACTIONS, MOST_HEADERS_KIB
from nginx2istio.istio.envoy.rate_limit import STATUSES
from nginx2istio.istio.objects import Object, identity

UINT32 = 2**32
WIDE = frozenset({"limit_kbps"})
"""Fields of 64 bits."""
SHORTEST_FILL = 0.05
"""Seconds in which a bucket of the local rate limit is filled again, at least."""
POSITIVE = frozenset({"max_tokens", "tokens_per_fill", "limit_kbps", "max_request_bytes"})
OUR_FILTERS = "nginx2istio"
"""How the names of our filters begin, those of a trial, too."""
ONE_LINE = frozenset({"host_rewrite_literal", "host_rewrite_header", "remove", "prefix_rewrite"})


def patch_faults(at: ObjectKey, spec: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with the patches one by one."""
    selector = {"workloadSelector": spec.get("workloadSelector", {})}
    for reason in misfits(spec_schema("EnvoyFilter"), selector):
        yield Fault(at, reason)
    for number, patch in enumerate(spec["configPatches"]):
        reasons = [*misfits(spec_schema("EnvoyFilter")["fields"]["configPatches"]["items"], patch)]
        for reason in reasons or _patch(patch):
            if reason:
                yield Fault(at, reason, (), patched_route(patch), number)


def patched_route(patch: Mapping[str, Any]) -> str:
    """The name of the routes that a patch changes, "" for none."""
    vhost = patch.get("match", {}).get("routeConfiguration", {}).get("vhost", {})
    return str(vhost.get("route", {}).get("name", ""))


def added_filter(patch: Mapping[str, Any]) -> str:
    """The name of the HTTP filter that a patch adds, "" for none."""
    if patch["applyTo"] != "HTTP_FILTER" or not patch["patch"]["operation"].startswith("INSERT"):
        return ""
    return str(patch["patch"]["value"].get("name", ""))


def _patch(patch: Mapping[str, Any]) -> Reasons:
    value = patch["patch"].get("value", {})
    yield from _inside(value)
    route = patch.get("match", {}).get("routeConfiguration", {}).get("vhost", {}).get("route", {})
    if patch["applyTo"] == "HTTP_ROUTE":
        if not route.get("name"):
            yield "a patch of every route"
        for field in ACTIONS.keys() & value.keys():
            if route.get("action") != ACTIONS[field]:
                yield f"it merges {field} into routes that have another action"
    if patch["applyTo"] == "HTTP_FILTER" and not value.get("name"):
        yield "a filter without a name"


def _inside(value: Any) -> Reasons:
    """Values that Envoy refuses, wherever they stand."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, str):
                yield _text(name, inner)
            elif isinstance(inner, int) and not isinstance(inner, bool):
                yield _number(name, inner)
            elif name == "header" and isinstance(inner, Mapping) and "value" in inner:
                yield values.authority_or_header_name(inner["key"])
                yield values.header_value(inner["value"], webhook=False)
            elif name == "status" and isinstance(inner, Mapping):
                if inner.get("code", 0) not in STATUSES:
                    yield f"the status {inner.get('code')}"
            else:
                yield from _inside(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            if isinstance(inner, int) and not isinstance(inner, bool):
                yield _number("", inner)
            else:
                yield from _inside(inner)


def _text(name: str, text: str) -> str:
    if name == "regex":
        return values.regex(text)
    if name == "fill_interval" and (values.seconds(text) or 0) < SHORTEST_FILL:
        return f"{values.shown(text)} is no interval of a bucket"
    if name in ONE_LINE and any(c in text for c in "\0\r\n"):
        return f"a line break in {name}"
    if name in ONE_LINE and values.octets(text) > values.LONGEST_HEADER:
        return f"{name} of {values.octets(text)} bytes, Envoy takes {values.LONGEST_HEADER}"
    return ""


def _number(name: str, number: int) -> str:
    least = 1 if name in POSITIVE else 0
    most = 2 * UINT32 * UINT32 if name in WIDE else UINT32
    if name == "max_request_headers_kb":
        least, most = 1, MOST_HEADERS_KIB + 1
    if name == "status_code":
        least, most = 200, 600
    return "" if least <= number < most else f"{name} is {number}"


def shared_faults(objects: Iterable[Object]) -> Iterator[Fault]:
    """What is wrong with patches beside each other.

    A configuration of a route or a virtual host for a filter of ours meets this filter, once.
    """
    patches = [
        (identity(obj), number, patch)
        for obj in objects
        for number, patch in enumerate(obj["spec"]["configPatches"])
    ]
    filters = Counter(added_filter(patch) for _, _, patch in patches)
    for at, number, patch in patches:
        for name in patch["patch"].get("value", {}).get("typed_per_filter_config", ()):
            if name.startswith(OUR_FILTERS) and filters[name] != 1:
                reason = f"{filters[name]} filters with the name {name}"
                yield Fault(at, reason, (), patched_route(patch), number)
