"""Whether an edit wrote fields of an Istio object: it sets them to the values that they have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from nginx2istio.istio.assemble.effective_edits import Spec
from nginx2istio.istio.assemble.virtual_host import Service
from nginx2istio.istio.edits import HostRoute, PerRequest, Route, RouteBefore
from nginx2istio.istio.fields import frozen

Leaf = tuple[str, Any]
"""A field, with dots between its levels, and its value, or one of its list, as ``frozen``."""
_DESTINATIONS = ("route", "mirrors")


def leaves(value: Any, at: str = "") -> Iterator[Leaf]:
    """All fields of a value; each of a list's values stands for itself."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, f"{at}.{name}" if at else str(name))
    elif isinstance(value, list | tuple):
        for each in value:
            yield at, frozen(each)
    else:
        yield at, value


def route_leaves(route: Mapping[str, Any]) -> set[Leaf]:
    """The fields of an HTTPRoute but its name and matches; of a destination the Service only."""
    plain = {k: v for k, v in route.items() if k not in ("name", "match", *_DESTINATIONS)}
    result = set(leaves(plain))
    for name in _DESTINATIONS:
        for each in route.get(name, ()):
            result.add((f"{name}.destination", each["destination"]["host"]))
            rest = {k: v for k, v in each.items() if k != "destination"}
            result |= set(leaves(rest, name))
    return result


def match_leaves(match: Mapping[str, Any]) -> frozenset[Leaf]:
    """What a match asks for beside the path and the port."""
    return frozenset(leaves({k: v for k, v in match.items() if k not in ("uri", "port")}, "match"))


class EditedRoutes:
    """The fields that edits of routes write; ``services`` as ``convert.hosts.services``."""

    def __init__(self, services: Mapping[str, Service]):
        self.services = services

    def written(
        self, edit: object, route: Mapping[str, Any], fields: Set[Leaf], port: int
    ) -> Iterable[str]:
        """The fields of a route that an edit wrote, in order. ``fields`` are the route's leaves."""
        if isinstance(edit, Route) and edit.port in (0, port):
            written: Set[Leaf] = self._leaves({edit.field: edit.value}) & fields
        elif isinstance(edit, RouteBefore | HostRoute | PerRequest) and edit.port in (0, port):
            written = self._of_variant(edit, route, fields)
        else:
            return ()
        return sorted({name for name, _ in written})

    def _of_variant(
        self,
        edit: RouteBefore | HostRoute | PerRequest,
        route: Mapping[str, Any],
        fields: Set[Leaf],
    ) -> Set[Leaf]:
        """Those of an edit that makes routes of its own, empty where this is none of them."""
        own = self._leaves({k: v for k, v in edit.fields.items() if v is not None})
        asked = match_leaves(edit.match)
        matches = [match_leaves(match) for match in route.get("match", ({},))]
        if not any(asked <= match for match in matches):
            return frozenset()
        # What becomes of headers depends on the status, too.
        certain = {leaf for leaf in own if not leaf[0].startswith("headers.")}
        if not certain <= fields or not (certain or asked or own & fields):
            return frozenset()
        return (own & fields) | asked

    def _leaves(self, written: Mapping[str, Any]) -> set[Leaf]:
        result = set()
        for field, value in written.items():
            if field in _DESTINATIONS:
                for spec in value:
                    rest = {k: v for k, v in spec.items() if k not in _OF_TARGET}
                    result |= {*self._target(field, spec), *leaves(rest, field)}
            else:
                result |= set(leaves(value, field))
        return result

    def _target(self, field: str, spec: Spec) -> Iterator[Leaf]:
        host = self._host(spec)
        if host:
            yield f"{field}.destination", host

    def _host(self, spec: Spec) -> str:
        return self.services[spec["upstream"]].host if "upstream" in spec else spec.get("host", "")

    def policies(self, edit: object, host: str) -> Iterator[Mapping[str, Any]]:
        """The trafficPolicies that an edit has for its own destinations of a host."""
        fields: Mapping[str, Any] = {}
        if isinstance(edit, Route):
            fields = {edit.field: edit.value}
        elif isinstance(edit, RouteBefore | HostRoute | PerRequest):
            fields = edit.fields
        specs = (spec for name in _DESTINATIONS for spec in fields.get(name) or ())
        yield from (s["policy"] for s in specs if s.get("policy") and self._host(s) == host)


_OF_TARGET = ("upstream", "host", "port", "policy", "destination")
