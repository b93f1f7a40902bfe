"""The parts of a shape: what answers depend on of locations, routes and policies, but for names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.gateway_config import GatewayConfig
from nginx2istio.istio.serve.matching import string_fits
from nginx2istio.istio.serve.policies import pattern_fits
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.facts.error_pages import ErrorPages, error_pages
from nginx2istio.nginx.model import Location, Server, Settings, Upstream
from nginx2istio.verify.dimensions.samples import spellings
from nginx2istio.verify.shapes.names import NameNumbers, Networks, without_names
from nginx2istio.verify.shapes.numbered_parts import NumberedParts
from nginx2istio.verify.shapes.settings_read import (
    SETTINGS_BY_NAME,
    SETTINGS_BY_PRESENCE,
    SETTINGS_BY_VALUE,
    SETTINGS_KNOWN_BEFORE_HTTPS,
    SETTINGS_NOT_READ,
    SETTINGS_PAST_HTTPS,
    SETTINGS_TO_HTTPS,
)

_LISTS = frozenset({"allowlist-source-range", "denylist-source-range"})
_OWN_PARTS = _LISTS | {"app-root"}
"""Settings that are parts of their own."""
_TIMES = frozenset({"timeout", "retries"})
_OF_PLACES = frozenset({"uri", "port"})
_NAMING = frozenset({"name", "match"})
_ADDRESS = re.compile(r"https?://|\$scheme")
_EXEMPT = ("no-auth-locations", "no-tls-redirect-locations")


@dataclass(frozen=True, slots=True)
class ShapePart:
    """A part of a shape, and the numbers of the parts in it."""

    value: object
    inner: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _OfSettings:
    """The number of settings, the namespaces that these are of, and the texts that may name more.

    What a text names is the same for all that have it, unless it is one of their own names.
    """

    number: int
    namespaces: Sequence[str]
    texts: Sequence[str]


class LocationParts:
    """The parts of servers and locations."""

    def __init__(self, config: NginxConfig, numbered: NumberedParts):
        self.config, self.numbered = config, numbered

    def settings(self, settings: Settings, names: NameNumbers) -> ShapePart:
        """Settings that answers depend on."""
        return self._with_names(self.numbered.shared(self._all, settings), names)

    def _with_names(self, part: _OfSettings, names: NameNumbers) -> ShapePart:
        value = [names.text(namespace) for namespace in part.namespaces]
        inside = [names.inside(text) for text in part.texts]
        return ShapePart((value, inside) if any(inside) else value, (part.number,))

    def _all(self, settings: Settings) -> _OfSettings:
        return self._constant(settings, SETTINGS_NOT_READ)

    def _of_location(self, settings: Settings) -> _OfSettings:
        return self._constant(settings, self._unread(settings))

    def _behind_https(self, settings: Settings) -> _OfSettings:
        return self._constant(settings, self._unread(settings) | SETTINGS_TO_HTTPS)

    def _before_https(self, settings: Settings) -> _OfSettings:
        rewrite = settings.get("rewrite-target")
        at_once = rewrite is not None and _ADDRESS.match(str(rewrite.value))
        known = SETTINGS_KNOWN_BEFORE_HTTPS - ({"rewrite-target"} if at_once else set())
        return self._constant(settings, self._unread(settings) | SETTINGS_PAST_HTTPS, known)

    def _unread(self, settings: Settings) -> Set[str]:
        default = {
            key
            for key in SETTINGS_BY_VALUE & settings.keys()
            if settings[key].value == self.config.default(key)
        }
        return SETTINGS_NOT_READ | _OWN_PARTS | default

    def _constant(
        self, settings: Settings, others: Set[str], known: Set[str] = frozenset()
    ) -> _OfSettings:
        """The settings but ``others``; of those that are ``known`` no values."""
        known = known | SETTINGS_BY_PRESENCE
        read = {key: each for key, each in sorted(settings.items()) if key not in others}
        namespaces = list(dict.fromkeys(s.origin.namespace for s in read.values()))
        constant: list[object] = [
            (
                key,
                key in known or repr(s.value),
                namespaces.index(s.origin.namespace),
            )
            for key, s in read.items()
        ]
        if "auth-signin" in read.keys() - known:
            constant.append("$escaped_request_uri")  # which nginx adds by itself
        texts = [str(read[key].value) for key in SETTINGS_BY_NAME if key in read.keys() - known]
        return _OfSettings(self.numbered.number(constant), namespaces, texts)

    def location(
        self, server: Server, location: Location, names: NameNumbers, secure: bool
    ) -> ShapePart:
        """A location without its path and its lists of addresses; for ``secure`` requests only."""
        secure = secure and not self.config.controller.on("use-forwarded-headers")
        upstream = self.config.upstreams.get(location.upstream)
        places = upstream.affinity.places if upstream and upstream.affinity else ()
        settings = self.numbered.shared(
            self._behind_https if secure else self._of_location, location.settings
        )
        own = self._own(server, location, settings, names)
        to = self._upstream(upstream, names) if upstream else ShapePart(location.upstream)
        value = own.value, to.value, (server.host, location.declared) in places
        return ShapePart(value, own.inner + to.inner)

    def before_https(self, server: Server, location: Location, names: NameNumbers) -> ShapePart:
        """A location that sends its requests to https, up to there."""
        settings = self.numbered.shared(self._before_https, location.settings)
        return self._own(server, location, settings, names)

    def _own(
        self, server: Server, location: Location, of_settings: _OfSettings, names: NameNumbers
    ) -> ShapePart:
        config, settings = self.config, self._with_names(of_settings, names)
        value = (
            *(location.denied, location.slash_redirect),
            *map(names.text, (location.ingress.namespace, location.ingress.name)),
            settings.value,
            [config.exempts(key, location.path) for key in _EXEMPT],
            _makers(error_pages(config, server, location), names)
            if "default-backend" in location.settings
            else None,
        )
        return ShapePart(value, settings.inner)

    def _upstream(self, upstream: Upstream, names: NameNumbers) -> ShapePart:
        affinity = upstream.affinity
        settings = self.settings(upstream.settings, names)
        others = [self._upstream(each, names) for each in upstream.alternatives]
        sticky = self.settings(affinity.settings, names) if affinity else ShapePart(None)
        value = (
            *map(names.text, (upstream.namespace, upstream.service)),
            names.port(upstream.port),
            upstream.declared_port == str(upstream.port) or upstream.declared_port,
            *(upstream.known, upstream.external_name, upstream.external_port, upstream.refused),
            *(upstream.port_name, upstream.app_protocol, settings.value),
            [each.value for each in others],
            affinity and (affinity.mode, sticky.value),
        )
        inner = [number for each in (settings, *others, sticky) for number in each.inner]
        return ShapePart(value, (*inner,))


def _makers(pages: ErrorPages, names: NameNumbers) -> Sequence[object]:
    """Who makes error pages, and who answers instead of a location's own Service."""
    return [
        each and (names.text(each.namespace), names.text(each.name), names.port(each.port))
        for each in (pages.pages, pages.fallback)
    ]


def lists_part(config: NginxConfig, location: Location, networks: Networks) -> Sequence[object]:
    """The addresses that nginx lets in at a location."""
    lists = addresses(config, location)
    return (
        *(networks.list(lists.allow), networks.list(lists.deny)),
        *(lists.or_credentials, lists.or_password, lists.unreadable),
        [bool(config.in_force(location, key)) for key in sorted(_LISTS)],
    )


class RouteParts:
    """The parts of routes and matches. ``judged``: with what no answer shows, too."""

    def __init__(self, numbered: NumberedParts, judged: bool):
        self.numbered, self.judged = numbered, judged
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

    def match(self, match: Json, host: str) -> int:
        """A match that may fit, without its path: which spellings of the host fit is known."""
        if match.keys() <= _OF_PLACES:
            return self._plain
        rest = {k: v for k, v in match.items() if k not in _OF_PLACES and k != "authority"}
        authority = match.get("authority")
        fits = authority and [string_fits(authority, each) for each in spellings(host)]
        return self.numbered.number((fits, _text(rest)))


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
