"""The parts of a shape: what answers depend on of locations, routes and policies, but for names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.gateway_config import GatewayConfig
from nginx2istio.istio.serve.matching import string_fits
from nginx2istio.istio.serve.policies import pattern_fits
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.model import Location, Server, Settings, Upstream
from nginx2istio.verify.dimensions.samples import spellings
from nginx2istio.verify.shapes.names import NameNumbers, Networks

SETTINGS_NOT_READ = frozenset(
    {
        *("proxy-connect-timeout", "proxy-read-timeout", "proxy-send-timeout"),
        *("from-to-www-redirect", "use-regex"),
    }
)
"""Settings that change no answer once servers and locations are built."""
_TIMES = frozenset({"timeout", "retries"})
_LISTS = frozenset({"allowlist-source-range", "denylist-source-range"})
_EXEMPT = ("no-auth-locations", "no-tls-redirect-locations")


def settings_part(
    settings: Settings, names: NameNumbers, others: Set[str] = frozenset()
) -> Sequence[object]:
    """Settings that answers depend on, but ``others``."""
    return [
        (key, repr(setting.value), names.text(setting.origin.namespace))
        for key, setting in sorted(settings.items())
        if key not in SETTINGS_NOT_READ and key not in others
    ]


def location_part(
    config: NginxConfig, server: Server, location: Location, names: NameNumbers
) -> Sequence[object]:
    """A location without its path and its lists of addresses."""
    upstream = config.upstreams.get(location.upstream)
    places = upstream.affinity.places if upstream and upstream.affinity else ()
    return (
        *(location.denied, location.slash_redirect),
        *map(names.text, (location.ingress.namespace, location.ingress.name)),
        settings_part(location.settings, names, _LISTS),
        _upstream(upstream, names) if upstream else location.upstream,
        (server.host, location.declared) in places,
        [config.exempts(key, location.path) for key in _EXEMPT],
    )


def lists_part(config: NginxConfig, location: Location, networks: Networks) -> Sequence[object]:
    """The addresses that nginx lets in at a location."""
    lists = addresses(config, location)
    return (
        *(networks.list(lists.allow), networks.list(lists.deny)),
        *(lists.or_credentials, lists.or_password, lists.unreadable),
        [bool(config.in_force(location, key)) for key in sorted(_LISTS)],
    )


def _upstream(upstream: Upstream, names: NameNumbers) -> Sequence[object]:
    affinity = upstream.affinity
    return (
        *map(names.text, (upstream.namespace, upstream.service)),
        names.port(upstream.port),
        upstream.declared_port == str(upstream.port) or upstream.declared_port,
        *(upstream.known, upstream.external_name, upstream.external_port, upstream.refused),
        *(upstream.port_name, upstream.app_protocol),
        settings_part(upstream.settings, names),
        [_upstream(each, names) for each in upstream.alternatives],
        affinity and (affinity.mode, settings_part(affinity.settings, names)),
    )


def route_part(
    config: GatewayConfig, route: Json, port: int, domain: str, names: NameNumbers, judged: bool
) -> Sequence[object]:
    """A route without its matches, with the policies of its destinations and its patches.

    ``judged``: with what no answer shows, too.
    """
    left_out = {"name", "match"} | (frozenset() if judged else _TIMES)
    fields = {name: value for name, value in route.items() if name not in left_out}
    destinations = route.get("route", ())
    policies = [config.traffic_policy(each["destination"]) for each in destinations]
    if not judged and destinations:
        fields["route"] = list(map(_without_subset, destinations))
        policies = [{k: v for k, v in p.items() if k in ("loadBalancer", "tls")} for p in policies]
    counting = {each.name for each in config.patches.first if each.kind == "limits"}
    patch = config.patches.of(route, port, domain)
    metadata = {name: value for name, value in patch.metadata.items() if name not in counting}
    patches = [patch.per_filter, metadata, patch.route]
    nobody = [config.lacks_subset(each["destination"]) for each in destinations]
    return names.value(fields), list(map(_text, policies)), nobody, names.value(patches)


def _without_subset(route: Json) -> Json:
    destination = {k: v for k, v in route["destination"].items() if k != "subset"}
    return {**route, "destination": destination}


def match_part(match: Json, host: str) -> Sequence[object]:
    """A match that may fit, without its path: which spellings of the host fit is known."""
    rest = {k: v for k, v in match.items() if k not in ("uri", "authority", "port")}
    authority = match.get("authority")
    return authority and [string_fits(authority, each) for each in spellings(host)], _text(rest)


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
