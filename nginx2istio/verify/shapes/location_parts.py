"""The parts of a shape that are nginx's: servers, locations, lists of addresses, but for names."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.facts.error_pages import ErrorPages, error_pages
from nginx2istio.nginx.facts.sizes import BODY_SIZE, max_body_size
from nginx2istio.nginx.model import Location, Server, Settings, Upstream
from nginx2istio.verify.dimensions.nginx_values import body_sizes
from nginx2istio.verify.shapes.names import NameNumbers, Networks
from nginx2istio.verify.shapes.numbered_parts import NumberedParts, ShapePart
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
_OWN_PARTS = _LISTS | {"app-root", BODY_SIZE}
"""Settings that are parts of their own."""
_ADDRESS = re.compile(r"https?://|\$scheme")
_EXEMPT = ("no-auth-locations", "no-tls-redirect-locations")


@dataclass(frozen=True, slots=True)
class _OfSettings:
    """The number of settings, the namespaces that these are of, and the texts that may name more.

    What a text names is the same for all that have it, unless it is one of their own names.
    """

    number: int
    namespaces: Sequence[str]
    texts: Sequence[str]


class LocationParts:
    """The parts of servers and locations.

    ``limits_stay``: whether a limit of bodies is a part, or which of the sizes that are asked for
    are above it.
    """

    def __init__(self, config: NginxConfig, numbered: NumberedParts, limits_stay: bool):
        self.config, self.numbered, self.limits_stay = config, numbered, limits_stay

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
            self._body_limit(server, location),
            [config.exempts(key, location.path) for key in _EXEMPT],
            _makers(error_pages(config, server, location), names)
            if "default-backend" in location.settings
            else None,
        )
        return ShapePart(value, settings.inner)

    def _body_limit(self, server: Server, location: Location) -> object:
        limit = max_body_size(self.config.in_force(location, BODY_SIZE))
        if self.limits_stay or not limit:
            return limit
        return [size > limit for size in body_sizes(self.config, server, location)]

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
