"""The parts of a shape that are the gateway's: routes and policies, but for names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.gateway_config import GatewayConfig
from nginx2istio.istio.serve.matching import RefusedByEnvoy, string_fits
from nginx2istio.istio.serve.policies import pattern_fits
from nginx2istio.verify.dimensions.samples import spellings
from nginx2istio.verify.shapes.names import NameNumbers, Networks, without_names
from nginx2istio.verify.shapes.numbered_parts import NumberedParts, ShapePart

_TIMES = frozenset({"timeout", "retries"})
_OF_PLACES = frozenset({"uri", "port"})
_NAMING = frozenset({"name", "match"})


class RouteParts:
    """The parts of routes and matches.

    ``judged``: with what no answer shows, too. ``limits_stay``: see `LocationParts`.
    """

    def __init__(self, numbered: NumberedParts, judged: bool, limits_stay: bool):
        self.numbered, self.judged, self.limits_stay = numbered, judged, limits_stay
        self._plain = numbered.number((None, []))

    def route(
        self, config: GatewayConfig, route: Json, port: int, domain: str, names: NameNumbers
    ) -> ShapePart:
        """A route without its matches, with the policies of its destinations and its patches."""
        left_out = _NAMING if self.judged else _NAMING | _TIMES
        fields: list[tuple[str, object]] = []
        inner = []
        for name, value in sorted(route.items()):
            if name in left_out:
                continue
            if name == "route" and not self.judged:
                value = list(map(_without_subset, value))
            number = (
                self.numbered.shared(self._constant, value) if isinstance(value, dict) else None
            )
            if number is None:
                fields.append((name, names.value(value, name)))
            else:
                fields.append((name, ...))  # which is no value of an object
                inner.append(number)
        policies = [config.traffic_policy(each["destination"]) for each in route.get("route", ())]
        if not self.judged:
            policies = [
                {k: v for k, v in policy.items() if k in ("loadBalancer", "tls")}
                for policy in policies
            ]
        patches = _patches(config, route, port, domain)
        nobody = [config.lacks_subset(each["destination"]) for each in route.get("route", ())]
        parts = fields, list(map(_text, policies)), nobody, [names.value(each) for each in patches]
        return ShapePart(parts, (*inner,))

    def _constant(self, value: Json) -> int | None:
        """The number of a field that has no names in it; None for others."""
        return self.numbered.number(_text(value)) if without_names(value, "") else None

    def match(self, match: Json, host: str, sizes: Sequence[int]) -> int:
        """A match that may fit, without its path: which spellings of the host fit is known.

        So are the lengths of bodies, of which ``sizes`` are asked for.
        """
        if match.keys() <= _OF_PLACES:
            return self._plain
        rest = {k: v for k, v in match.items() if k not in _OF_PLACES and k != "authority"}
        authority = match.get("authority")
        fits = authority and [string_fits(authority, each) for each in spellings(host)]
        if not self.limits_stay:
            rest |= {key: _lengths(rest[key], sizes) for key in _OF_HEADERS & rest.keys()}
        return self.numbered.number((fits, _text(rest)))


_OF_HEADERS = frozenset({"headers", "withoutHeaders"})


def _lengths(headers: Json, sizes: Sequence[int]) -> Json:
    """Conditions of headers: of a Content-Length, which of those that are sent fit."""
    result: dict[str, object] = dict(headers)
    for name, condition in headers.items():
        if name.lower() == "content-length":
            with suppress(RefusedByEnvoy):
                result[name] = [string_fits(condition, str(size)) for size in (0, *sizes)]
    return result


def _patches(config: GatewayConfig, route: Json, port: int, domain: str) -> Sequence[object]:
    """What patches add to a route, but what only says which requests are counted together."""
    if not (config.patches.of_route or config.patches.of_host):
        return ()
    counting = {each.name for each in config.patches.first if each.kind == "limits"}
    patch = config.patches.of(route, port, domain)
    metadata = {name: value for name, value in patch.metadata.items() if name not in counting}
    return patch.per_filter, metadata, patch.route


def _without_subset(route: Json) -> Json:
    destination = {k: v for k, v in route["destination"].items() if k != "subset"}
    return {**route, "destination": destination}


def policy_part(
    policy: Json, rules: Sequence[Json], host: str, networks: Networks
) -> Sequence[object]:
    """A policy with the rules that may fit: which spellings of the host fit is known."""
    spec = policy["spec"]
    return spec.get("action"), spec.get("provider"), [_rule(r, host, networks) for r in rules]


def _rule(rule: Json, host: str, networks: Networks) -> Sequence[object]:
    operations = [_operation(each["operation"], host) for each in rule.get("to", ())]
    sources = [
        [(key, networks.list(blocks)) for key, blocks in sorted(each["source"].items())]
        for each in rule.get("from", ())
    ]
    return "to" in rule, operations, "from" in rule, sources, _text(rule.get("when"))


def _operation(operation: Json, host: str) -> Sequence[object]:
    """The fields in their order: behind one that does not fit, none is read."""
    asked = [spelling.lower() for spelling in spellings(host)]
    return [
        (key, [any(pattern_fits(v.lower(), each) for v in values) for each in asked])
        if key in ("hosts", "notHosts")
        else (key, values)
        for key, values in operation.items()
    ]


def _text(value: Any) -> object:
    """A part of an object, the fields of a mapping in one order."""
    if isinstance(value, Mapping):
        return [(key, _text(inner)) for key, inner in sorted(value.items())]
    return [_text(inner) for inner in value] if isinstance(value, list | tuple) else value
